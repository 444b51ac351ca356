"""Values as callers send them, turned into what storage keeps, or refused for one field."""

import re
from collections.abc import Callable
from decimal import ROUND_HALF_UP, Context, Decimal

from simorg.clock import format_stamp
from simorg.errors import RowError
from simorg.fidelity import say
from simorg.ids import to_18
from simorg.schema.registry import TEXT_TYPES, Field
from simorg.soql.literals import read_date, read_datetime
from simorg.transactions import StoredValue

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?", re.ASCII)
#: No field has so many digits; what is larger need not be rounded to be out of range.
_MOST_DIGITS = 20
_EXACT = Context(prec=60)
_TIME = re.compile(r"([01]\d|2[0-3]):([0-5]\d)(?::([0-5]\d)(?:\.(\d+))?)?Z?", re.ASCII)
#: An address as Salesforce's own check takes it: one @, no blanks, a dot in the domain, no empty label.
_EMAIL = re.compile(r"[^\s@,;<>()\[\]\\\"]+@(?:[^\s@.,;<>()\[\]\\\"]+\.)+[^\s@.,;<>()\[\]\\\"]{2,}")


def read_value(field: Field, value: object) -> StoredValue | RowError:
    """What storage keeps of a value; blank text is None. The error names the field.

    Text is trimmed; numbers are rounded to their scale; datetimes become UTC and whole seconds.
    """
    if isinstance(value, str):
        value = value.strip()
        if value:
            return _READERS.get(field.type, _read_text)(field, value)
        value = None
    if value is None:
        return 0 if field.type == "boolean" else None
    return _READERS.get(field.type, _read_text)(field, value)


def _read_text(field: Field, value: object) -> StoredValue | RowError:
    if isinstance(value, (dict, list)):  # a union takes three times as long, for every value written
        return _wrong_type(field, value)
    text = value if isinstance(value, str) else _plain_text(value)
    if len(text) > field.length:
        message = say("dml.string_too_long", label=field.label, value=text[:255], length=field.length)
        return RowError("STRING_TOO_LONG", message, (field.name,))
    if field.restricted_picklist and field.picklist and text not in field.active_values:
        return refuse_choice(field, text)
    return text


def _read_choices(field: Field, value: object) -> StoredValue | RowError:
    """Several values of a picklist, split by semicolons: each once, in the order of the picklist."""
    if isinstance(value, (dict, list)):
        return _wrong_type(field, value)
    chosen = list(dict.fromkeys(part.strip() for part in str(value).split(";") if part.strip()))
    known = field.active_values
    for one in chosen:
        if field.restricted_picklist and known and one not in known:
            return refuse_choice(field, one)
    chosen.sort(key=lambda one: known.get(one, len(known)))
    return ";".join(chosen) or None


def refuse_choice(field: Field, text: str) -> RowError:
    """The refusal of what a restricted picklist does not have."""
    message = f"{field.label}: bad value for restricted picklist field: {text}"
    return RowError("INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", message, (field.name,))


def _read_time(field: Field, value: object) -> StoredValue | RowError:
    """A time of day, kept to the millisecond."""
    found = _TIME.fullmatch(str(value))
    if found is None:
        return _wrong_type(field, value)
    hours, minutes, seconds, fraction = found.groups()
    return f"{hours}:{minutes}:{seconds or '00'}.{(fraction or '')[:3]:0<3}Z"


def _read_email(field: Field, value: object) -> StoredValue | RowError:
    text = _read_text(field, value)
    if isinstance(text, RowError):
        return text
    if not _EMAIL.fullmatch(str(text)):
        message = say("dml.invalid_email", label=field.label, value=text)
        return RowError("INVALID_EMAIL_ADDRESS", message, (field.name,))
    return str(text).lower()


def _read_boolean(field: Field, value: object) -> StoredValue | RowError:
    if isinstance(value, bool):
        return int(value)
    known = {"true": 1, "1": 1, "false": 0, "0": 0}.get(str(value).lower())
    return _wrong_type(field, value) if known is None else known


def _read_whole(field: Field, value: object) -> StoredValue | RowError:
    number = _read_decimal(value)
    if number is None:
        return _wrong_type(field, value)
    whole = _round(number, 0)
    if whole is None or abs(whole) >= Decimal(10) ** (field.digits or 9):
        return _out_of_range(field, value)
    return int(whole)


def _read_number(field: Field, value: object) -> StoredValue | RowError:
    number = _read_decimal(value)
    if number is None:
        return _wrong_type(field, value)
    rounded = _round(number, field.scale)
    if rounded is None or abs(rounded) >= Decimal(10) ** (field.precision - field.scale):
        return _out_of_range(field, value)
    # There is no negative zero.
    return float(rounded) or 0.0


def _read_day(field: Field, value: object) -> StoredValue | RowError:
    text = str(value)
    day = read_date(text[:10]) if len(text) == 10 or text[10:11] == "T" else None
    return _wrong_type(field, value) if day is None else day.isoformat()


def _read_moment(field: Field, value: object) -> StoredValue | RowError:
    text = str(value)
    moment = read_datetime(text if "T" in text else f"{text}T00:00:00Z")
    return _wrong_type(field, value) if moment is None else format_stamp(moment)


def _read_id(field: Field, value: object) -> StoredValue | RowError:
    found = to_18(value) if isinstance(value, str) else None
    if found is None:
        message = say("dml.malformed_id", label=field.label, value=value)
        return RowError("MALFORMED_ID", message, (field.name,))
    return found


def _read_decimal(value: object) -> Decimal | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    text = str(value)
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _round(number: Decimal, scale: int) -> Decimal | None:
    """The number with so many decimals; None where it is larger than any field."""
    if number.adjusted() > _MOST_DIGITS:
        return None
    return number.quantize(Decimal(1).scaleb(-scale), ROUND_HALF_UP, _EXACT)


def _plain_text(value: object) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)


def _wrong_type(field: Field, value: object) -> RowError:
    message = say("dml.invalid_type", label=field.label, value=str(value)[:255])
    return RowError("INVALID_TYPE_ON_FIELD_IN_RECORD", message, (field.name,))


def _out_of_range(field: Field, value: object) -> RowError:
    message = say("dml.number_range", label=field.label, value=value)
    return RowError("NUMBER_OUTSIDE_VALID_RANGE", message, (field.name,))


_READERS: dict[str, Callable[[Field, object], StoredValue | RowError]] = {
    **dict.fromkeys(TEXT_TYPES, _read_text),
    "multipicklist": _read_choices,
    "time": _read_time,
    "email": _read_email,
    "boolean": _read_boolean,
    "int": _read_whole,
    "double": _read_number,
    "currency": _read_number,
    "percent": _read_number,
    "date": _read_day,
    "datetime": _read_moment,
    "reference": _read_id,
    "id": _read_id,
}
