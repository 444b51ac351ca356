"""Data that fail a Bulk ingest job as a whole: nothing of the batch is written, and all of it is left over."""

import pytest

from tests.clients.loading import Loader
from tests.simulated import Simulated

_UNESCAPED = "InvalidBatch : Failed to parse CSV. Found unescaped quote. A value with quote should be within a quote"
_UNCLOSED = "InvalidBatch : Failed to parse CSV. EOF reached before closing an opened quote"
_BESIDE = "InvalidBatch : Failed to parse CSV. Not expecting more text after end quote"
_TOO_LONG = (
    "InvalidBatch : Failed to parse CSV. Exceeded max length for one record: {0}. Max length for one record should be "
    "less than or equal to 400000"
)
_LINE_END = "ClientInputError : LineEnding is invalid on user data. Current LineEnding setting is {0}"
_NOT_FOUND = "InvalidBatch : Field name not found : {0}"


@pytest.fixture
def loader(org: Simulated) -> Loader:
    return Loader(org)


def _fails(loader: Loader, data: bytes, message: str, **more: str) -> None:
    job = loader.run(data, **more)
    assert (job["state"], job["errorMessage"]) == ("Failed", message)
    assert (job["numberRecordsProcessed"], job["numberRecordsFailed"]) == (0, 0)
    assert loader.call("GET", f"/{job['id']}/unprocessedrecords").content == data
    assert loader.text(job["id"], "successfulResults").startswith('"sf__Id","sf__Created"')
    assert len(loader.text(job["id"], "successfulResults").splitlines()) == 1
    assert not loader.named("Loaded")


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (b'a"b,Loaded\n', _UNESCAPED),
        (b'a, "b"\n', _UNESCAPED),
        (b'"a" ,Loaded\n', _BESIDE),
        (b'"a"b,Loaded\n', _BESIDE),
        (b'"a""b",Loaded"\n', _UNESCAPED),
        (b'"a,Loaded\n', _UNCLOSED),
        (b'"a""', _UNCLOSED),
        (b'"a,Loaded\nb,Loaded\nc,Loaded', _UNCLOSED),
        (b'a"b,Loaded\nc"d,Loaded\n', _UNESCAPED),
        (b"a,Loaded\r\n", _LINE_END.format("LF")),
        (b"a,Loaded\nb,Loaded\r\n", _LINE_END.format("LF")),
        (b'"a","Loaded"\r\n', _LINE_END.format("LF")),
        (b"a,Loaded\rb,Loaded\r", _LINE_END.format("LF")),
        (b'"a",Loaded\rb,Loaded\n', _LINE_END.format("LF")),
        (b"a,Loaded,more\n", "InvalidBatch : Failed to parse CSV. A row has 3 columns where the header has 2"),
        (b"a\n", "InvalidBatch : Failed to parse CSV. A row has 1 columns where the header has 2"),
        (b"a\xff,Loaded\n", "InvalidBatch : Failed to parse CSV. The data are not UTF-8"),
        (b"a" * 399_993 + b",Loaded!\n", _TOO_LONG.format(400_001)),
        (b'"' + b"a\n" * 200_001, _TOO_LONG.format(400_001)),
        (b"a" * 2_000_000, _TOO_LONG.format(1_600_002)),
    ],
    ids=range(20),
)
def test_rows_that_cannot_be_read(loader: Loader, rows: bytes, message: str) -> None:
    good = b"Moss,Loaded\n" * 3
    _fails(loader, b"LastName,Company\n" + good + rows, message)


@pytest.mark.parametrize(
    "data",
    [
        b"LastName,Company\nMoss,Loaded\n",
        b"LastName,Company\r\nMoss,Loaded\n",
        b'LastName,Company\r\n"Moss",Loaded\n',
        b"LastName,Company\r\nMoss\r,Loaded\r\n",
    ],
)
def test_line_ends_that_are_not_the_windows_ones(loader: Loader, data: bytes) -> None:
    _fails(loader, data, _LINE_END.format("CRLF"), lineEnding="CRLF")


@pytest.mark.parametrize(
    ("header", "message"),
    [
        ("LastName,Company,Colour", _NOT_FOUND.format("Colour")),
        ("LastName,Company, Title", _NOT_FOUND.format(" Title")),
        ("LastName,Company,HasOptedOutOfEmail", _NOT_FOUND.format("HasOptedOutOfEmail")),
        ("LastName,Company,", _NOT_FOUND.format("")),
        ("LastName,Company,Owner.Name", _NOT_FOUND.format("Owner.Name")),
        ("LastName,Company,Nobody.Id", _NOT_FOUND.format("Nobody.Id")),
        ("LastName,Company,Contact:Owner.Username", _NOT_FOUND.format("Contact:Owner.Username")),
        ("LastName,Company,Group:Owner.Username", _NOT_FOUND.format("Group:Owner.Username")),
        ("LastName,Company,Owner.Manager.Username", _NOT_FOUND.format("Owner.Manager.Username")),
        ("LastName,Company,OwnerId.Username", _NOT_FOUND.format("OwnerId.Username")),
        ("\ufeffLastName,Company,Title", _NOT_FOUND.format("\ufeffLastName")),
        ('\ufeff"LastName",Company,Title', _UNESCAPED),
        ("LastName,Company,lastname", "InvalidBatch : Field name duplicated : LastName"),
        ("LastName,OwnerId,Owner.Username", "InvalidBatch : Field name duplicated : OwnerId"),
        ("LastName,Company," + "x" * 31_984, "InvalidBatch : The header row exceeds 32000 characters"),
        ("LastName,Company," + "x" * 31_983, _NOT_FOUND.format("x" * 31_983)),
    ],
    ids=range(16),
)
def test_headers_that_no_job_takes(loader: Loader, header: str, message: str) -> None:
    _fails(loader, f"{header}\nMoss,Loaded,x\n".encode(), message)


@pytest.mark.parametrize(
    ("operation", "key", "header", "message"),
    [
        ("update", "", "LastName,Company", _NOT_FOUND.format("Id")),
        ("upsert", "Syncline_Id__c", "LastName,Company", _NOT_FOUND.format("Syncline_Id__c")),
        ("upsert", "Id", "LastName,Company", _NOT_FOUND.format("Id")),
        ("delete", "", "Id,LastName", "InvalidBatch : The 'delete' batch must contain only ids"),
        ("delete", "", "LastName", "InvalidBatch : The 'delete' batch must contain only ids"),
    ],
)
def test_headers_that_lack_what_names_the_record(
    loader: Loader, operation: str, key: str, header: str, message: str
) -> None:
    more = {"externalIdFieldName": key} if key else {}
    _fails(loader, f"{header}\nMoss,Loaded\n".encode(), message, operation=operation, **more)


def test_a_later_batch_that_cannot_be_read_leaves_the_first_written(loader: Loader) -> None:
    loader.org.control("POST", "settings", {"bulk_batch_rows": 2})
    try:
        rest = 'Moss 2,Loaded\nMoss "3",Loaded\n'
        job = loader.run(f"LastName,Company\nMoss 0,Loaded\nMoss 1,Loaded\n{rest}")
    finally:
        loader.org.control("POST", "settings", {"bulk_batch_rows": 10_000})
    assert (job["state"], job["errorMessage"], job["numberRecordsProcessed"]) == ("Failed", _UNESCAPED, 2)
    assert loader.text(job["id"], "unprocessedrecords") == f"LastName,Company\n{rest}"
    assert [row["LastName"] for row in loader.named("Loaded")] == ["Moss 0", "Moss 1"]


def test_what_is_unusual_and_right(loader: Loader) -> None:
    long = "x" * 31_000
    data = (
        "\n\nLastName,Company,Description\n"
        '" Ada ",Loaded,\n'
        "\n"
        '"Bea ""B"" O\'Neil",Loaded,"line\r\nbreak\n\nand, comma"\n'
        f'Cy,Loaded,"{long}"\n'
        'Łukasz 😀,"Loaded",""'
    )
    job = loader.run(data)
    assert (job["state"], job["numberRecordsProcessed"], job["numberRecordsFailed"]) == ("JobComplete", 4, 0)
    assert [(row["LastName"], row["Description"]) for row in loader.named("Loaded")] == [
        ("Ada", None),
        ('Bea "B" O\'Neil', "line\r\nbreak\n\nand, comma"),
        ("Cy", long),
        ("Łukasz 😀", None),
    ]
    told = [row["LastName"] for row in loader.rows(job["id"], "successfulResults")]
    assert told == [" Ada ", 'Bea "B" O\'Neil', "Cy", "Łukasz 😀"]
