"""The older half of the job queue's tables, which are Procrastinate's own.

They are made in two migrations, since PostgreSQL before 17 refuses a new value of an enumeration in the transaction
that adds it.
"""

from pathlib import Path

from django.db import migrations

from syncline.store.queue_tables import read_steps

_REVERSE = Path(__file__).with_name("queue_drop.sql").read_text(encoding="utf-8")


class Migration(migrations.Migration):
    dependencies = [("store", "0008_objects")]
    operations = [
        # Taken away at once, by what goes first on the way back.
        migrations.RunSQL(migrations.RunSQL.noop, _REVERSE),
        *(
            migrations.RunSQL(step, migrations.RunSQL.noop)
            for step in read_steps(first="00.00.00_01", last="02.06.00_01")
        ),
    ]
