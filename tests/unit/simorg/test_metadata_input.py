"""XML and zips from outside: whatever they hold, they are read or refused with a reason, and never more than that."""

import io
import zipfile
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simorg.errors import ApiError
from simorg.metadata.archive import read_zip
from simorg.metadata.codec import read_json, read_node, show_json
from simorg.metadata.package import read_packages
from simorg.metadata.types import NAMESPACE
from simorg.metadata.xml import Malformed, Node, read_xml, write_xml

_FIELD = (
    f'<CustomField xmlns="{NAMESPACE}"><fullName>A__c</fullName><label>A &amp; B</label><length>20</length>'
    "<summaryFilterItems><field>x</field><operation>equals</operation></summaryFilterItems><type>Text</type></CustomField>"
)
_PACKAGE = f'<Package xmlns="{NAMESPACE}"><types><members>Lead</members><name>CustomObject</name></types></Package>'


def _read(content: bytes) -> Node | None:
    try:
        return read_xml(content)
    except Malformed:
        return None


@settings(max_examples=60)
@given(st.binary(max_size=200))
def test_any_bytes_are_xml_or_malformed(content: bytes) -> None:
    """Nothing else comes out."""
    _read(content)


@settings(max_examples=60)
@given(st.integers(0, len(_FIELD) - 1), st.binary(max_size=12), st.integers(0, 30))
def test_a_damaged_component_is_read_or_malformed(at: int, put: bytes, gone: int) -> None:
    """Bytes taken away and put in at any place."""
    content = _FIELD.encode()
    node = _read(content[:at] + put + content[at + gone :])
    if node is not None:
        with suppress(Malformed):
            read_node("CustomField", node)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["type", "label", "valueSet"]), inner),
    max_leaves=8,
)


@settings(max_examples=60)
@given(_JSON)
def test_any_json_is_a_component_or_malformed(given_json: object) -> None:
    """What is read can be shown, and read again as the same."""
    try:
        content = read_json("CustomField", given_json)
    except Malformed:
        return
    assert read_json("CustomField", show_json("CustomField", content)) == content


@settings(max_examples=60)
@given(st.text(max_size=30).filter(lambda text: "\r" not in text))
def test_text_comes_back_from_xml_as_it_went(text: str) -> None:
    """Markup is escaped; characters that XML does not know are left out."""
    kept = "".join(one for one in text if one >= " " or one in "\t\n")
    kept = kept.encode("utf-8", "replace").decode()
    if any(one in "\ufffe\uffff" for one in kept):
        return
    node = read_xml(write_xml("CustomField", {"description": kept}))
    assert read_node("CustomField", node).get("description") == kept


@pytest.mark.parametrize(
    "content",
    [
        b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>',
        b'<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd"><a/>',
        b"<a>" * 61 + b"</a>" * 61,
        b"<a>&b;</a>",
    ],
)
def test_attacks_by_xml_are_malformed(content: bytes) -> None:
    """Document types, outside entities, depth."""
    with pytest.raises(Malformed):
        read_xml(content)


def _pack(files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return packed.getvalue()


_ZIP = _pack({"package.xml": _PACKAGE.encode(), "objects/Lead.object": b"<CustomObject/>"})


@settings(max_examples=60)
@given(st.integers(0, len(_ZIP) - 1), st.binary(max_size=8), st.integers(0, 20))
def test_a_damaged_zip_is_read_or_refused(at: int, put: bytes, gone: int) -> None:
    """A zip with bytes changed anywhere: files, or a code; and what is read of it are messages, not exceptions."""
    with suppress(ApiError):
        read_packages(read_zip(_ZIP[:at] + put + _ZIP[at + gone :]), single=True, missing_allowed=False)


@settings(max_examples=60)
@given(st.dictionaries(st.sampled_from(["package.xml", "objects/a.object", "a/b/c", "x"]), st.binary(max_size=40)))
def test_any_files_make_packages(files: dict[str, bytes]) -> None:
    """A package with messages about what is wrong."""
    for single in (True, False):
        for package in read_packages(files, single=single, missing_allowed=False):
            assert package.messages or package.components or "package.xml" in files


def test_a_zip_is_read_no_further_than_the_limit() -> None:
    """The limit counts what comes out, not what the zip weighs."""
    with pytest.raises(ApiError) as refused:
        read_zip(_pack({"objects/Lead.object": b"\0" * 100_000}), most=1_000)
    assert refused.value.code == "LIMIT_EXCEEDED"
