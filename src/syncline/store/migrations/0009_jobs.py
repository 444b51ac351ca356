"""The job queue, whose tables are Procrastinate's own, and the schedules: migrations/bulk_0006.sql."""

from pathlib import Path

from django.db import migrations, models

from syncline.store.queue_tables import read_steps

_FORWARD = Path(__file__).with_name("bulk_0006.sql").read_text(encoding="utf-8")
_REVERSE = Path(__file__).with_name("bulk_0006_drop.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("store", "0008_queue")]
    operations = [
        *(
            migrations.RunSQL(step, migrations.RunSQL.noop)
            for step in read_steps(first="02.08.00_01", last="03.04.00_50")
        ),
        migrations.RunSQL(_FORWARD, _REVERSE),
        migrations.AddField("Run", "cancel_requested", models.BooleanField(db_default=False)),
        migrations.AddField("Run", "job_id", models.BigIntegerField(null=True)),
    ]
