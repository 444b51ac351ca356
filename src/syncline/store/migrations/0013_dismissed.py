"""Records whose contact was deleted here, in plain SQL: migrations/bulk_0010.sql."""

from pathlib import Path

from django.db import migrations

_FORWARD = Path(__file__).with_name("bulk_0010.sql").read_text(encoding="utf-8")
_REVERSE = Path(__file__).with_name("bulk_0010_drop.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("store", "0012_plans")]
    operations = [migrations.RunSQL(_FORWARD, _REVERSE)]
