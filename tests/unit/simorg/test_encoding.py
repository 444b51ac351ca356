"""Values of data classes as JSON and back: nothing is lost on the way."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from simorg.behaviour.rulebook import Automation, DuplicateRule
from simorg.encoding import decode, encode
from simorg.logins.passwords import Secret
from simorg.logins.policy import DEFAULT, Policy
from simorg.schema.data import build_schema
from simorg.schema.registry import ObjectType

_MOMENT = datetime(2026, 1, 2, 3, 4, 5, 600_000, UTC)


@pytest.mark.parametrize(
    "value",
    [
        *build_schema(bare=False, granted=True).objects(),
        Automation("A", "Lead", changed=("Rating",), set={"Title": None, "Score": 1.5}, target={"create": "Task"}),
        DuplicateRule("D", "Lead", ({"object": "Lead", "fields": {"Fax": "Fax"}},)),
        Secret("p", "t", _MOMENT, locked_at=_MOMENT),
        DEFAULT,
        Policy(hours={"Monday": ("08:00", "24:00")}),
    ],
    ids=lambda value: str(getattr(value, "name", type(value).__name__)),
)
def test_a_value_comes_back_as_it_was(value: Any) -> None:
    assert decode(type(value), json.loads(json.dumps(encode(value)))) == value


def test_what_a_type_no_longer_has_is_left_out() -> None:
    assert decode(Policy, {"password_days": 3, "colour": "red"}) == Policy(password_days=3)
    kept = {"name": "X", "label": "X", "label_plural": "Xs", "key_prefix": "a0X", "fields": {}, "later": [1]}
    assert decode(ObjectType, kept).name == "X"
