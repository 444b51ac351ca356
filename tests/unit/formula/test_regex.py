"""Patterns of REGEX() are turned into PostgreSQL's, or refused."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from syncline.domain.formula.regex import translate
from syncline.domain.formula.tree import Position
from syncline.errors import FormulaError

HERE = Position(1, 1)


@pytest.mark.parametrize(
    ("java", "postgresql"),
    [
        ("a", "^(?:a)$"),
        ("a|b", "^(?:a|b)$"),
        (r"\d{5}", "^(?:[0-9]{5})$"),
        (r"[\d.]+?", r"^(?:[0-9\.]+)$"),
        (r"(ab)*", "^(?:(?:ab)*)$"),
        (r"\bx\B", r"^(?:\yx\Y)$"),
        ("(?i)x", "(?i)^(?:x)$"),
        (".", r"^(?:[^\n\r])$"),
        (r"\x41", "^(?:A)$"),
        (r"[^a-z\-]", r"^(?:[^a-z\-])$"),
        ("a{2,}", "^(?:a{2,})$"),
        ("é", r"^(?:\u00E9)$"),
    ],
)
def test_a_pattern_is_translated(java: str, postgresql: str) -> None:
    assert translate(java, HERE) == postgresql


REFUSED = r"""
( ) [ [] [a[b]] [a&&b] *a a** a*+ a{256} a{3,2} a{x} { (?:a{99}){99} (a)\1 \k<n> (?<n>a) (?>a) a(?i) a?+ \x4
\p{L} \Qa\E \u00 \u0000 \uD800 \ [z-a] [a-\d] ^* (?=a)+ |* \z [&& [^] [\W] a{1}{2}
"""


@pytest.mark.parametrize("pattern", [*REFUSED.split(), "(" * 31 + ")" * 31, "a" * 1_001])
def test_what_has_no_bounded_time_or_no_meaning_is_refused(pattern: str) -> None:
    with pytest.raises(FormulaError, match="pattern") as caught:
        translate(pattern, HERE)
    assert caught.value.remedy


@given(st.text(alphabet="ab01()[]{}*+?|^$.\\dwsDWSbBpuxX,:=!<>&-i é\n", max_size=25))
def test_any_pattern_is_translated_or_refused(pattern: str) -> None:
    with suppress(FormulaError):
        assert translate(pattern, HERE).endswith(")$")
