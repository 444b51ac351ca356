"""Plans that can be applied later, and brakes, in plain SQL: migrations/bulk_0009.sql."""

from pathlib import Path

from django.db import migrations

_FORWARD = Path(__file__).with_name("bulk_0009.sql").read_text(encoding="utf-8")
_REVERSE = Path(__file__).with_name("bulk_0009_drop.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("store", "0011_sending")]
    operations = [migrations.RunSQL(_FORWARD, _REVERSE)]
