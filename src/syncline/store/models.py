"""Tables of configuration and of what a person looks at. Bulk data has plain tables of its own (migrations/*.sql).

Only modules of `store` use these; what they give to others are values of `domain`.
"""

from django.db import models


class Connection(models.Model):
    name = models.SlugField(max_length=40, unique=True)
    login_url = models.TextField()
    auth_kind = models.CharField(max_length=40)
    client_id = models.TextField(blank=True, db_default="")
    username = models.TextField(blank=True, db_default="")
    #: Sealed by `secrets`, with the id of this row as associated data.
    secrets = models.BinaryField(default=b"")
    api_version = models.CharField(max_length=8)
    organization_id = models.CharField(max_length=18, blank=True, db_default="")
    user_id = models.CharField(max_length=18, blank=True, db_default="")
    organization_name = models.TextField(blank=True, db_default="")
    state = models.CharField(max_length=20)
    created_at = models.DateTimeField()

    class Meta:
        db_table = "connections"


class Mapping(models.Model):
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="mappings")
    version = models.IntegerField()
    external_id_field = models.TextField(null=True)
    fillers = models.JSONField(default=list)
    created_at = models.DateTimeField()
    approved_at = models.DateTimeField(null=True)
    ambiguous_policy = models.CharField(max_length=10, db_default="oldest")
    duplicate_policy = models.CharField(max_length=10, db_default="link")
    assignment_rules = models.BooleanField(db_default=True)

    class Meta:
        db_table = "mappings"
        constraints = [models.UniqueConstraint(fields=["connection", "version"], name="mappings_version")]


class MappedField(models.Model):
    mapping = models.ForeignKey(Mapping, on_delete=models.CASCADE, related_name="fields")
    position = models.IntegerField()
    name = models.TextField()
    label = models.TextField()
    type = models.CharField(max_length=20)
    lead_source = models.TextField(null=True)
    contact_source = models.TextField(null=True)
    direction = models.CharField(max_length=10)
    policy = models.CharField(max_length=20)
    blank_rule = models.CharField(max_length=10)
    #: Fields of one group move together.
    field_group = models.TextField(null=True)
    push_guard = models.CharField(max_length=10, db_default="always")
    stricter_order = models.CharField(max_length=10, db_default="higher")
    merge_policy = models.CharField(max_length=10, db_default="max")
    step = models.DecimalField(max_digits=20, decimal_places=6, db_default=0)
    length_policy = models.CharField(max_length=20, db_default="refuse")
    #: Pairs of (value in Salesforce, value here).
    value_map = models.JSONField(default=list, db_default=[])

    class Meta:
        db_table = "mapped_fields"
        constraints = [models.UniqueConstraint(fields=["mapping", "name"], name="mapped_fields_name")]
        ordering = ["position"]


class MappedObject(models.Model):
    mapping = models.ForeignKey(Mapping, on_delete=models.CASCADE, related_name="objects_mapped")
    object = models.TextField()
    strict = models.BooleanField()
    delete_policy = models.CharField(max_length=10)
    filter = models.TextField(null=True)
    filter_reason = models.TextField(blank=True)
    keep_without_email = models.BooleanField()

    class Meta:
        db_table = "mapped_objects"
        constraints = [models.UniqueConstraint(fields=["mapping", "object"], name="mapped_objects_object")]
        ordering = ["object"]


class Run(models.Model):
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="runs")
    kind = models.CharField(max_length=20)
    state = models.CharField(max_length=20)
    started_at = models.DateTimeField()
    finished_at = models.DateTimeField(null=True)
    counts = models.JSONField(default=dict)
    message = models.TextField(blank=True, db_default="")
    #: A person, or another process, asks it to stop at its next safe place.
    cancel_requested = models.BooleanField(db_default=False)
    #: The job of a worker that it belongs to; none for a command's.
    job_id = models.BigIntegerField(null=True)

    class Meta:
        db_table = "runs"
        indexes = [models.Index(fields=["connection", "-id"], name="runs_of_connection")]


class Issue(models.Model):
    connection = models.ForeignKey(Connection, on_delete=models.CASCADE, related_name="issues")
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, related_name="issues")
    object = models.TextField(blank=True, db_default="")
    record_id = models.TextField(blank=True, db_default="")
    contact_id = models.BigIntegerField(null=True)
    field = models.TextField(blank=True, db_default="")
    direction = models.CharField(max_length=10, blank=True, db_default="")
    code = models.TextField()
    message = models.TextField()
    remedy = models.TextField(blank=True, db_default="")
    state = models.CharField(max_length=20)
    at = models.DateTimeField()

    class Meta:
        db_table = "issues"
        indexes = [models.Index(fields=["connection", "state"], name="issues_of_connection")]
