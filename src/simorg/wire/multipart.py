"""A request in several parts (multipart/form-data, RFC 7578)."""

from email.message import Message

from werkzeug.sansio.multipart import Data, Epilogue, Field, File, MultipartDecoder, NeedData

from simorg.errors import ApiError
from simorg.wire.http import ApiRequest

_MOST_PARTS = 10


def read_parts(request: ApiRequest) -> dict[str, bytes]:
    """The parts of a request by their names.

    Raises:
        ApiError: 400, it is not made of parts as it says.
    """
    header = Message()
    header["Content-Type"] = request.headers.get("content-type", "")
    boundary = header.get_boundary()
    if not boundary:
        raise _malformed("no boundary")
    decoder = MultipartDecoder(boundary.encode("latin-1", "replace"), max_parts=_MOST_PARTS)
    decoder.receive_data(request.body)
    decoder.receive_data(None)
    parts: dict[str, bytearray] = {}
    name = ""
    try:
        while not isinstance(event := decoder.next_event(), Epilogue):
            if isinstance(event, NeedData):
                raise _malformed("it breaks off")
            if isinstance(event, Field | File):
                name = event.name or ""
                parts[name] = bytearray()
            elif isinstance(event, Data):
                parts[name] += event.data
    except ValueError as error:
        raise _malformed(str(error)) from None
    return {one: bytes(content) for one, content in parts.items()}


def _malformed(why: str) -> ApiError:
    return ApiError(400, "BAD_REQUEST", f"The request is not multipart/form-data as it says: {why}.")
