"""Salesforce record ids: the 15-character case-sensitive form and the 18-character form with its checksum.

Source of the rule: Salesforce Help, "Record IDs: 15 and 18 characters".
"""

import re
from typing import NewType

SalesforceId = NewType("SalesforceId", str)
ContactId = NewType("ContactId", int)
RunId = NewType("RunId", int)
ConnectionId = NewType("ConnectionId", int)

_SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[0-9A-Za-z]{3})?")
_CHECKSUM = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"


def checksum(id15: str) -> str:
    """Builds the three characters that make a 15-character id safe where case is lost."""
    blocks = (id15[start : start + 5] for start in (0, 5, 10))
    return "".join(
        _CHECKSUM[sum(1 << bit for bit, character in enumerate(block) if "A" <= character <= "Z")] for block in blocks
    )


def to_id18(text: str) -> SalesforceId:
    """Reads an id of either form.

    Raises:
        ValueError: the text has not the shape of an id, or its checksum is wrong.
    """
    if not _SHAPE.fullmatch(text):
        raise ValueError(f"{text!r} is not a Salesforce id")
    id18 = text[:15] + checksum(text[:15])
    if len(text) == 18 and text != id18:
        raise ValueError(f"{text!r} is not a Salesforce id: its checksum should be {id18[15:]}")
    return SalesforceId(id18)
