"""All resources of an org."""

from simorg.wire import (
    bulk_ingest,
    bulk_query,
    collections,
    composite,
    control,
    control_apps,
    describe,
    layouts,
    limits,
    metadata_rest,
    metadata_soap,
    oauth,
    oauth_authorize,
    oauth_identity,
    oauth_tokens,
    passwords,
    query,
    records,
    replication,
    soap,
    tooling,
    versions,
)
from simorg.wire.http import Route

_MODULES = (
    versions,
    oauth,
    oauth_authorize,
    oauth_identity,
    oauth_tokens,
    passwords,
    soap,
    metadata_soap,
    metadata_rest,
    tooling,
    describe,
    layouts,
    limits,
    query,
    records,
    collections,
    composite,
    replication,
    bulk_query,
    bulk_ingest,
    control,
    control_apps,
)


def all_routes() -> list[Route]:
    """Every route of every module."""
    return [route for module in _MODULES for route in module.ROUTES]
