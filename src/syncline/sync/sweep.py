"""Reading some fields of every record and taking what differs: what no stamp tells, and what is read anew.

Formula and roll-up fields change without moving the stamp of their record; a field that is mapped or mirrored anew has
to be filled. A row is taken only where its stamp is the mirror's: one with another stamp changed as a whole, and comes
whole by the ordinary read.
"""

from collections.abc import Sequence
from dataclasses import replace

import psycopg

from syncline.domain.mapping import MappedField
from syncline.domain.shape import FieldShape
from syncline.salesforce.soql import build_query
from syncline.store import mirror, reads, staging
from syncline.store.database import transaction
from syncline.store.mirror_table import MirrorTable
from syncline.store.reads import Read
from syncline.sync.context import SyncContext
from syncline.sync.filters import bind_filter
from syncline.sync.stage import stage_query

_Mapped = list[tuple[MappedField, str]]


def sweep_fields(ctx: SyncContext, conn: psycopg.Connection, table: MirrorTable, fields: Sequence[FieldShape]) -> int:
    """Reads these fields of every record, with what they are calculated with; gives the records that differed.

    Where the object has no mark of deleted records, those that are gone go from the mirror.

    Raises:
        RemoteError: the org could not be read to its end; nothing of it is taken.
    """
    mapped = ctx.mapped(table.object_name) if table.of_people else []
    concerned = [pair for pair in mapped if _sources(pair) & {one.name for one in fields}]
    wanted = {name for pair in concerned for name in _sources(pair)} | {one.name for one in fields}
    own = {"Id", table.shape.stamp_field or "Id"}
    part = replace(table, fields=tuple(one for one in table.fields if one.name in own | wanted))
    names = [one.name for one in part.fields]
    with transaction(conn, "sweep"):
        rows = mirror.count_rows(conn, table)
    if not rows:
        return 0
    soql = build_query(table.object_name, names)
    read = Read("rest", None, soql, f"sweep:{','.join(names)}", ctx.salesforce.org_now())
    # Rows that were deleted are not shown; the mirror keeps of them what it has.
    stage_query(ctx, conn, part, read, rows, all_rows=False)
    with transaction(conn, "sweep"):
        touches = bool(concerned) or _filters_by(ctx, table, {one.name for one in fields})
        changed = mirror.merge_part(conn, part, _agreed(ctx, conn, table, concerned), touches=touches)
        if not table.of_people and not table.shape.find("IsDeleted"):
            mirror.mark_vanished(conn, table)
        reads.end_read(conn, ctx.connection.id, table.object_name)
        staging.drop(conn, ctx.tables, ctx.connection.id, table.object_name)
    ctx.counts.add("swept_changed", changed)
    return changed


def _filters_by(ctx: SyncContext, table: MirrorTable, names: set[str]) -> bool:
    """Whether any of these fields says which records of the object take part."""
    found = bind_filter(ctx, table.object_name) if table.of_people else None
    return found is not None and bool(names & set(found.formula.fields))


def _sources(pair: tuple[MappedField, str]) -> set[str]:
    field, source = pair
    return set(field.formula.formula.fields) if field.formula is not None else {source}


def _agreed(ctx: SyncContext, conn: psycopg.Connection, table: MirrorTable, mapped: _Mapped) -> _Mapped:
    """Those that were decided from their present source: the mirror holds what was agreed on."""
    cursor = reads.load_cursor(conn, ctx.connection.id, table.object_name)
    sources = cursor.sources if cursor else {}
    return [(field, source) for field, source in mapped if sources.get(field.name) == source]
