"""Automations whose time has come: each runs in a transaction of its own, under its user. What fails is noted."""

import logging

from simorg.behaviour.custom_rules import CustomRules, Refused
from simorg.behaviour.dml import Writer
from simorg.behaviour.setting_rules import find_user
from simorg.behaviour.waiting import Due, find_due, note_next, take
from simorg.org import Org

_log = logging.getLogger(__name__)


def deliver(org: Org) -> int:
    """Runs what is due by the org's clock, and not what this leads to; says how many automations ran."""
    now = org.clock.now()
    if not org.rules.is_due(now):
        return 0
    ran = sum(_run_safely(org, due) for due in find_due(org, now))
    note_next(org)
    return ran


def _run_safely(org: Org, due: Due) -> bool:
    """Runs one, once; says whether it was still there."""
    try:
        return _run(org, due)
    except (Refused, ValueError) as error:
        _log.warning("the automation %s failed on %s: %s", due.rule, due.record_id, error)
    with org.storage.transaction(lags=False) as tx:
        return take(tx, due)


def _run(org: Org, due: Due) -> bool:
    one = org.schema.get(due.object)
    rules = org.rules.of(one.name)
    rule = next((each for each in rules.automations if each.name == due.rule), None) if rules else None
    user_id = find_user(org, rule.user) if rule and rule.user else due.user_id
    with org.storage.transaction(user_id) as tx:
        tx.chain = due.chain
        if not take(tx, due):
            return False
        row = tx.get(one.name, due.record_id)
        if rules and rule and row and not row.get("IsDeleted"):
            CustomRules(org, tx, one, rules).act(rule, due.record_id, row, row, Writer(org, tx).write_by_rule)
    return True
