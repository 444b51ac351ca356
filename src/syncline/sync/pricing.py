"""What reading everything of some objects will cost, told before it begins: after a change of mapping, or at first."""

from collections.abc import Mapping, Sequence

from syncline.domain.objects import NOT_IN_BULK
from syncline.domain.reading import Anew, ReadForecast, forecast_read
from syncline.salesforce.client import Salesforce
from syncline.salesforce.composite import MOST_QUERIES, query_part
from syncline.salesforce.soql import build_query
from syncline.sync.context import SyncContext, SyncSettings
from syncline.sync.task import Probe, Task


def price_tasks(ctx: SyncContext, tasks: Sequence[Task], probes: Mapping[str, Probe]) -> None:
    """Prices what this run reads of every record, keeps it in the context, and tells it.

    Raises:
        RemoteError: the org could not be asked.
    """
    wanted = [one for task in tasks if (one := task.anew)]
    counted = {}
    for one in wanted:
        probed = probes.get(one.object)
        # To fill fields, the probe asked for what is new alone.
        if not one.fields and probed and probed.total is not None:
            counted[one.object] = probed.total
    ctx.reading = price(ctx.salesforce, wanted, ctx.settings, counted)
    if ctx.reading:
        ctx.progress.foresee(ctx.reading)


def price(
    salesforce: Salesforce, wanted: Sequence[Anew], settings: SyncSettings, counted: Mapping[str, int] | None = None
) -> tuple[ReadForecast, ...]:
    """The price of reads, by what the org counts; `counted` are records that it counted already.

    What the org does not count, since this user may not read it, is left out: reading it tells why.

    Raises:
        RemoteError: the org could not be asked.
    """
    rows = dict(counted or {})
    unknown = [one for one in wanted if one.object not in rows]
    for start in range(0, len(unknown), MOST_QUERIES):
        some = unknown[start : start + MOST_QUERIES]
        # A read of everything sees deleted records, one that fills fields does not.
        parts = [query_part(one.object, build_query(one.object, ["COUNT()"]), all_rows=not one.fields) for one in some]
        for one, result in zip(some, salesforce.composite(parts), strict=True):
            if result.status == 200:
                rows[one.object] = result.body["totalSize"]
    return tuple(
        forecast_read(one, rows[one.object], settings.bulk_threshold, bulk=one.object not in NOT_IN_BULK)
        for one in wanted
        if one.object in rows
    )
