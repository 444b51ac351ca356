"""Plain tables for people: columns under their headers, numbers to the right."""

from collections.abc import Iterator, Sequence

Cell = str | int | float | None

_GAP = "  "
_LONGEST_TEXT = 44


def format_table(headers: Sequence[str], rows: Sequence[Sequence[Cell]]) -> Iterator[str]:
    """The lines of a table; a column whose cells are numbers stands to the right."""
    if not rows:
        return
    cells = [[format_cell(one) for one in row] for row in rows]
    right = [all(isinstance(row[at], int | float | None) for row in rows) for at in range(len(headers))]
    widths = [max(len(headers[at]), *(len(row[at]) for row in cells)) for at in range(len(headers))]
    for line in (headers, *cells):
        parts = (
            text.rjust(width) if to_right else text.ljust(width)
            for text, width, to_right in zip(line, widths, right, strict=True)
        )
        yield (_GAP + _GAP.join(parts)).rstrip()


def format_cell(value: Cell) -> str:
    """One cell; what is long or has several lines is shortened."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, float):
        return f"{value:,.2f}"
    return shorten(value)


def shorten(text: str, longest: int = _LONGEST_TEXT) -> str:
    """Text on one line and not too long; what would move a terminal's cursor is shown as a space."""
    line = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return line if len(line) <= longest else line[: longest - 1] + "…"
