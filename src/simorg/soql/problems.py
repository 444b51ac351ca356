"""The errors of queries: a piece of the text around the place, a caret under it, row and column, and the sentence.

Recordings of real orgs settle the form. The piece reaches 31 characters to either side of the place, goes on to the
ends of the words that it would cut (words end at blanks and commas), and never leaves the line. Errors of syntax count
columns from 0, all others from 1; the caret stands under the column counted from 1 in both.
"""

from simorg.errors import ApiError
from simorg.soql.tree import Place

_AROUND = 31
_WORD_ENDS = frozenset(" ,\t\r\f")


def problem(code: str, message: str, text: str = "", place: Place | None = None) -> ApiError:
    """An error, at its place in the text where it has one."""
    if place is None:
        return ApiError(400, code, message)
    line = text.split("\n")[place.line - 1]
    at = place.column - 1
    first, after = _find_piece(line, at)
    caret = " " * (at - first) + "^"
    return ApiError(
        400, code, f"\n{line[first:after]}\n{caret}\nERROR at Row:{place.line}:Column:{place.column}\n{message}"
    )


def syntax_problem(message: str, text: str, place: Place) -> ApiError:
    """MALFORMED_QUERY: the text is no query from this place on."""
    return problem("MALFORMED_QUERY", message, text, Place(place.offset, place.line, max(1, place.column - 1)))


def unknown_object(name: str, text: str, place: Place) -> ApiError:
    """INVALID_TYPE."""
    message = (
        f"sObject type '{name}' is not supported. If you are attempting to use a custom object, be sure to append the "
        "'__c' after the entity name. Please reference your WSDL or the describe call for the appropriate names."
    )
    return problem("INVALID_TYPE", message, text, place)


def unknown_field(name: str, object_name: str, text: str, place: Place) -> ApiError:
    """INVALID_FIELD."""
    message = (
        f"No such column '{name}' on entity '{object_name}'. If you are attempting to use a custom field, be sure to "
        "append the '__c' after the custom field name. Please reference your WSDL or the describe call for the "
        "appropriate names."
    )
    return problem("INVALID_FIELD", message, text, place)


def _find_piece(line: str, at: int) -> tuple[int, int]:
    """The piece of a line to show around a place: where it begins, and where it has ended."""
    ends_before = (one for one in range(at - _AROUND, -1, -1) if line[one] in _WORD_ENDS)
    first = next(ends_before, -1) + 1
    after = next((one for one in range(at + _AROUND, len(line)) if line[one] in _WORD_ENDS), len(line))
    return first, after
