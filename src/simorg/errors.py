"""The errors of an org: one for a whole request, one as the value of a refused row."""

from collections.abc import Sequence
from dataclasses import dataclass


class ApiError(Exception):
    """A request that is answered with an error: HTTP status, Salesforce's code and message, the fields it names."""

    def __init__(
        self, status: int, code: str, message: str, fields: Sequence[str] | None = None, *, body: object = None
    ) -> None:
        super().__init__(f"{status} {code}: {message}")
        self.status = status
        self.code = code
        self.message = message
        self.fields = None if fields is None else tuple(fields)
        self.body = body

    def as_json(self) -> object:
        """The body of the answer: an array with one error, unless the error brings a body of its own."""
        if self.body is not None:
            return self.body
        error: dict[str, object] = {"message": self.message, "errorCode": self.code}
        if self.fields is not None:
            error["fields"] = list(self.fields)
        return [error]


@dataclass(frozen=True)
class RowError:
    """Why one record was refused."""

    code: str
    message: str
    fields: tuple[str, ...] = ()
    status: int = 400
    #: What else is told about it where there is room for it (what a record repeats).
    extra: object = None

    def as_item(self) -> dict[str, object]:
        """Its form within collections."""
        return {"statusCode": self.code, "message": self.message, "fields": list(self.fields)}

    def as_api_error(self) -> ApiError:
        """Its form where the record was the whole request."""
        return ApiError(self.status, self.code, self.message, self.fields)


class ConnectionDropped(Exception):
    """A fault on order: the server closes the socket instead of answering."""
