"""An index of ambiguous records, in plain SQL: migrations/bulk_0012.sql."""

from pathlib import Path

from django.db import migrations

_FORWARD = Path(__file__).with_name("bulk_0012.sql").read_text(encoding="utf-8")
_REVERSE = Path(__file__).with_name("bulk_0012_drop.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("store", "0014_mailable")]
    operations = [migrations.RunSQL(_FORWARD, _REVERSE)]
