"""Queries: put in order and continued (L2, L44), never by OFFSET (L6), and nothing written from parts (L48)."""

import re
from pathlib import Path

import pytest

import syncline
from syncline.salesforce.soql import build_query, put_in_order, quote, quote_list


def test_a_query_is_put_in_order() -> None:
    query = build_query("Lead", ["Id", "Title"], where="A >= 1 AND A <= 2")
    assert put_in_order(query, ["A", "Id"]) == f"{query} ORDER BY A, Id"


@pytest.mark.parametrize(("where", "condition"), [(None, ""), ("A >= 1 OR B = 2", "(A >= 1 OR B = 2) AND ")])
def test_l2_it_continues_behind_a_row_by_both_keys(where: str | None, condition: str) -> None:
    query = build_query("Lead", ["Id"], where=where)
    assert put_in_order(query, ["A", "Id"], ["5", "'x'"]) == (
        f"SELECT Id FROM Lead WHERE {condition}((A > 5) OR (A = 5 AND Id > 'x')) ORDER BY A, Id"
    )


def test_without_a_stamp_it_continues_by_id_alone() -> None:
    assert put_in_order("SELECT Id FROM G", ["Id"], ["'x'"]) == "SELECT Id FROM G WHERE ((Id > 'x')) ORDER BY Id"


def test_a_key_that_is_no_name_is_refused() -> None:
    with pytest.raises(ValueError, match="not a name"):
        put_in_order("SELECT Id FROM G", ["Id; DROP"])


def test_l6_no_query_skips_rows_by_their_number() -> None:
    """OFFSET ends at 2,000 rows, and drifts while rows change (SOQL and SOSL Reference, "OFFSET")."""
    sources = [
        path for name in ("salesforce", "sync") for path in Path(syncline.__file__).parent.joinpath(name).iterdir()
    ]
    found = [path.name for path in sources if path.suffix == ".py" and re.search(r"\bOFFSET\b", path.read_text())]
    assert len(sources) > 20
    assert not found


@pytest.mark.parametrize("text", ["O'Neill", "' OR Name != '", "\\", "\\' OR '", "a\nb", "é"])
def test_l48_a_value_never_ends_its_literal(text: str) -> None:
    literal = quote(text)
    assert re.fullmatch(r"'(?:[^'\\\n\r\t]|\\.)*'", literal)
    assert literal.encode().decode("unicode_escape" if text.isascii() else "utf-8")[1:-1] == text
    assert quote_list([text, text]) == f"({literal}, {literal})"


@pytest.mark.parametrize("name", ["Id FROM User", "Id--", "a'b", "", "Name, Id", "1st"])
def test_l48_what_is_no_name_is_never_part_of_a_query(name: str) -> None:
    with pytest.raises(ValueError, match="not a name"):
        build_query("Lead", [name])
    with pytest.raises(ValueError, match="not a name"):
        build_query(name, ["Id"])
