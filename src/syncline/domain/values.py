"""Typed values as canonical text, and the codecs of the two transports.

Canonical text is what PostgreSQL prints for the value in the column's type under TimeZone UTC: booleans
`true`/`false`, numbers without trailing zeros, dates `2026-01-02`, datetimes `2026-01-02 03:04:05+00`.
Bulk CSV reaches staging byte for byte and is typed by SQL; REST JSON is turned into the same staging text here.
"""

from datetime import UTC, datetime
from decimal import Decimal

from syncline.domain.mapping import FieldType
from syncline.domain.shape import NUMBER_TYPES, FieldShape

#: A value as Salesforce's JSON carries it.
JsonValue = str | int | float | bool | None


def rest_to_text(value: JsonValue) -> str | None:
    """Turns one value of a REST record into the text that Bulk CSV would carry for it; "" and null are None."""
    if value is None or value == "":
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    # A NUL cannot be stored by PostgreSQL; Salesforce lets none in, a broken middle box might.
    return str(value).replace("\x00", "")


def canonical_number(number: Decimal) -> str:
    """Prints a number as trim_scale(numeric)::text does."""
    text = format(number, "f")
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text in ("-0", "") else text


def text_to_json(text: str | None, shape: FieldShape) -> JsonValue:
    """Turns the canonical text of a value into what Salesforce takes for this field."""
    if text is None:
        # Booleans are never null over there.
        return False if shape.type == "boolean" else None
    if shape.type == "boolean":
        return text == "true"
    if shape.type == "int":
        return int(Decimal(text))
    if shape.type in NUMBER_TYPES:
        return float(text)
    if shape.type == "datetime":
        moment = datetime.fromisoformat(text).astimezone(UTC)
        return moment.strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return text


def is_same_value(text: str | None, value: JsonValue, shape: FieldShape) -> bool:
    """Whether a value of a REST record is what the canonical text says."""
    wanted = text_to_json(text, shape)
    if shape.type == "datetime" and isinstance(wanted, str) and isinstance(value, str):
        return datetime.fromisoformat(wanted) == datetime.fromisoformat(value)
    return wanted == value if wanted not in (None, "") else value in (None, "")


def parse_input(text: str, kind: FieldType) -> str | None:
    """Reads a value that a person typed, as canonical text; blanks are None.

    Raises:
        ValueError: the text is not a value of that type; the message says what is expected.
    """
    stripped = text.strip()
    if not stripped:
        return None
    match kind:
        case FieldType.BOOLEAN:
            return _parse_boolean(stripped)
        case FieldType.NUMBER | FieldType.SCORE:
            return _parse_number(stripped)
        case FieldType.DATE:
            return _parse_date(stripped)
        case FieldType.DATETIME:
            return _parse_datetime(stripped)
        case FieldType.EMAIL:
            return stripped.lower()
        case FieldType.MULTIPICKLIST:
            return ";".join(sorted({one.strip() for one in stripped.split(";")} - {""})) or None
        case _:
            return stripped


def _parse_boolean(text: str) -> str:
    if text.lower() in ("true", "yes", "1", "on"):
        return "true"
    if text.lower() in ("false", "no", "0", "off"):
        return "false"
    raise ValueError(f"{text!r} is not yes or no")


def _parse_number(text: str) -> str:
    try:
        number = Decimal(text)
    except ArithmeticError:
        raise ValueError(f"{text!r} is not a number") from None
    if not number.is_finite():
        raise ValueError(f"{text!r} is not a number")
    return canonical_number(number)


def _parse_date(text: str) -> str:
    try:
        return datetime.strptime(text, "%Y-%m-%d").date().isoformat()  # noqa: DTZ007  # a date has no zone
    except ValueError:
        raise ValueError(f"{text!r} is not a date like 2026-01-31") from None


def _parse_datetime(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a time like 2026-01-31T12:00:00Z") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S+00")
