"""The table of functions: what each takes and gives, and what builds its SQL. docs/reference/formulas.md shows it.

Names, arguments and results are those of Salesforce Help, "Formula Operators and Functions A–Z". A new function is a
row here, a builder (in store/formula/building.py or store/sql/formula_*.sql), and a row in tests/engine/formula.
"""

from dataclasses import dataclass

from syncline.domain.formula.types import Kind

_T, _N, _B, _D, _M, _C = Kind.TEXT, Kind.NUMBER, Kind.BOOLEAN, Kind.DATE, Kind.DATETIME, Kind.TIME
_TEXT, _NUMBER, _BOOLEAN, _DATE, _TIME = ((one,) for one in (_T, _N, _B, _D, _C))
_DAY = (_D, _M)
_PICK, _MULTI = (Kind.PICKLIST,), (Kind.MULTIPICKLIST,)
_PLAIN = (_T, _N, _D, _M, _C, Kind.PICKLIST, Kind.MULTIPICKLIST)

Kinds = tuple[Kind, ...]


@dataclass(frozen=True)
class Function:
    """One function. `optional`: how many of the last arguments may be left out; `repeats`: the last may be repeated.

    `rule` names the special check of a function whose types depend on each other. `literal`: the argument, counted
    from 0, that must be a text in quotes.
    """

    name: str
    takes: tuple[Kinds, ...]
    gives: Kind
    doc: str
    optional: int = 0
    repeats: bool = False
    rule: str = ""
    builder: str = ""
    literal: int | None = None
    #: What the arguments are called, for the documentation.
    arguments: str = ""

    @property
    def built_by(self) -> str:
        """The name of what builds its SQL."""
        return self.builder or self.name.lower()


_ALL = (
    # Logic
    Function("IF", (_BOOLEAN,), _T, "The second where the first is true, else the third.", rule="choose",
             arguments="condition, then, else"),
    Function("CASE", (_PLAIN,), _T, "The result beside the first value that equals the expression, else the last.",
             rule="case", arguments="expression, value, result, …, else"),
    Function("AND", (_BOOLEAN,), _B, "Whether all are true.", repeats=True, arguments="condition, …"),
    Function("OR", (_BOOLEAN,), _B, "Whether any is true.", repeats=True, arguments="condition, …"),
    Function("NOT", (_BOOLEAN,), _B, "The opposite.", arguments="condition"),
    Function("ISBLANK", (_PLAIN,), _B, "Whether it has no value.", rule="blank", arguments="expression"),
    Function("ISNULL", (_PLAIN,), _B, "The same, but a text is never null.", rule="null", arguments="expression"),
    Function("BLANKVALUE", (_PLAIN,), _T, "The first, or the second where the first is blank.", rule="substitute",
             arguments="expression, substitute"),
    Function("NULLVALUE", (_PLAIN,), _T, "The same, but a text is never null.", rule="substitute",
             arguments="expression, substitute"),
    Function("ISPICKVAL", (_PICK, _TEXT), _B, "Whether a picklist has this value; \"\" for none.", literal=1,
             builder="same", arguments="picklist, value"),
    Function("INCLUDES", (_MULTI, _TEXT), _B, "Whether this value is among those of a multi-select picklist.",
             literal=1, arguments="picklist, value"),
    Function("ISNUMBER", (_TEXT,), _B, "Whether VALUE() can read it.", arguments="text"),
    # Text
    Function("TEXT", ((_N, _D, _M, _C, Kind.PICKLIST),), _T,
             "A number, a date, a time or a picklist as text; times in GMT.", rule="text", arguments="value"),
    Function("VALUE", (_TEXT,), _N, "The number that a text shows; blank where it shows none.", arguments="text"),
    Function("LEN", (_TEXT,), _N, "How many characters it has.", arguments="text"),
    Function("LEFT", (_TEXT, _NUMBER), _T, "The first characters.", arguments="text, count"),
    Function("RIGHT", (_TEXT, _NUMBER), _T, "The last characters.", arguments="text, count"),
    Function("MID", (_TEXT, _NUMBER, _NUMBER), _T, "Characters from the middle; the first has number 1.",
             arguments="text, start, count"),
    Function("FIND", (_TEXT, _TEXT, _NUMBER), _N, "Where the first stands in the second, 0 where it does not.",
             optional=1, arguments="search, text, start"),
    Function("CONTAINS", (_TEXT, _TEXT), _B, "Whether the second stands in the first.", arguments="text, search"),
    Function("BEGINS", (_TEXT, _TEXT), _B, "Whether the first begins with the second.", arguments="text, search"),
    Function("SUBSTITUTE", (_TEXT, _TEXT, _TEXT), _T, "The first with every second replaced by the third.",
             arguments="text, old, new"),
    Function("TRIM", (_TEXT,), _T, "Without the blanks at both ends.", arguments="text"),
    Function("LOWER", (_TEXT, _TEXT), _T, "In small letters; a locale is accepted and not used.", optional=1,
             arguments="text, locale"),
    Function("UPPER", (_TEXT, _TEXT), _T, "In capital letters; a locale is accepted and not used.", optional=1,
             arguments="text, locale"),
    Function("INITCAP", (_TEXT,), _T, "Each word with a capital letter first, the rest small.", arguments="text"),
    Function("LPAD", (_TEXT, _NUMBER, _TEXT), _T, "Filled on the left to a length, or cut to it.", optional=1,
             arguments="text, length, fill"),
    Function("RPAD", (_TEXT, _NUMBER, _TEXT), _T, "Filled on the right to a length, or cut to it.", optional=1,
             arguments="text, length, fill"),
    Function("REVERSE", (_TEXT,), _T, "From the last character to the first.", arguments="text"),
    Function("BR", (), _T, "A line break."),
    Function("HYPERLINK", (_TEXT, _TEXT, _TEXT), _T, "A link as HTML, as the API gives it.", optional=1,
             arguments="address, name, target"),
    Function("CASESAFEID", (_TEXT,), _T, "The Id with 18 characters.", arguments="id"),
    Function("REGEX", (_TEXT, _TEXT), _B, "Whether the whole text matches the pattern.", literal=1, rule="regex",
             arguments="text, pattern"),
    # Numbers
    Function("ABS", (_NUMBER,), _N, "Without its sign.", arguments="number"),
    Function("CEILING", (_NUMBER,), _N, "The next whole number away from zero.", arguments="number"),
    Function("FLOOR", (_NUMBER,), _N, "The next whole number towards zero.", arguments="number"),
    Function("MCEILING", (_NUMBER,), _N, "The next whole number up.", arguments="number"),
    Function("MFLOOR", (_NUMBER,), _N, "The next whole number down.", arguments="number"),
    Function("ROUND", (_NUMBER, _NUMBER), _N, "Rounded to digits behind the point, half away from zero.",
             arguments="number, digits"),
    Function("TRUNC", (_NUMBER, _NUMBER), _N, "Cut to digits behind the point.", optional=1,
             arguments="number, digits"),
    Function("MOD", (_NUMBER, _NUMBER), _N, "The rest of a division, with the sign of the first.",
             arguments="number, divisor"),
    Function("MAX", (_NUMBER,), _N, "The greatest; blank where one is blank.", repeats=True, arguments="number, …"),
    Function("MIN", (_NUMBER,), _N, "The least; blank where one is blank.", repeats=True, arguments="number, …"),
    Function("SQRT", (_NUMBER,), _N, "The square root; blank for a negative number.", arguments="number"),
    Function("EXP", (_NUMBER,), _N, "e to this power.", arguments="number"),
    Function("LN", (_NUMBER,), _N, "The natural logarithm; blank for what has none.", arguments="number"),
    Function("LOG", (_NUMBER,), _N, "The logarithm to base 10; blank for what has none.", arguments="number"),
    Function("PI", (), _N, "3.14159…"),
    # Dates and times
    Function("TODAY", (), _D, "The day of the sync, in GMT."),
    Function("NOW", (), _M, "The moment of the sync."),
    Function("TIMENOW", (), _C, "The time of day of the sync, in GMT."),
    Function("DATE", (_NUMBER, _NUMBER, _NUMBER), _D, "A date; blank where there is no such day.",
             arguments="year, month, day"),
    Function("DATEVALUE", ((_T, _M, _D),), _D, "The day (in GMT) of a moment, or of a text like 2026-01-31.",
             rule="by_kind", arguments="value"),
    Function("DATETIMEVALUE", ((_T, _D, _M),), _M, "The moment of a text like 2026-01-31 12:00:00, in GMT.",
             rule="by_kind", arguments="value"),
    Function("TIMEVALUE", ((_T, _M, _C),), _C, "The time of day (in GMT) of a moment, or of a text like 12:00:00.",
             rule="by_kind", arguments="value"),
    Function("YEAR", (_DATE,), _N, "The year.", arguments="date"),
    Function("MONTH", (_DATE,), _N, "The month, 1 to 12.", arguments="date"),
    Function("DAY", (_DATE,), _N, "The day of the month.", arguments="date"),
    Function("WEEKDAY", (_DATE,), _N, "The day of the week, 1 for Sunday to 7 for Saturday.", arguments="date"),
    Function("DAYOFYEAR", (_DATE,), _N, "The day of the year, 1 to 366.", arguments="date"),
    Function("ISOWEEK", (_DATE,), _N, "The week of the year by ISO 8601.", arguments="date"),
    Function("ISOYEAR", (_DATE,), _N, "The year of that week.", arguments="date"),
    Function("ADDMONTHS", (_DAY, _NUMBER), _D, "So many months later; the last day of a month stays a last day.",
             rule="same_kind", arguments="date, months"),
    Function("HOUR", (_TIME,), _N, "The hour, 0 to 23.", arguments="time"),
    Function("MINUTE", (_TIME,), _N, "The minute.", arguments="time"),
    Function("SECOND", (_TIME,), _N, "The second.", arguments="time"),
    Function("MILLISECOND", (_TIME,), _N, "The thousandths of the second.", arguments="time"),
    Function("UNIXTIMESTAMP", (_DAY,), _N, "Seconds since 1970-01-01 00:00:00 GMT.", rule="by_kind",
             arguments="date"),
    Function("FROMUNIXTIME", (_NUMBER,), _M, "The moment so many seconds after 1970-01-01 00:00:00 GMT.",
             arguments="seconds"),
)  # fmt: skip

FUNCTIONS = {one.name: one for one in _ALL}

#: Functions of Salesforce that a mapping cannot have, and why.
REFUSED = {
    **dict.fromkeys(
        ("ISCHANGED", "ISNEW", "ISCLONE", "PRIORVALUE"), "it compares with the record before a save, which is not known"
    ),
    **dict.fromkeys(("VLOOKUP", "GETRECORDIDS", "GETSESSIONID", "CURRENCYRATE"), "it reads outside of the record"),
    **dict.fromkeys(
        ("PARENTGROUPVAL", "PREVGROUPVAL", "IMAGE", "IMAGEPROXYURL", "LINKTO", "URLFOR", "REQUIRESCRIPT", "INCLUDE"),
        "it belongs to pages and reports",
    ),
    **dict.fromkeys(("DISTANCE", "GEOLOCATION"), "compound fields are not read"),
}
