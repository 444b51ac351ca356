"""Automatic numbers (Salesforce Help, "Custom Field Types": Auto Number, display format)."""

import re

from simorg.org import Org
from simorg.schema.registry import Field, ObjectType
from simorg.transactions import Transaction

_PART = re.compile(r"\{(0+|YYYY|YY|MM|DD)\}")


def next_auto_number(tx: Transaction, one: ObjectType, field: Field, org: Org) -> str:
    """The number of a new record, in the field's form."""
    first = field.definition.starting_number if field.definition else 1
    number = tx.next_number(one.name, field.name, first)
    day = org.clock.now().astimezone(org.time_zone).date()
    parts = {"YYYY": f"{day:%Y}", "YY": f"{day:%y}", "MM": f"{day:%m}", "DD": f"{day:%d}"}

    def fill(found: re.Match[str]) -> str:
        part = found.group(1)
        return parts[part] if part in parts else f"{number:0{len(part)}d}"

    return _PART.sub(fill, field.auto_number or "{0}")
