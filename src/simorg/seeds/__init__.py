"""What an org is filled with: `developer-edition`, a new org's samples; and `people`, with the dirt of real data."""

from collections.abc import Callable

from simorg.org import Org
from simorg.seeds import developer_edition, people

_PLANTERS: dict[str, Callable[[Org, int | None], None]] = {
    "developer-edition": developer_edition.plant,
    "people": people.plant,
}
NAMES = tuple(_PLANTERS)


def grants_all(name: str) -> bool:
    """Whether the seed's org shows the opt-out fields that new orgs hide."""
    return name == "people"


def plant(org: Org, name: str, people: int | None = None) -> None:
    """Fills an open, empty org. `people` counts Leads and Contacts together, where the seed has a choice.

    Raises:
        ValueError: there is no such seed.
    """
    planter = _PLANTERS.get(name)
    if planter is None:
        raise ValueError(f"no such seed: {name!r}. There are: {', '.join(NAMES)}")
    org.seed = name
    planter(org, people)
