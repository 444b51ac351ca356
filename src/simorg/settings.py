"""What can be set about an org while it runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, get_type_hints

from simorg.encoding import decode, encode


@dataclass
class Settings:
    """What can be set about an org while it runs, with what a new one has."""

    name: str = "Simulated Org"
    edition: str = "Developer Edition"
    instance_name: str = "SIM1"
    bare: bool = False
    soap_login_enabled: bool = True
    trusted_address: bool = False
    session_seconds: int = 7200
    time_zone: str = "UTC"
    #: Rows of a query's page; a page may be smaller on order.
    page_rows: int = 2000
    #: Rows of one page of Bulk results where none are asked for.
    bulk_page_rows: int = 100_000
    #: Seconds that a Bulk job waits before it runs.
    bulk_delay: float = 0.0
    #: Rows of one batch of a Bulk ingest job, and seconds that each batch takes besides its work.
    bulk_batch_rows: int = 10_000
    bulk_batch_delay: float = 0.0
    #: Whether the results of Bulk ingest jobs come in another order than the rows were sent in.
    bulk_shuffle: bool = False
    #: Megabytes that the data of one Bulk ingest job may have as base64.
    bulk_upload_mb: float = 150.0
    #: Whether users have the permission Bulk API Hard Delete, which a new org gives to nobody.
    bulk_hard_delete: bool = False
    #: Seconds that a deploy or a retrieve of metadata waits before it runs.
    deploy_delay: float = 0.0
    daily_requests: int = 15_000_000
    #: So many requests may run longer than so many seconds at a time (REST API Developer Guide, "API Request Limits").
    concurrent_requests: int = 25
    long_request_seconds: float = 20.0
    commit_lag_ms: int = 0
    #: (probability, least ms, most ms): some transactions become visible late.
    commit_lag_some: tuple[float, int, int] | None = None
    #: The active lead assignment rule: Leads of this LeadSource go to this owner unless the caller says otherwise.
    assignment_source: str | None = None
    assignment_owner: str | None = None
    #: Whether a campaign member with a status that the campaign does not have is refused; else it gets the default.
    refuse_unknown_member_status: bool = False
    versions: tuple[int, int] = (31, 68)
    #: From this version on, answers do not misspell the key of what a record repeats.
    duplicate_result_spelt_from: float = 52.0
    #: Sharing defaults, object → model, where they differ from those of a new org; see `simorg.security.sharing`.
    sharing: dict[str, str] = field(default_factory=dict)
    #: Whether the edition has the API.
    api_enabled: bool = True
    #: Whether the integration user starts with what its licence gives, and nothing else.
    bare_rights: bool = False


class ToldSettings:
    """The settings that were changed while the org ran, to be kept (`simorg.keeping`).

    After a restart they are as they were told, but for those that the start itself says otherwise.
    """

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._told: dict[str, Any] = {}
        self._revision = 0

    def tell(self, changes: Mapping[str, Any]) -> None:
        """Changes settings, by name."""
        for name, value in changes.items():
            setattr(self._settings, name, value)
        self._told.update(changes)
        self._revision += 1

    @property
    def revision(self) -> int:
        """Grows with each change."""
        return self._revision

    def entries(self) -> Mapping[str, Any]:
        """What was told, by name."""
        return {name: encode(value) for name, value in self._told.items()}

    def restore(self, entries: Mapping[str, Any]) -> None:
        """Takes what was told."""
        hints, new = get_type_hints(Settings), Settings()
        for name, value in entries.items():
            if name in hints and getattr(self._settings, name) == getattr(new, name):
                setattr(self._settings, name, decode(hints[name], value))
                self._told[name] = getattr(self._settings, name)
