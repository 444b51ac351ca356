"""Automations whose time has come: each runs in a transaction of its own, under its user. What fails is noted."""

import logging

from simorg.behaviour.custom_rules import CustomRules, Refused
from simorg.behaviour.dml import Writer
from simorg.behaviour.rulebook import Due
from simorg.behaviour.setting_rules import find_user
from simorg.org import Org

_log = logging.getLogger(__name__)


def deliver(org: Org) -> int:
    """Runs what is due by the org's clock; says how many automations ran."""
    ripe = org.rules.take_due(org.clock.now())
    for due in ripe:
        try:
            _run(org, due)
        except (Refused, ValueError) as error:
            _log.warning("the automation %s failed on %s: %s", due.rule.name, due.record_id, error)
    return len(ripe)


def _run(org: Org, due: Due) -> None:
    one = org.schema.get(due.rule.object)
    rules = org.rules.of(one.name)
    if rules is None or due.rule not in rules.automations:
        return
    user_id = find_user(org, due.rule.user) if due.rule.user else due.user_id
    with org.storage.transaction(user_id) as tx:
        row = tx.get(one.name, due.record_id)
        if row is None or row.get("IsDeleted"):
            return
        custom = CustomRules(org, tx, one, rules)
        custom.act(due.rule, due.record_id, row, row, Writer(org, tx).write_by_rule)
