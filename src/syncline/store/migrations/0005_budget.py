"""API calls, in plain SQL: migrations/bulk_0003.sql."""

from pathlib import Path

from django.db import migrations

_FORWARD = Path(__file__).with_name("bulk_0003.sql").read_text(encoding="utf-8")
_REVERSE = Path(__file__).with_name("bulk_0003_drop.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("store", "0004_consent")]
    operations = [migrations.RunSQL(_FORWARD, _REVERSE)]
