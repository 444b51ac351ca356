"""Writes the page of the rights that Syncline needs, from the code that computes them; script/docs runs it, a test
compares. The org is a simulated one that shows everything: its describes say which fields permissions are granted for.
"""

from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from simorg.access import describe_access
from simorg.opening import open_org
from simorg.org import Settings
from simorg.server import start_server
from syncline.domain.mapping_defaults import default_mapping
from syncline.domain.provision import FIELDS
from syncline.domain.rights import Right
from syncline.domain.rights_needed import Needed, Preset, Wanted, find_needed
from syncline.domain.shape import ObjectShape
from syncline.flows.auth_kinds import AuthKind
from syncline.flows.connect import Login, make_client
from syncline.setup.preflight import describe_needed

TARGET = Path(__file__).with_name("permissions.md")

_INTRODUCTION = """\
# The rights that Syncline needs

This page is made from the code by `script/docs`. It shows what the default mapping needs in an org with Syncline's
custom fields. Your own list is computed from your mapping and your mirrored objects: `syncline check --all` shows it,
each right with its reason; `syncline setup plan` shows what would be granted.

Where Salesforce grants them: *Setup, Permission Sets, Syncline Integration*, then *System Permissions* or
*Object Settings*. What every record must have (such as the last name or the status of a Lead) is seen by whoever sees
the object: no right is granted for it.
"""

_FIELDS = """\
## The custom fields

`syncline setup` makes them on Lead and Contact. All but the first are optional (`--field`, `--no-fields`).
"""

_SEED = """\
## The usual long list

`--preset like-the-seed` grants, on top of that, what integrations of this kind commonly ask for. `syncline check` names
what of it nothing uses.
"""


def build_page() -> str:
    """The whole page."""
    shapes = _describe()
    wanted = Wanted(default_mapping(shapes), shapes)
    least, seed = find_needed(wanted), find_needed(wanted, Preset.LIKE_THE_SEED)
    more = {right: reason for right, reason in seed.rights.items() if right not in least.rights}
    lines = [_INTRODUCTION, "## Least privilege", "", *_table(least.rights), "", _FIELDS]
    lines += ["| field | label | kind |", "|---|---|---|", *_field_rows(), "", _SEED]
    lines += [*_table(more), "", *_notes(seed), ""]
    return "\n".join(lines)


def _describe() -> dict[str, ObjectShape]:
    names = ("Lead", "Contact", "Account", "Campaign", "Opportunity", "Task")
    with TemporaryDirectory() as folder:
        org = open_org(Path(folder), "people", 5, Settings())
        server = start_server(org)
        facts = describe_access(server)
        try:
            login = Login(
                AuthKind.CLIENT_CREDENTIALS,
                server.url,
                str(facts["client_id"]),
                secrets={"client_secret": str(facts["client_secret"])},
            )
            with make_client(login) as client:
                return describe_needed(client, names)
        finally:
            server.stop()
            org.close()


def _table(rights: Mapping[Right, str]) -> Iterator[str]:
    yield "| right | why |"
    yield "|---|---|"
    for right, reason in sorted(rights.items()):
        yield f"| {right.name} | {reason} |"


def _field_rows() -> Iterator[str]:
    for choice, plan in FIELDS.items():
        formula = plan.facts.get("formula")
        kind = f"formula, text: `{formula}`" if formula else str(plan.facts["type"])
        if plan.facts["type"] == "Number":
            kind = f"Number({plan.facts['precision']}, {plan.facts['scale']})"
        yield f"| `{plan.name}` (`--field {choice}`) | {plan.facts['label']} | {kind} |"


def _notes(needed: Needed) -> Iterator[str]:
    return (f"* {note}" for note in needed.notes if "not in this org" not in note)


if __name__ == "__main__":
    TARGET.write_text(build_page(), encoding="utf-8")
