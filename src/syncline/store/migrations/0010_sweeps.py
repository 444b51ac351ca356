"""Sweeps of fields without a stamp, in plain SQL: migrations/bulk_0007.sql."""

from pathlib import Path

from django.db import migrations

_FORWARD = Path(__file__).with_name("bulk_0007.sql").read_text(encoding="utf-8")
_REVERSE = Path(__file__).with_name("bulk_0007_drop.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("store", "0009_jobs")]
    operations = [migrations.RunSQL(_FORWARD, _REVERSE)]
