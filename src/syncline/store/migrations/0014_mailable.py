"""Whoever may be mailed has a usable address, in plain SQL: migrations/bulk_0011.sql."""

from pathlib import Path

from django.db import migrations

_FORWARD = Path(__file__).with_name("bulk_0011.sql").read_text(encoding="utf-8")
_REVERSE = Path(__file__).with_name("bulk_0011_drop.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("store", "0013_dismissed")]
    operations = [migrations.RunSQL(_FORWARD, _REVERSE)]
