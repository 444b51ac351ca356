"""The CSV of an ingest job, read record by record from a file, strictly.

Source: Bulk API 2.0 Developer Guide, "Prepare CSV Files": UTF-8; a value with a delimiter, a quote or a line break
stands in double quotes, and nothing but the delimiter stands beside them; values are not trimmed; every record ends as
`lineEnding` says; at most 400,000 characters to a record. Blank lines are no records.
"""

import re
from collections.abc import Iterator
from typing import BinaryIO, NamedTuple

from simorg.fidelity import say

_MOST_CHARACTERS = 400_000
#: A character has four bytes at most, and the line its end.
_MOST_BYTES = 4 * _MOST_CHARACTERS + 2
_UNQUOTED, _UNCLOSED, _BESIDE = "bulk.unescaped_quote", "bulk.unclosed_quote", "bulk.text_beside_quote"


class BadInput(Exception):
    """Data that fail the whole job; the text is the job's errorMessage."""


class Record(NamedTuple):
    """One record: where it begins in the file, and its values as text."""

    start: int
    values: list[str]


class CsvInput:
    """Reads the records of a file; the header is the first."""

    def __init__(self, file: BinaryIO, delimiter: str, line_ending: str) -> None:
        self._file = file
        self._delimiter = delimiter
        self._line_ending = line_ending
        self._end = {"LF": "\n", "CRLF": "\r\n"}[line_ending]
        mark = re.escape(delimiter)
        self._value = re.compile(rf'(?:"([^"]*(?:""[^"]*)*)"|([^"\r\n{mark}]*)){mark}')
        self._record = re.compile(rf'(?:(?:"[^"]*(?:""[^"]*)*"|[^"\r\n{mark}]*){mark})++')
        #: Where the next record begins.
        self.at = 0

    def __iter__(self) -> Iterator[Record]:
        """The records that are left.

        Raises:
            BadInput: this one cannot be read.
        """
        delimiter = self._delimiter
        while line := self._file.readline(_MOST_BYTES):
            start = self.at
            text = _decode(line)
            self.at += len(line)
            if '"' in text:
                text = self._complete(text)
                yield Record(start, self._split(self._without_end(text, quoted=True)))
                continue
            text = self._without_end(text, quoted=False)
            if text:
                yield Record(start, text.split(delimiter))

    def _complete(self, text: str) -> str:
        """A record with quotes, up to the line that closes the last of them."""
        parts, quotes, length = [text], text.count('"'), len(text)
        while quotes % 2 and (line := self._file.readline(_MOST_BYTES)):
            more = _decode(line)
            self.at += len(line)
            parts.append(more)
            quotes += more.count('"')
            length += len(more)
            if length > _MOST_CHARACTERS:
                problem = self._diagnose("".join(parts))
                if problem is None or problem == _UNCLOSED:
                    raise _too_long(length)
                raise _cannot_parse(say(problem))
        return "".join(parts)

    def _without_end(self, text: str, *, quoted: bool) -> str:
        """The record without its line end, which has to be the job's."""
        if text.endswith("\n"):
            right = text.endswith(self._end) and (self._end == "\r\n" or not text.endswith("\r\n"))
            text = text[: -len(self._end)] if right else "\r"
            quoted = quoted and right
        if len(text) > _MOST_CHARACTERS:
            raise _too_long(len(text))
        if not quoted and "\r" in text:
            raise self._wrong_line_end()
        return text

    def _split(self, text: str) -> list[str]:
        """The values of a record with quotes."""
        closed = text + self._delimiter
        if not self._record.fullmatch(closed):
            problem = self._diagnose(text)
            raise self._wrong_line_end() if problem is None else _cannot_parse(say(problem))
        return [quoted.replace('""', '"') if quoted else plain for quoted, plain in self._value.findall(closed)]

    def _diagnose(self, text: str) -> str | None:
        """What is wrong with the quotes of a record, as the table of messages names it; None where nothing is."""
        text, at = text + self._delimiter, 0
        while at < len(text) and (found := self._value.match(text, at)):
            at = found.end()
        if text.startswith('"', at):
            closing = re.compile(r'"[^"]*(?:""[^"]*)*"(?!")').match(text, at)
            return _BESIDE if closing else _UNCLOSED
        broken = re.compile(rf"[^\"\r\n{re.escape(self._delimiter)}]*").match(text, at)
        return _UNQUOTED if broken and text.startswith('"', broken.end()) else None

    def _wrong_line_end(self) -> BadInput:
        return BadInput(f"ClientInputError : {say('bulk.line_ending', setting=self._line_ending)}")


def _decode(line: bytes) -> str:
    try:
        text = line.decode("utf-8")
    except UnicodeDecodeError:
        if len(line) < _MOST_BYTES:
            raise _cannot_parse(say("bulk.not_utf8")) from None
        text = line.decode("utf-8", "replace")
    if len(line) >= _MOST_BYTES:
        raise _too_long(len(text))
    return text


def _too_long(number: int) -> BadInput:
    return _cannot_parse(say("bulk.record_too_long", number=number))


def _cannot_parse(problem: str) -> BadInput:
    return BadInput(f"InvalidBatch : Failed to parse CSV. {problem}")
