"""Record ids: 15 characters that mind their case, and the 18-character form that does not need to.

The rule of the three check characters: for each block of five, bit i is set when character i is A to Z; the five bits
choose one of A to Z, 0 to 5 (Salesforce, "Record IDs: 15 and 18 characters").
"""

import re
import string

_CHECKS = string.ascii_uppercase + "012345"
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
#: An upper-case letter is a 1, everything else that an id can hold a 0.
_BITS = str.maketrans(_DIGITS, "".join("1" if one in string.ascii_uppercase else "0" for one in _DIGITS))
_SHAPE = re.compile(r"[0-9A-Za-z]{15}(?:[A-Z0-5]{3})?", re.ASCII)
#: Characters that count records; the rest of the 15 are the key prefix and the instance.
_COUNTER = 8


def checksum(id15: str) -> str:
    """The three characters that make 15 into 18."""
    bits = id15.translate(_BITS)
    return _CHECKS[int(bits[4::-1], 2)] + _CHECKS[int(bits[9:4:-1], 2)] + _CHECKS[int(bits[14:9:-1], 2)]


def to_18(text: str) -> str | None:
    """The 18-character form of an id; None for what is none. A wrong case is put right by the check characters."""
    if len(text) == 18 and not (_SHAPE.fullmatch(text) and checksum(text[:15]) == text[15:]):
        text = _restore_case(text[:15], text[15:].upper()) or ""
    elif len(text) == 18:
        return text
    if len(text) != 15 or not _SHAPE.fullmatch(text):
        return None
    return text + checksum(text)


def build_id(prefix: str, instance: str, number: int) -> str:
    """The id of the number-th record of a key prefix: prefix (3), instance (4), number in base 62 (8)."""
    digits = []
    for _ in range(_COUNTER):
        number, rest = divmod(number, 62)
        digits.append(_DIGITS[rest])
    id15 = prefix + instance + "".join(reversed(digits))
    return id15 + checksum(id15)


def read_number(record_id: str) -> int:
    """The number that an id was built from."""
    number = 0
    for one in record_id[15 - _COUNTER : 15]:
        number = number * 62 + _DIGITS.index(one)
    return number


def _restore_case(id15: str, checks: str) -> str | None:
    if any(one not in _CHECKS for one in checks) or not _SHAPE.fullmatch(id15):
        return None
    restored = []
    for block, check in zip((id15[0:5], id15[5:10], id15[10:15]), checks, strict=True):
        bits = _CHECKS.index(check)
        for i, one in enumerate(block):
            upper = bool(bits >> i & 1)
            if upper and not one.isalpha():
                return None
            restored.append(one.upper() if upper else one.lower())
    return "".join(restored)
