"""Tables of configuration, runs and issues."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    initial = True

    dependencies = []

    operations = [
        migrations.CreateModel(
            name="Connection",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("name", models.SlugField(max_length=40, unique=True)),
                ("login_url", models.TextField()),
                ("auth_kind", models.CharField(max_length=40)),
                ("client_id", models.TextField(blank=True, db_default="")),
                ("username", models.TextField(blank=True, db_default="")),
                ("secrets", models.BinaryField(default=b"")),
                ("api_version", models.CharField(max_length=8)),
                ("organization_id", models.CharField(blank=True, db_default="", max_length=18)),
                ("user_id", models.CharField(blank=True, db_default="", max_length=18)),
                ("organization_name", models.TextField(blank=True, db_default="")),
                ("state", models.CharField(max_length=20)),
                ("created_at", models.DateTimeField()),
            ],
            options={
                "db_table": "connections",
            },
        ),
        migrations.CreateModel(
            name="Mapping",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("version", models.IntegerField()),
                ("external_id_field", models.TextField(null=True)),
                ("fillers", models.JSONField(default=list)),
                ("created_at", models.DateTimeField()),
                ("approved_at", models.DateTimeField(null=True)),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="mappings", to="store.connection"
                    ),
                ),
            ],
            options={
                "db_table": "mappings",
            },
        ),
        migrations.CreateModel(
            name="MappedField",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("position", models.IntegerField()),
                ("name", models.TextField()),
                ("label", models.TextField()),
                ("type", models.CharField(max_length=20)),
                ("lead_source", models.TextField(null=True)),
                ("contact_source", models.TextField(null=True)),
                ("direction", models.CharField(max_length=10)),
                ("policy", models.CharField(max_length=20)),
                ("blank_rule", models.CharField(max_length=10)),
                (
                    "mapping",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="fields", to="store.mapping"
                    ),
                ),
            ],
            options={
                "db_table": "mapped_fields",
                "ordering": ["position"],
            },
        ),
        migrations.CreateModel(
            name="Run",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(max_length=20)),
                ("state", models.CharField(max_length=20)),
                ("started_at", models.DateTimeField()),
                ("finished_at", models.DateTimeField(null=True)),
                ("counts", models.JSONField(default=dict)),
                ("message", models.TextField(blank=True, db_default="")),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="runs", to="store.connection"
                    ),
                ),
            ],
            options={
                "db_table": "runs",
            },
        ),
        migrations.CreateModel(
            name="Issue",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("object", models.TextField(blank=True, db_default="")),
                ("record_id", models.TextField(blank=True, db_default="")),
                ("contact_id", models.BigIntegerField(null=True)),
                ("field", models.TextField(blank=True, db_default="")),
                ("direction", models.CharField(blank=True, db_default="", max_length=10)),
                ("code", models.TextField()),
                ("message", models.TextField()),
                ("remedy", models.TextField(blank=True, db_default="")),
                ("state", models.CharField(max_length=20)),
                ("at", models.DateTimeField()),
                (
                    "connection",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="issues", to="store.connection"
                    ),
                ),
                (
                    "run",
                    models.ForeignKey(
                        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="issues", to="store.run"
                    ),
                ),
            ],
            options={
                "db_table": "issues",
            },
        ),
        migrations.AddConstraint(
            model_name="mapping",
            constraint=models.UniqueConstraint(fields=("connection", "version"), name="mappings_version"),
        ),
        migrations.AddConstraint(
            model_name="mappedfield",
            constraint=models.UniqueConstraint(fields=("mapping", "name"), name="mapped_fields_name"),
        ),
        migrations.AddIndex(
            model_name="run",
            index=models.Index(fields=["connection", "-id"], name="runs_of_connection"),
        ),
        migrations.AddIndex(
            model_name="issue",
            index=models.Index(fields=["connection", "state"], name="issues_of_connection"),
        ),
    ]
