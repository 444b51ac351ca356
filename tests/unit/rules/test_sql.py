"""Rules about the named SQL: every statement has a name and a sentence, and takes time as a parameter."""

import re
from pathlib import Path

import pytest

from syncline.store.named_sql import FOLDER, load, parse

CLOCKS = re.compile(
    r"\b(now\s*\(|current_timestamp|current_date|localtimestamp|clock_timestamp|statement_timestamp)", re.I
)
SUBJECTS = sorted(FOLDER.glob("*.sql"))
MIGRATIONS = sorted((FOLDER.parent / "migrations").glob("*.sql"))


def without_comments(text: str) -> str:
    return re.sub(r"--.*", "", text)


@pytest.mark.parametrize("path", SUBJECTS, ids=lambda path: path.stem)
def test_every_statement_has_a_name_and_a_sentence(path: Path) -> None:
    statements = load(path.stem)

    assert statements
    for statement in statements.values():
        assert statement.description[0].isupper(), statement.name
        assert statement.description.endswith("."), statement.name


#: An edit by plain SQL brings no time of its own: capture alone has to ask.
TIMED = [path for path in [*SUBJECTS, *MIGRATIONS] if not path.stem.endswith("capture")]


@pytest.mark.parametrize("path", TIMED, ids=lambda path: path.stem)
def test_no_statement_asks_what_time_it_is(path: Path) -> None:
    assert not CLOCKS.findall(without_comments(path.read_text()))


@pytest.mark.parametrize("path", SUBJECTS, ids=lambda path: path.stem)
def test_values_are_parameters(path: Path) -> None:
    for statement in load(path.stem).values():
        rest = re.sub(r"%\(\w+\)s|%%", "", without_comments(statement.text))
        assert "%" not in rest, f"{statement.name}: a % that is neither a parameter nor doubled"
        assert not re.search(r"\bformat\s*\(", rest, re.I), f"{statement.name} builds SQL from text"


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("SELECT 1;", "before the first name"),
        ("-- one --\n-- First.\nSELECT 1;\n-- one --\n-- Again.\nSELECT 2;", "appears twice"),
        ("-- one --\nSELECT 1;", "lacks its description"),
        ("-- one --\n-- Says something.\n", "lacks its statement"),
    ],
)
def test_a_file_that_breaks_the_form_is_refused(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        parse(text, "example")


def test_reads_names_sentences_and_statements() -> None:
    statements = parse(
        "-- Head.\n\n-- one --\n-- First\n-- line.\nSELECT %(a)s\nFROM {t};\n\n-- two --\n-- B.\nSELECT 2", "x"
    )

    assert list(statements) == ["one", "two"]
    assert statements["one"].description == "First line."
    assert statements["one"].text == "SELECT %(a)s\nFROM {t}"
