"""The options of a mapping: of its fields, of the objects, of matching and creating."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("store", "0005_budget"),
    ]

    operations = [
        migrations.AddField(
            model_name="mappedfield",
            name="field_group",
            field=models.TextField(null=True),
        ),
        migrations.AddField(
            model_name="mappedfield",
            name="length_policy",
            field=models.CharField(db_default="refuse", max_length=20),
        ),
        migrations.AddField(
            model_name="mappedfield",
            name="merge_policy",
            field=models.CharField(db_default="max", max_length=10),
        ),
        migrations.AddField(
            model_name="mappedfield",
            name="push_guard",
            field=models.CharField(db_default="always", max_length=10),
        ),
        migrations.AddField(
            model_name="mappedfield",
            name="step",
            field=models.DecimalField(db_default=0, decimal_places=6, max_digits=20),
        ),
        migrations.AddField(
            model_name="mappedfield",
            name="stricter_order",
            field=models.CharField(db_default="higher", max_length=10),
        ),
        migrations.AddField(
            model_name="mappedfield",
            name="value_map",
            field=models.JSONField(db_default=[], default=list),
        ),
        migrations.AddField(
            model_name="mapping",
            name="ambiguous_policy",
            field=models.CharField(db_default="oldest", max_length=10),
        ),
        migrations.AddField(
            model_name="mapping",
            name="assignment_rules",
            field=models.BooleanField(db_default=True),
        ),
        migrations.AddField(
            model_name="mapping",
            name="duplicate_policy",
            field=models.CharField(db_default="link", max_length=10),
        ),
        migrations.CreateModel(
            name="MappedObject",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("object", models.TextField()),
                ("strict", models.BooleanField()),
                ("delete_policy", models.CharField(max_length=10)),
                ("filter", models.TextField(null=True)),
                ("filter_reason", models.TextField(blank=True)),
                ("keep_without_email", models.BooleanField()),
                (
                    "mapping",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="objects_mapped", to="store.mapping"
                    ),
                ),
            ],
            options={
                "db_table": "mapped_objects",
                "ordering": ["object"],
                "constraints": [models.UniqueConstraint(fields=("mapping", "object"), name="mapped_objects_object")],
            },
        ),
    ]
