"""The schema that an org begins with."""

from simorg.schema.objects.activities import build_activities
from simorg.schema.objects.business import build_account
from simorg.schema.objects.campaigns import build_campaigns
from simorg.schema.objects.people import build_contact, build_lead
from simorg.schema.objects.permissions import build_permissions
from simorg.schema.objects.pipeline import build_pipeline
from simorg.schema.objects.setup import build_setup
from simorg.schema.registry import Schema


def build_schema(*, bare: bool, granted: bool) -> Schema:
    """All objects. `bare`: without custom fields; `granted`: with the opt-out fields that new orgs hide."""
    return Schema(
        [
            *build_setup(),
            *build_permissions(),
            build_account(bare=bare),
            build_contact(bare=bare, granted=granted),
            build_lead(bare=bare, granted=granted),
            *build_pipeline(),
            *build_campaigns(granted=granted),
            *build_activities(),
        ]
    )
