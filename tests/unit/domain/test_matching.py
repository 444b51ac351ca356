"""Which record of the org a new contact is."""

import pytest

from syncline.domain.mapping_options import AmbiguousPolicy
from syncline.domain.matching import Candidate, Choice, choose_record

_OLD = Candidate("Lead", "00Q1", "2024-01-01T00:00:00.000+0000")
_NEW = Candidate("Lead", "00Q2", "2025-01-01T00:00:00.000+0000")
_CONTACT = Candidate("Contact", "0031", "2025-06-01T00:00:00.000+0000")
_TAKEN = Candidate("Contact", "0032", "2020-01-01T00:00:00.000+0000", linked_to=9)


@pytest.mark.parametrize(
    ("policy", "candidates", "choice"),
    [
        (AmbiguousPolicy.OLDEST, [], Choice()),
        (AmbiguousPolicy.OLDEST, [_NEW, _OLD], Choice(_OLD)),
        (AmbiguousPolicy.NEWEST, [_NEW, _OLD], Choice(_NEW)),
        (AmbiguousPolicy.HOLD, [_NEW, _OLD], Choice(ambiguous=(_OLD, _NEW))),
        (AmbiguousPolicy.HOLD, [_NEW], Choice(_NEW)),
        # A Contact goes before every Lead, whatever their number (L12).
        *((policy, [_NEW, _CONTACT, _OLD], Choice(_CONTACT)) for policy in AmbiguousPolicy),
        # Somebody else's record is the last resort.
        (AmbiguousPolicy.OLDEST, [_TAKEN, _NEW], Choice(_NEW)),
        (AmbiguousPolicy.OLDEST, [_TAKEN], Choice(_TAKEN)),
        (AmbiguousPolicy.HOLD, [_TAKEN, _OLD], Choice(_OLD)),
    ],
)
def test_a_record_is_chosen_by_the_policy(policy: AmbiguousPolicy, candidates: list[Candidate], choice: Choice) -> None:
    assert choose_record(1, candidates, policy) == choice
