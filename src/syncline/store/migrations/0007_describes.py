"""What the org shows, in plain SQL: migrations/bulk_0004.sql."""

from pathlib import Path

from django.db import migrations

_FORWARD = Path(__file__).with_name("bulk_0004.sql").read_text(encoding="utf-8")
_REVERSE = Path(__file__).with_name("bulk_0004_drop.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("store", "0006_mapping_options")]
    operations = [migrations.RunSQL(_FORWARD, _REVERSE)]
