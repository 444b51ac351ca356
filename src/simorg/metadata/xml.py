"""XML from outside, read within bounds: no document types, no entities, no endless depth; places are kept for messages.

A document type is refused altogether: no message and no component needs one, and every entity attack does.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat
from xml.sax.saxutils import escape

from simorg.metadata.types import NAMESPACE

XSI = "http://www.w3.org/2001/XMLSchema-instance"
_DEEPEST = 60
_MOST_ELEMENTS = 1_000_000


class Malformed(Exception):
    """Content that cannot be read: why, and where (lines and columns begin with 1; 0 is unknown)."""

    def __init__(self, message: str, line: int = 0, column: int = 0) -> None:
        super().__init__(message)
        self.message = message
        self.line = line
        self.column = column


@dataclass(slots=True)
class Node:
    """An element: its name without and its namespace, its text, what it holds, where it begins, its xsi:type."""

    name: str
    namespace: str
    line: int
    column: int
    type: str = ""
    nil: bool = False
    text: str = ""
    children: list["Node"] = field(default_factory=list)

    def child(self, name: str) -> "Node | None":
        """The first child of a name."""
        return next((one for one in self.children if one.name == name), None)

    def all(self, name: str) -> list["Node"]:
        """The children of a name."""
        return [one for one in self.children if one.name == name]

    def value(self, name: str, default: str = "") -> str:
        """The text of a child, without the blanks around it."""
        found = self.child(name)
        return default if found is None else found.text.strip()

    def says(self, name: str) -> bool:
        """Whether a child says true."""
        return self.value(name) in ("true", "1")


class _Reader:
    def __init__(self) -> None:
        self.parser = expat.ParserCreate(namespace_separator="}")
        self.parser.buffer_text = True
        self.parser.StartElementHandler = self._start
        self.parser.EndElementHandler = self._end
        self.parser.CharacterDataHandler = self._data
        self.parser.StartDoctypeDeclHandler = self._refuse
        self.root: Node | None = None
        self._open: list[tuple[Node, list[str]]] = []
        self._number = 0

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        namespace, _, local = name.rpartition("}")
        line, column = self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1
        self._number += 1
        if len(self._open) >= _DEEPEST or self._number > _MOST_ELEMENTS:
            raise Malformed("The document is nested too deeply or too large", line, column)
        node = Node(
            local,
            namespace,
            line,
            column,
            type=attributes.get(f"{XSI}}}type", "").rpartition(":")[2],
            nil=attributes.get(f"{XSI}}}nil", "") in ("true", "1"),
        )
        if self._open:
            self._open[-1][0].children.append(node)
        else:
            self.root = node
        self._open.append((node, []))

    def _end(self, _name: str) -> None:
        node, pieces = self._open.pop()
        node.text = "".join(pieces)

    def _data(self, text: str) -> None:
        self._open[-1][1].append(text)

    def _refuse(self, *_: object) -> None:
        line, column = self.parser.CurrentLineNumber, self.parser.CurrentColumnNumber + 1
        raise Malformed("DOCTYPE is disallowed", line, column)


def read_xml(content: bytes) -> Node:
    """The root of a document.

    Raises:
        Malformed: it is not well-formed, or goes beyond what any component needs.
    """
    reader = _Reader()
    try:
        reader.parser.Parse(content, True)
    except expat.ExpatError as error:
        raise Malformed(expat.ErrorString(error.code), error.lineno, error.offset + 1) from None
    except (ValueError, LookupError) as error:
        raise Malformed(str(error), reader.parser.CurrentLineNumber, 1) from None
    assert reader.root is not None
    return reader.root


def write_xml(root: str, content: object) -> bytes:
    """A document of metadata: mappings are elements, lists repeat; None is left out."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', f'<{root} xmlns="{NAMESPACE}">']
    lines += _lines(content, 1)
    lines.append(f"</{root}>")
    return ("\n".join(lines) + "\n").encode()


def _lines(content: object, depth: int) -> Iterator[str]:
    assert isinstance(content, dict)
    indent = "    " * depth
    for name, value in content.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, dict):
                yield f"{indent}<{name}>"
                yield from _lines(one, depth + 1)
                yield f"{indent}</{name}>"
            elif one is not None:
                yield f"{indent}<{name}>{escape(show_plain(one))}</{name}>"


def show_plain(value: object) -> str:
    """A plain value as XML writes it; characters that XML 1.0 does not know are left out."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return "".join(one for one in str(value) if one >= " " or one in "\t\n\r")


def element(name: str, content: object, kind: str = "") -> str:
    """An element of an answer as text: mappings are children, lists repeat, None is nil; `kind` is its xsi:type.

    A tuple is of children as (name, content) in their order; a name may be (name, xsi:type).
    """
    typed = f' xsi:type="{kind}"' if kind else ""
    if content is None:
        return f'<{name}{typed} xsi:nil="true"/>'
    if isinstance(content, dict | tuple):
        inner = "".join(
            element(key[0], one, key[1]) if isinstance(key, tuple) else element(key, one)
            for key, value in (content.items() if isinstance(content, dict) else content)
            for one in (value if isinstance(value, list) else [value])
        )
        return f"<{name}{typed}>{inner}</{name}>"
    return f"<{name}{typed}>{escape(show_plain(content))}</{name}>"
