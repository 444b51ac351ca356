"""Opening an org from a folder: planted where the folder is new, taken as it is where it was planted before."""

import json
from dataclasses import asdict
from pathlib import Path

from simorg import seeds
from simorg.behaviour.customizing import recalculate
from simorg.behaviour.waiting import note_next
from simorg.logins.sample import adopt_sample
from simorg.metadata.rules import put_stored_rules
from simorg.org import Org
from simorg.schema.data import build_schema
from simorg.schema.kept import restore_initial
from simorg.settings import Settings
from simorg.users import INTEGRATION, ROLES, build_app, build_login

_FACTS = "seed.json"
#: Facts of the seed, not of the start, that a planted folder keeps.
_KEPT = ("name", "edition", "bare", "daily_requests", "assignment_source", "assignment_owner")


class WrongFolder(Exception):
    """A folder holds another org than asked for."""


def open_org(
    folder: Path, seed: str, people: int | None, settings: Settings, *, name: str = "", sandbox: bool = False
) -> Org:
    """An open org; one of several in a process has a name.

    Raises:
        WrongFolder: the folder was planted with another seed or with other fields, or for another org.
    """
    folder.mkdir(parents=True, exist_ok=True)
    facts_file = folder / _FACTS
    planted = json.loads(facts_file.read_text(encoding="utf-8")) if facts_file.exists() else None
    if planted and (planted["seed"] != seed or planted["settings"]["bare"] != settings.bare):
        bare = " --bare" if planted["settings"]["bare"] else ""
        raise WrongFolder(f"{folder} holds an org of --seed {planted['seed']}{bare}; ask for that, or another folder.")
    if planted and (planted.get("name", ""), planted.get("sandbox", False)) != (name, sandbox):
        raise WrongFolder(f"{folder} holds the org {planted.get('name', '')!r}; ask for that, or another folder.")
    schema = build_schema(bare=settings.bare, granted=True)
    org = Org(folder, schema, settings=settings, name=name, sandbox=sandbox)
    org.open()
    if planted:
        _adopt(org, planted)
    else:
        plant_anew(org, seed, people)
    return org


def plant_anew(org: Org, seed: str, people: int | None) -> None:
    """Takes away everything that the org did not begin with (records, definitions, rules), and plants it.

    Raises:
        ValueError: there is no such seed.
    """
    # A folder is planted once this file says so: a start after a kill in between begins anew.
    facts_file = org.folder / _FACTS
    facts_file.unlink(missing_ok=True)
    org.rules.remove()
    org.rules.set_next(None)
    org.storage.wipe(restore_initial(org.schema))
    seeds.plant(org, seed, people)
    org.keep()
    kept = {name: value for name, value in asdict(org.settings).items() if name in _KEPT}
    facts = {"seed": seed, "name": org.name, "sandbox": org.sandbox, "settings": kept}
    aside = facts_file.with_suffix(".new")
    aside.write_text(json.dumps(facts), encoding="utf-8")
    aside.replace(facts_file)


def _adopt(org: Org, planted: dict[str, object]) -> None:
    org.seed = str(planted["seed"])
    kept = planted["settings"]
    assert isinstance(kept, dict)
    recalculate(org)
    put_stored_rules(org)
    note_next(org)
    for name in _KEPT:
        setattr(org.settings, name, kept[name])
    for role in ROLES:
        username = build_login(org.realm, role, "").username
        row = org.storage.read_one('SELECT "Id" FROM "User" WHERE "Username" = ?', [username])
        org.users.logins[role] = build_login(org.realm, role, str(row[0]) if row else "")
    org.users.app = build_app(org.realm, org.users.logins[INTEGRATION].user_id)
    adopt_sample(org)
