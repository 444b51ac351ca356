"""Objects that are mirrored on demand, in plain SQL: migrations/bulk_0005.sql."""

from pathlib import Path

from django.db import migrations

_FORWARD = Path(__file__).with_name("bulk_0005.sql").read_text(encoding="utf-8")
_REVERSE = Path(__file__).with_name("bulk_0005_drop.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("store", "0007_describes")]
    operations = [migrations.RunSQL(_FORWARD, _REVERSE)]
