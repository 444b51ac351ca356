"""Queries that are put in order and continued (L2, L44)."""

import pytest

from syncline.salesforce.soql import build_query, put_in_order


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
