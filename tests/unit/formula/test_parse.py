"""The text of a formula becomes the tree that Salesforce reads in it, or an error that says where."""

import sys
from contextlib import suppress
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.domain.formula.parse import MAX_LENGTH, parse
from syncline.domain.formula.tree import MAX_DEPTH, Call, FieldName, Literal, Node, Operation
from syncline.errors import FormulaError


def show(node: Node) -> str:
    """The tree with every bracket written out."""
    if isinstance(node, Literal):
        return repr(node.value) if not isinstance(node.value, Decimal) else str(node.value)
    if isinstance(node, FieldName):
        return node.name
    if isinstance(node, Call):
        return f"{node.name}({', '.join(map(show, node.arguments))})"
    if len(node.operands) == 1:
        return f"({node.operator}{show(node.operands[0])})"
    return "(" + f" {node.operator} ".join(map(show, node.operands)) + ")"


@pytest.mark.parametrize(
    ("text", "tree"),
    [
        ("1 + 2 * 3", "(1 + (2 * 3))"),
        ("1 - 2 - 3", "((1 - 2) - 3)"),
        ("8 / 4 / 2", "((8 / 4) / 2)"),
        # Salesforce's engine: a product binds stronger than a power, and powers group from the left.
        ("2 * 3 ^ 2", "((2 * 3) ^ 2)"),
        ("2 ^ 3 ^ 2", "((2 ^ 3) ^ 2)"),
        ("-2 ^ 2", "((-2) ^ 2)"),
        ("a & b + c & d", "(((a & b) + c) & d)"),
        ("a & b & c", "(a & b & c)"),
        ("a || b && c", "(a || (b && c))"),
        ("a && b && c || d || e", "((a && b && c) || d || e)"),
        ("a = b <> c", "((a = b) <> c)"),
        ("a == b", "(a = b)"),
        ("a != b", "(a <> b)"),
        ("a < b = c >= d", "((a < b) = (c >= d))"),
        ("1 + 2 > 3 && x", "(((1 + 2) > 3) && x)"),
        ("!a && NOT b", "((!a) && (!b))"),
        ("NOT(a) = b", "((!a) = b)"),
        ("not_a & notb", "(not_a & notb)"),
        ("(1 + 2) * 3", "((1 + 2) * 3)"),
        ("--1", "(-(-1))"),
        ("if(TRUE, null, False)", "if(True, None, False)"),
        ("Owner.Profile.Name & $User.Id", "(Owner.Profile.Name & $User.Id)"),
        ("a /* one * / */ & /**/ b", "(a & b)"),
        ("TODAY( )", "TODAY()"),
        ("1.50", "1.50"),
    ],
)
def test_precedence_is_that_of_salesforce(text: str, tree: str) -> None:
    assert show(parse(text)) == tree


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ('"a"', "a"),
        ("'a'", "a"),
        ('"it\'s"', "it's"),
        ("'say \"so\"'", 'say "so"'),
        (r'"a\"b\\c\'d"', "a\"b\\c'd"),
        (r'"a\nb\tc\r"', "a\nb\tc\r"),
        ('""', ""),
        ('"/* no comment */"', "/* no comment */"),
        ('"Zoë 日本 😀 %s {x}"', "Zoë 日本 😀 %s {x}"),
    ],
)
def test_texts_stand_in_either_quote(text: str, value: str) -> None:
    found = parse(text)
    assert isinstance(found, Literal)
    assert found.value == value


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("IF(a", "Missing ')'", 1, 5),
        ("a +", "ends too early", 1, 4),
        ("(a))", "Extra ')'", 1, 4),
        ("a b", "before 'b'", 1, 3),
        ("a &\n  b c", "before 'c'", 2, 5),
        ("a,b", "Extra ','", 1, 2),
        ("LEFT(,1)", "Extra ','", 1, 6),
        ('"abc', "Missing closing quote", 1, 1),
        ('1 &\n "abc', "Missing closing quote", 2, 2),
        ('"a\nb"', "Missing closing quote", 1, 1),
        (r'1 & "\q"', "not an escape", 1, 5),
        ("a § b", "Found '§'", 1, 3),
        ("a ; DROP TABLE x", "Found ';'", 1, 3),
        ("a -- b;", "Found ';'", 1, 7),
        ("[a]", "Found '['", 1, 1),
        ("", "empty", None, None),
        (" /* only this", "Extra '/'", 1, 2),
        ("1" * 40, "number is too long", 1, 1),
        ("a\x00", "cannot be used", 1, 2),
        ("a\ud800", "cannot be used", 1, 2),
    ],
)
def test_an_error_says_what_and_where(text: str, message: str, line: int | None, column: int | None) -> None:
    with pytest.raises(FormulaError, match="Error: ") as caught:
        parse(text)
    assert message in str(caught.value)
    assert caught.value.remedy
    if line is None:
        assert caught.value.position is None
    else:
        assert str(caught.value.position) == f"line {line}, column {column}"


@pytest.mark.parametrize(
    "text",
    ["f(" * 1_299 + "1" + ")" * 1_299, "-" * 3_000 + "1", "!" * 3_000 + "a", "+".join("a" * 1_900), "1^" * 1_500 + "1"],
)
def test_what_nests_too_deeply_is_refused(text: str) -> None:
    with pytest.raises(FormulaError, match="nested too deeply"):
        parse(text)


def test_brackets_and_chains_nest_nothing() -> None:
    assert show(parse("(" * 1_900 + "1" + ")" * 1_900)) == "1"
    chain = parse("&".join("a" * 1_950))
    assert isinstance(chain, Operation)
    assert (len(chain.operands), chain.depth) == (1_950, 2)


def test_the_deepest_formula_is_read() -> None:
    assert parse("f(" * (MAX_DEPTH - 1) + "1" + ")" * (MAX_DEPTH - 1)).depth == MAX_DEPTH


def test_the_longest_formula_is_read() -> None:
    longest = '"' + "a" * (MAX_LENGTH - 2) + '"'
    assert show(parse(longest)) == repr("a" * (MAX_LENGTH - 2))
    with pytest.raises(FormulaError, match="too long"):
        parse(longest + "a")


def test_positions_are_those_of_the_text() -> None:
    call = parse("IF(\n  a,\n  'x',\n  b)")
    assert isinstance(call, Call)
    assert [str(one.position) for one in call.arguments] == ["line 2, column 3", "line 3, column 3", "line 4, column 3"]


PIECES = ["IF(", "(", ")", ",", "&", "&&", "||", "+", "-", "*", "/", "^", "=", "<>", "!", "NOT", "TODAY()", "a", "1"]
PIECES += ['"', "'", "\\", ".", "/*", "*/", "$", "::", ";", "--", "%s", "{0}", "😀", " ", "\n", "\u2028"]


@given(st.one_of(st.text(max_size=200), st.lists(st.sampled_from(PIECES), max_size=60).map("".join)))
def test_any_text_is_read_or_refused(text: str) -> None:
    limit = sys.getrecursionlimit()
    with suppress(FormulaError):
        assert parse(text).depth <= MAX_DEPTH
    assert sys.getrecursionlimit() == limit
