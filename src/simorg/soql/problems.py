"""The errors of queries, with the line, the caret under the place, and the sentence (as recordings show them)."""

from simorg.errors import ApiError
from simorg.soql.tree import Place


def problem(code: str, message: str, text: str = "", place: Place | None = None) -> ApiError:
    """An error, at its place in the text where it has one."""
    if place is None:
        return ApiError(400, code, message)
    line = text.split("\n")[place.line - 1] if text else ""
    caret = " " * (place.column - 1) + "^"
    return ApiError(400, code, f"\n{line}\n{caret}\nERROR at Row:{place.line}:Column:{place.column}\n{message}")


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
