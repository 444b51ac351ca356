"""The functions of formulas that SQLite does not have, as Python; each gives None for a blank and for an error."""

import calendar
import html
import math
import re
import sqlite3
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

from simorg.ids import to_18

_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,2})?\s*", re.ASCII)
_MOMENT = re.compile(r"(\d{4}-\d\d-\d\d)[ T](\d\d:\d\d:\d\d)(?:\.\d+)?Z?", re.ASCII)
_TIME = re.compile(r"([01]?\d|2[0-3]):([0-5]\d):([0-5]\d)(?:\.(\d{1,3}))?Z?", re.ASCII)
_DAY_MS = 86_400_000
#: A longer text is no result of any formula.
_LONGEST = 10_000


def text_of_number(value: float | None) -> str:
    """TEXT(number): all its digits, no needless zeros."""
    if value is None:
        return ""
    if float(value).is_integer():
        return str(int(value))
    return format(Decimal(repr(float(value))), "f")


def number_of_text(text: str) -> float | None:
    """VALUE(text)."""
    return float(text) if _NUMBER.fullmatch(text) else None


def round_half_up(value: float | None, digits: float | None) -> float | None:
    """ROUND(number, digits): halves away from zero."""
    if value is None or digits is None or not math.isfinite(value):
        return None
    places = max(-20, min(20, int(digits)))
    return float(Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP))


def truncate(value: float | None, digits: float | None) -> float | None:
    """TRUNC(number, digits)."""
    if value is None:
        return None
    factor: float = 10.0 ** max(-20, min(20, int(digits or 0)))
    return math.trunc(value * factor) / factor


def remainder(value: float | None, divisor: float | None) -> float | None:
    """MOD(number, divisor), with the sign of the number."""
    return None if value is None or not divisor else math.fmod(value, divisor)


def power(value: float | None, exponent: float | None) -> float | None:
    """number ^ exponent."""
    if value is None or exponent is None:
        return None
    try:
        made = float(value) ** exponent
    except (OverflowError, ZeroDivisionError):
        return None
    return made if isinstance(made, float) and math.isfinite(made) else None


def _guarded(call: Callable[[float], float]) -> Callable[[float | None], float | None]:
    def guard(value: float | None) -> float | None:
        try:
            return None if value is None else float(call(value))
        except (ValueError, OverflowError):
            return None

    return guard


def left(text: str, length: float | None) -> str:
    """LEFT(text, length)."""
    return text[: max(int(length or 0), 0)]


def right(text: str, length: float | None) -> str:
    """RIGHT(text, length)."""
    return text[max(len(text) - max(int(length or 0), 0), 0) :]


def middle(text: str, start: float | None, length: float | None) -> str:
    """MID(text, start, length); places count from 1."""
    first = max(int(start or 0), 1) - 1
    return text[first : first + max(int(length or 0), 0)]


def find(wanted: str, text: str, start: float | None) -> int:
    """FIND(wanted, text, start): its place, counted from 1, or 0."""
    first = int(start or 0)
    return 0 if first < 1 or not wanted else text.find(wanted, first - 1) + 1


def pad_left(text: str, length: float | None, filler: str) -> str:
    """LPAD(text, length, filler)."""
    size = max(min(int(length or 0), _LONGEST), 0)
    if not filler or len(text) >= size:
        return text[:size]
    return (filler * size)[: size - len(text)] + text


def pad_right(text: str, length: float | None, filler: str) -> str:
    """RPAD(text, length, filler)."""
    size = max(min(int(length or 0), _LONGEST), 0)
    return text[:size] if not filler or len(text) >= size else (text + filler * size)[:size]


@lru_cache(maxsize=256)
def _pattern(text: str) -> re.Pattern[str] | None:
    try:
        return re.compile(text)
    except re.error:
        return None


def matches(text: str, pattern: str) -> int:
    """REGEX(text, pattern): the whole text matches."""
    found = _pattern(pattern)
    return int(found is not None and found.fullmatch(text) is not None)


def make_day(year: float | None, month: float | None, day: float | None) -> str | None:
    """DATE(year, month, day)."""
    if year is None or month is None or day is None:
        return None
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except (ValueError, OverflowError):
        return None


def read_day(text: str) -> str | None:
    """DATEVALUE(text): year-month-day."""
    try:
        return date.fromisoformat(text[:10]).isoformat() if re.fullmatch(r"\d{4}-\d\d-\d\d", text, re.ASCII) else None
    except ValueError:
        return None


def read_moment(text: str) -> str | None:
    """DATETIMEVALUE(text): `2026-01-02 03:04:05`, in UTC."""
    found = _MOMENT.fullmatch(text)
    try:
        return datetime.fromisoformat(f"{found[1]}T{found[2]}").strftime("%Y-%m-%dT%H:%M:%SZ") if found else None
    except ValueError:
        return None


def read_time(text: str) -> str | None:
    """TIMEVALUE(text)."""
    found = _TIME.fullmatch(text)
    return f"{int(found[1]):02d}:{found[2]}:{found[3]}.{found[4] or '0':0<3}Z" if found else None


def add_days(value: str | None, days: float | None) -> str | None:
    """A day or a moment so many days later; a fraction of a day counts for moments alone."""
    if value is None or days is None:
        return None
    try:
        if len(value) == 10:
            return (date.fromisoformat(value) + timedelta(days=math.trunc(days))).isoformat()
        moved = datetime.fromisoformat(value[:19]) + timedelta(seconds=round(days * 86_400))
        return moved.strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError):
        return None


def days_between(later: str | None, earlier: str | None) -> float | None:
    """How many days lie between two days or two moments."""
    if later is None or earlier is None:
        return None
    gap = datetime.fromisoformat(later[:19]) - datetime.fromisoformat(earlier[:19])
    return gap.total_seconds() / 86_400


def add_months(value: str | None, months: float | None) -> str | None:
    """ADDMONTHS(date, months): the last day of a month stays the last day."""
    if value is None or months is None:
        return None
    day = date.fromisoformat(value[:10])
    year, month = divmod(day.year * 12 + day.month - 1 + int(months), 12)
    if not 1 <= year <= 9999:
        return None
    last = calendar.monthrange(year, month + 1)[1]
    was_last = day.day == calendar.monthrange(day.year, day.month)[1]
    return date(year, month + 1, last if was_last else min(day.day, last)).isoformat() + value[10:]


def week_of(value: str | None) -> int | None:
    """ISOWEEK(date)."""
    return None if value is None else date.fromisoformat(value).isocalendar().week


def week_year_of(value: str | None) -> int | None:
    """ISOYEAR(date)."""
    return None if value is None else date.fromisoformat(value).isocalendar().year


def day_in_zone(value: str | None, zone: str) -> str | None:
    """DATEVALUE(moment): the day as clocks of the zone show it."""
    if value is None:
        return None
    moment = datetime.fromisoformat(value[:19]).replace(tzinfo=UTC)
    return moment.astimezone(ZoneInfo(zone)).date().isoformat()


def milliseconds(value: str | None) -> int | None:
    """A time of day as milliseconds since midnight."""
    if value is None:
        return None
    hours, minutes, rest = value.rstrip("Z").split(":")
    return round((int(hours) * 60 + int(minutes)) * 60_000 + float(rest) * 1000)


def time_of(value: float | None) -> str | None:
    """The time of day so many milliseconds after midnight, round the clock."""
    if value is None:
        return None
    seconds, rest = divmod(int(value) % _DAY_MS, 1000)
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}.{rest:03d}Z"


def safe_id(text: str) -> str:
    """CASESAFEID(id)."""
    return to_18(text) or text


def moment_of(seconds: float | None) -> str | None:
    """FROMUNIXTIME(seconds)."""
    if seconds is None:
        return None
    try:
        return datetime.fromtimestamp(int(seconds), UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    except (ValueError, OverflowError, OSError):
        return None


def link(url: str, name: str, target: str) -> str:
    """HYPERLINK(url, name, target)."""
    return f'<a href="{url}" target="{target}">{name}</a>'


def image(url: str, alternate: str, height: float | None, width: float | None) -> str:
    """IMAGE(url, alternate text, height, width)."""
    size = f' style="height:{int(height)}px; width:{int(width)}px;"' if height and width else ""
    return f'<img src="{url}" alt="{alternate}"{size} border="0"/>'


def _character(code: float | None) -> str:
    return chr(int(code)) if code and 0 < code < 0x110000 and not 0xD800 <= code <= 0xDFFF else ""


def _count_choices(text: str) -> int:
    return len(text.split(";")) if text else 0


_FUNCTIONS: dict[str, tuple[int, Callable[..., str | int | float | None]]] = {
    "f_text": (1, text_of_number),
    "f_value": (1, number_of_text),
    "f_is_number": (1, lambda text: int(_NUMBER.fullmatch(text) is not None)),
    "f_round": (2, round_half_up),
    "f_trunc": (2, truncate),
    "f_mod": (2, remainder),
    "f_power": (2, power),
    "f_sqrt": (1, _guarded(math.sqrt)),
    "f_exp": (1, _guarded(math.exp)),
    "f_ln": (1, _guarded(math.log)),
    "f_log": (1, _guarded(math.log10)),
    "f_floor": (1, _guarded(math.floor)),
    "f_ceil": (1, _guarded(math.ceil)),
    "f_up": (1, _guarded(lambda value: math.copysign(math.ceil(abs(value)), value))),
    "f_down": (1, _guarded(math.trunc)),
    "f_upper": (1, str.upper),
    "f_lower": (1, str.lower),
    "f_title": (1, lambda text: re.sub(r"\w+", lambda found: found.group().capitalize(), text)),
    "f_reverse": (1, lambda text: text[::-1]),
    "f_chr": (1, _character),
    "f_ascii": (1, lambda text: ord(text[0]) if text else None),
    "f_escape": (1, html.escape),
    "f_left": (2, left),
    "f_right": (2, right),
    "f_mid": (3, middle),
    "f_find": (3, find),
    "f_lpad": (3, pad_left),
    "f_rpad": (3, pad_right),
    "f_begins": (2, lambda text, start: int(text.startswith(start))),
    "f_regex": (2, matches),
    "f_chosen": (2, lambda text, wanted: int(wanted in text.split(";"))),
    "f_choices": (1, _count_choices),
    "f_date": (3, make_day),
    "f_read_day": (1, read_day),
    "f_read_moment": (1, read_moment),
    "f_read_time": (1, read_time),
    "f_add_days": (2, add_days),
    "f_days": (2, days_between),
    "f_add_months": (2, add_months),
    "f_week": (1, week_of),
    "f_week_year": (1, week_year_of),
    "f_day_in": (2, day_in_zone),
    "f_ms": (1, milliseconds),
    "f_time": (1, time_of),
    "f_safe_id": (1, safe_id),
    "f_moment": (1, moment_of),
    "f_link": (3, link),
    "f_image": (4, image),
}


def register(connection: sqlite3.Connection) -> None:
    """Makes the functions known to a connection."""
    for name, (arity, function) in _FUNCTIONS.items():
        connection.create_function(name, arity, function, deterministic=True)
