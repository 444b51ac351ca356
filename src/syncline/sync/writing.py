"""Writing one set of records: by collections, strictly, or, where they are person accounts, through their Accounts."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from syncline.domain.outcomes import RowResult
from syncline.domain.person_accounts import account_field
from syncline.domain.sending import Pending
from syncline.domain.values import text_to_json
from syncline.salesforce.composite import read_written, update_part
from syncline.store.targets import Target
from syncline.sync.context import SyncContext

_ACCOUNT = "Account"


def write(ctx: SyncContext, target: Target, rows: Sequence[Pending]) -> list[RowResult]:
    """Writes what waits of these records; results in their order.

    Raises:
        RemoteError: a call was refused as a whole, or got no answer.
    """
    people = [one for one in rows if one.account_id]
    if not people:
        return _write_plain(ctx, target, rows)
    others = [one for one in rows if not one.account_id]
    results = dict(zip([one.record_id for one in others], _write_plain(ctx, target, others), strict=True))
    results |= dict(zip([one.record_id for one in people], _write_people(ctx, target, people), strict=True))
    return [results[one.record_id] for one in rows]


def _write_plain(ctx: SyncContext, target: Target, rows: Sequence[Pending]) -> list[RowResult]:
    records = [_build_record(one, target) for one in rows]
    if not records:
        return []
    if not target.strict:
        return ctx.salesforce.update(target.object_name, records, auto_assign=False)
    parts = [
        update_part(f"r{number}", target.object_name, record, one.stamp)
        for number, (one, record) in enumerate(zip(rows, records, strict=True))
    ]
    results = ctx.salesforce.composite(parts)
    return [read_written(result, one.record_id) for one, result in zip(rows, results, strict=True)]


def _write_people(ctx: SyncContext, target: Target, rows: Sequence[Pending]) -> list[RowResult]:
    """Contacts of person accounts, which only their Accounts write; not strictly: an Account has a stamp of its own."""
    records = []
    for one in rows:
        values = {account_field(name): value for name, value in _build_record(one, target).items() if name != "Id"}
        records.append({"Id": one.account_id, **values})
    ctx.counts.add("person_accounts_written", len(rows))
    names = {account_field(shape.name): shape.name for shape in target.shape.fields}
    results = ctx.salesforce.update(_ACCOUNT, records, auto_assign=False)
    return [_rename(result, names) for result in results]


def _rename(result: RowResult, names: Mapping[str, str]) -> RowResult:
    """The result with the fields of the Contact, where errors name those of the Account."""
    errors = tuple(replace(one, fields=tuple(names.get(name, name) for name in one.fields)) for one in result.errors)
    return replace(result, errors=errors)


def _build_record(one: Pending, target: Target) -> dict[str, object]:
    record: dict[str, object] = {"Id": one.record_id}
    for mapped, source in target.sent:
        shape = target.shape.find(source)
        if mapped.name in one.ours and shape:
            record[shape.name] = text_to_json(mapped.to_salesforce(one.ours[mapped.name]), shape)
    return record
