"""Records that belong to a contact by what happened to it: the Account and the Opportunity of a conversion."""

from datetime import datetime

import psycopg
from psycopg import sql

from syncline.domain.mapping import LEAD
from syncline.store.application import Batch
from syncline.store.decisions import Scope
from syncline.store.named_sql import load

_SQL = load("related")
#: Which object stands behind which field of a converted Lead (Object Reference, Lead).
_CONVERTED_INTO = (("Account", "ConvertedAccountId"), ("Opportunity", "ConvertedOpportunityId"))


def carry_related(conn: psycopg.Connection, scope: Scope, batch: Batch) -> None:
    """What belonged to contacts that others took over follows; belongs in the transaction of the batch."""
    parameters = {"run_id": scope.run_id, "connection_id": scope.connection_id, "after": batch.after}
    conn.execute(_SQL["carry"].compose(), {**parameters, "last": batch.last})


def relate_converted(conn: psycopg.Connection, scope: Scope, now: datetime) -> int:
    """Notes what the converted Leads of this run became beside the Contact; gives the number of new rows."""
    lead = scope.shapes.get(LEAD)
    if lead is None or not (lead.find("IsConverted") and lead.find("ConvertedContactId")):
        return 0
    values = [
        sql.SQL("({}, {})").format(sql.Literal(target), sql.Identifier("mirror", found.column))
        for target, name in _CONVERTED_INTO
        if (found := lead.find(name))
    ]
    if not values:
        return 0
    statement = _SQL["relate_converted"].compose(
        mirror=scope.tables.mirror(LEAD),
        values=sql.SQL(", ").join(values),
        touched=scope.touched(LEAD, sql.Identifier("mirror", "id")),
    )
    return conn.execute(statement, {"connection_id": scope.connection_id, "now": now}).rowcount
