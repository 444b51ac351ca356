"""Keeps the reading role of the embedded server away from sealed secrets; other servers have no such role."""

from django.db import migrations

_FORWARD = """
DO $$ BEGIN
    IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'syncline_reader') THEN
        REVOKE ALL ON connections FROM syncline_reader;
    END IF;
END $$
"""


class Migration(migrations.Migration):
    dependencies = [("store", "0002_bulk")]
    operations = [migrations.RunSQL(_FORWARD, migrations.RunSQL.noop)]
