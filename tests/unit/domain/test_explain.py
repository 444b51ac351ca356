"""What is said of a difference names the rule that keeps it: the pure part of explanations."""

from dataclasses import replace
from decimal import Decimal

import pytest

from syncline.domain.explain import FieldFacts, Standing, explain_field
from syncline.domain.mapping import Direction, FieldType, MappedField
from syncline.domain.mapping_options import LengthPolicy, PushGuard

TITLE = MappedField("title", "Title", FieldType.TEXT, "Title", "Title", Direction.BOTH)
SCORE = MappedField("score", "Score", FieldType.SCORE, "Score__c", None, Direction.PUSH, step=Decimal(5))
BOX = MappedField("vip", "VIP", FieldType.BOOLEAN, "VIP__c", None, Direction.BOTH, guard=PushGuard.IF_BLANK)
DRIFT = ("FIELD_READ_ONLY", "Lead.Title cannot be edited.", "Grant the right to edit it.")


@pytest.mark.parametrize(
    ("field", "facts", "standing", "said"),
    [
        (
            replace(TITLE, guard=PushGuard.NEVER),
            FieldFacts("A", "B", outbox_state="waiting"),
            "DIVERGENT",
            "push guard",
        ),
        (replace(TITLE, guard=PushGuard.IF_BLANK), FieldFacts("A", "B"), "DIVERGENT", "holds nothing"),
        (replace(TITLE, guard=PushGuard.IF_BLANK), FieldFacts("A", None, outbox_state="waiting"), "WAITS", "goes out"),
        (BOX, FieldFacts("true", "false", outbox_state="waiting"), "WAITS", "goes out"),
        (BOX, FieldFacts("false", "true"), "DIVERGENT", "holds nothing"),
        (SCORE, FieldFacts("13", "10", outbox_state="waiting"), "DIVERGENT", "step of 5"),
        (SCORE, FieldFacts("15", "10", outbox_state="waiting"), "WAITS", "goes out"),
        (replace(TITLE, length=LengthPolicy.CUT), FieldFacts("Long text", "Long"), "IN_STEP", "first 4 characters"),
        (replace(TITLE, length=LengthPolicy.CUT_WITH_MARK), FieldFacts("Long text", "Lo\u2026"), "IN_STEP", "cut"),
        (replace(TITLE, length=LengthPolicy.CUT), FieldFacts("Long text", "Other"), "DRIFTED", "past the engine"),
        (TITLE, FieldFacts("Long text", "Long"), "DRIFTED", "past the engine"),
        (replace(TITLE, group="job"), FieldFacts("A", "B", outbox_state="waiting"), "WAITS", "its group job"),
        (replace(TITLE, group="job"), FieldFacts(None, "B"), "DIVERGENT", "its group job"),
        (TITLE, FieldFacts("A", "B", outbox_state="waiting", drift=DRIFT), "SUSPENDED", "FIELD_READ_ONLY"),
    ],
)
def test_the_rule_that_decided_is_named(field: MappedField, facts: FieldFacts, standing: str, said: str) -> None:
    verdict = explain_field(field, "Source__c", facts)
    assert (verdict.standing, said in verdict.sentence) == (Standing[standing], True), verdict
    assert verdict.remedy or verdict.standing is Standing.IN_STEP
