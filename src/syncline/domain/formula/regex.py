"""Turns the pattern of REGEX() into one that PostgreSQL reads the same way, or refuses it.

Salesforce's patterns are Java's (Salesforce Help, "REGEX"; Java, class Pattern) and match the whole text. PostgreSQL's
automaton runs in time proportional to the text as long as nothing refers back, so references, and what PostgreSQL
lacks, are refused here; repetitions are bounded, since each is unrolled into states.
"""

from syncline.domain.formula.tree import Position
from syncline.errors import FormulaError

_MAX_LENGTH = 1_000
_MAX_REPEAT = 255
_MAX_STATES = 2_000
_MAX_GROUPS = 30
_DIGIT, _WORD, _SPACE = "0-9", "A-Za-z0-9_", " \\t\\n\\f\\r\\u000B"
_CLASSES = {"d": _DIGIT, "w": _WORD, "s": _SPACE}
_CONTROLS = {"t": "\t", "n": "\n", "r": "\r", "f": "\f", "a": "\a", "e": "\x1b"}
_BOUNDARIES = {"b": "\\y", "B": "\\Y"}
_GROUPS = ("(?:", "(?=", "(?!", "(?<=", "(?<!")


def translate(pattern: str, position: Position) -> str:
    """The pattern for PostgreSQL, anchored at both ends.

    Raises:
        FormulaError: the pattern is wrong, or uses what PostgreSQL cannot do in bounded time.
    """
    if len(pattern) > _MAX_LENGTH:
        raise FormulaError(
            f"The pattern is too long: {len(pattern):,} characters, {_MAX_LENGTH:,} are possible",
            position=position,
            remedy="Split it into two conditions.",
        )
    return _Translation(pattern, position).run()


class _Translation:
    """One pass over a pattern. `_sizes`: for each open group, the states before it and whether it can be repeated."""

    def __init__(self, pattern: str, position: Position) -> None:
        self._text, self._position = pattern, position
        self._at = 0
        self._out: list[str] = []
        self._size = 0
        #: States of the last atom; None where there is nothing to repeat.
        self._atom: int | None = None
        self._groups: list[tuple[int, bool]] = []

    def run(self) -> str:
        flags = "(?i)" if self._text.startswith("(?i)") else ""
        self._at = len(flags)
        while self._at < len(self._text):
            self._step(self._text[self._at])
        if self._groups:
            raise self._refuse("a bracket is not closed")
        return f"{flags}^(?:{''.join(self._out)})$"

    def _step(self, letter: str) -> None:
        match letter:
            case "\\":
                self._escape()
            case "(":
                self._open()
            case ")":
                self._close()
            case "[":
                self._add("".join(self._class()))
            case "*" | "+" | "?" | "{":
                self._repeat(letter)
            case "|" | "^" | "$":
                self._at += 1
                self._out.append(letter)
                self._atom = None
            case ".":
                self._at += 1
                self._add("[^\\n\\r]")
            case _:
                self._at += 1
                self._add(_literal(letter))

    def _add(self, text: str, states: int = 1) -> None:
        self._out.append(text)
        self._atom = states
        self._size += states
        self._bound()

    def _bound(self) -> None:
        if self._size > _MAX_STATES:
            raise self._refuse("its repetitions multiply too far")

    def _escape(self) -> None:
        letter = self._text[self._at + 1 : self._at + 2]
        if letter in _BOUNDARIES and letter:
            self._at += 2
            self._out.append(_BOUNDARIES[letter])
            self._atom = None
        elif letter.lower() in _CLASSES and letter:
            self._at += 2
            self._add(f"[{'^' if letter.isupper() else ''}{_CLASSES[letter.lower()]}]")
        else:
            self._add(_literal(self._character()))

    def _character(self) -> str:
        """The one character that an escape, or a letter, stands for; moves behind it."""
        letter = self._text[self._at]
        self._at += 1
        if letter != "\\":
            return letter
        escaped = self._text[self._at : self._at + 1]
        self._at += 1
        if escaped in _CONTROLS and escaped:
            return _CONTROLS[escaped]
        if escaped in ("u", "x"):
            return self._coded(4 if escaped == "u" else 2)
        if not escaped:
            raise self._refuse("it ends with a backslash")
        if escaped.isdigit():
            raise self._refuse(f"\\{escaped} refers back, which has no bounded time")
        if escaped.isascii() and escaped.isalpha():
            raise self._refuse(f"\\{escaped} is not known")
        return escaped

    def _coded(self, digits: int) -> str:
        code = self._text[self._at : self._at + digits]
        self._at += digits
        if len(code) < digits or not all(one in "0123456789abcdefABCDEF" for one in code):
            raise self._refuse("a character code is not complete")
        number = int(code, 16)
        if number == 0 or 0xD800 <= number <= 0xDFFF:
            raise self._refuse(f"there is no character {code}")
        return chr(number)

    def _open(self) -> None:
        opening = next((one for one in _GROUPS if self._text.startswith(one, self._at)), None)
        if opening is None and self._text.startswith("(?", self._at):
            raise self._refuse(f"{self._text[self._at : self._at + 3]} is not known")
        if len(self._groups) == _MAX_GROUPS:
            raise self._refuse("its brackets are nested too deeply")
        self._at += len(opening or "(")
        self._out.append(opening or "(?:")
        # PostgreSQL repeats no look to either side.
        self._groups.append((self._size, opening in (None, "(?:")))
        self._atom = None

    def _close(self) -> None:
        if not self._groups:
            raise self._refuse("a bracket is closed that was not opened")
        before, repeatable = self._groups.pop()
        self._at += 1
        self._out.append(")")
        self._atom = max(1, self._size - before) if repeatable else None

    def _repeat(self, letter: str) -> None:
        if self._atom is None:
            raise self._refuse(f"{letter} has nothing to repeat")
        times, written = (1, letter) if letter != "{" else self._bounds()
        self._at += 1 if letter != "{" else 0
        following = self._text[self._at : self._at + 1]
        if following == "+":
            raise self._refuse(f"{written}+ does not go back, which PostgreSQL cannot do")
        # Whether a repetition is greedy changes what is found, never whether the whole text matches.
        self._at += following == "?"
        self._out.append(written)
        self._size += self._atom * max(times - 1, 0)
        self._atom = None
        self._bound()

    def _bounds(self) -> tuple[int, str]:
        end = self._text.find("}", self._at)
        least, comma, most = self._text[self._at + 1 : end].partition(",") if end > 0 else ("", "", "")
        numbers = [one for one in (least, most) if one]
        if not least or not all(one.isascii() and one.isdigit() and len(one) < 5 for one in numbers):
            raise self._refuse("{ is not followed by numbers of a repetition")
        if max(map(int, numbers)) > _MAX_REPEAT or (most and int(most) < int(least)):
            raise self._refuse(f"a repetition goes from a lower to a higher number, up to {_MAX_REPEAT}")
        written = f"{{{int(least)}{comma}{int(most) if most else ''}}}"
        self._at = end + 1
        return int(most or least) + (1 if comma and not most else 0), written

    def _class(self) -> list[str]:
        """A class of characters, as PostgreSQL writes it."""
        self._at += 1
        parts = ["["]
        if self._text.startswith("^", self._at):
            self._at += 1
            parts.append("^")
        empty = len(parts)
        while not self._text.startswith("]", self._at) or len(parts) == empty:
            if self._at >= len(self._text) or self._text[self._at] in "[]" or self._text.startswith("&&", self._at):
                raise self._refuse("a class of characters is not closed, is empty, or holds another")
            parts.append(self._member())
        self._at += 1
        return [*parts, "]"]

    def _member(self) -> str:
        shorthand = self._text[self._at + 1 : self._at + 2] if self._text[self._at] == "\\" else ""
        if shorthand in _CLASSES and shorthand:
            self._at += 2
            return _CLASSES[shorthand]
        first = self._character()
        if not self._text.startswith("-", self._at) or self._text[self._at + 1 : self._at + 2] in ("]", "", "["):
            return _literal(first)
        self._at += 1
        if self._text[self._at] == "\\" and self._text[self._at + 1 : self._at + 2].lower() in ("d", "w", "s", ""):
            raise self._refuse("a range of characters ends with a class")
        last = self._character()
        if last < first:
            raise self._refuse(f"{first}-{last} is not a range")
        return f"{_literal(first)}-{_literal(last)}"

    def _refuse(self, why: str) -> FormulaError:
        return FormulaError(
            f"The pattern cannot be used: {why} (at its character {min(self._at, len(self._text)) + 1})",
            position=self._position,
            remedy="Write it in another way; docs/reference/formulas.md says which patterns there are.",
        )


def _literal(letter: str) -> str:
    """The character itself, whatever it means in patterns."""
    if letter.isascii() and letter.isprintable():
        return letter if letter.isalnum() or letter in " _" else f"\\{letter}"
    return f"\\u{ord(letter):04X}" if ord(letter) < 0x10000 else f"\\U{ord(letter):08X}"
