"""Opt-outs of records that somebody saved meanwhile: the box goes alone, since a tick takes nobody's word back.

Any other value waits for the next run, which decides by what the record holds by then; in a long run that would let an
opt-out wait for minutes.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from syncline.domain.mapping import Lane
from syncline.domain.mapping import Mapping as FieldMapping
from syncline.domain.sending import Pending
from syncline.store.targets import Target


def find_boxes(target: Target, pending: Sequence[Pending]) -> dict[str, str]:
    """The boxes that wait to be ticked on any of these, as marketing field → Salesforce field."""
    return {
        field.name: shape.name
        for field, source in target.sent
        if field.lane is Lane.CONSENT
        and (shape := target.shape.find(source))
        and any(one.ours.get(field.name) == "true" for one in pending)
    }


def pick(one: Pending, boxes: Mapping[str, str], record: Mapping[str, object]) -> Pending | None:
    """The boxes of a record alone that are to be ticked and are not yet; None where there is none."""
    wanted = [name for name, source in boxes.items() if one.ours.get(name) == "true" and not record.get(source)]
    return one.without([name for name in one.ours if name not in wanted]) if wanted else None


def group(ticked: Sequence[Pending]) -> dict[frozenset[str], list[Pending]]:
    """Those of the same boxes together."""
    groups: dict[frozenset[str], list[Pending]] = {}
    for one in ticked:
        groups.setdefault(frozenset(one.ours), []).append(one)
    return groups


def hold_back_others(target: Target, mapping: FieldMapping, names: frozenset[str]) -> Target:
    """The same records with every other field held back: the outbox keeps the edits of those.

    Never strict: the record is known to have moved, and that does not matter to a tick.
    """
    others = [field.name for field in mapping.fields if field.name not in names]
    return replace(target, suspended=others, strict=False)
