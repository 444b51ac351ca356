"""Rows under way by Bulk and refused rows, in plain SQL: migrations/bulk_0008.sql."""

from pathlib import Path

from django.db import migrations

_FORWARD = Path(__file__).with_name("bulk_0008.sql").read_text(encoding="utf-8")
_REVERSE = Path(__file__).with_name("bulk_0008_drop.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("store", "0010_sweeps")]
    operations = [migrations.RunSQL(_FORWARD, _REVERSE)]
