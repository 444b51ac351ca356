"""What the org shows of its objects, asked as seldom as is safe: a run at rest asks nothing.

Asked is at the first sight, once a day, after a change of mapping, as another user, while something is suspended,
and at once where a query says that a field or an object is not there. The answer is mostly 304: nothing changed.
"""

from collections.abc import Collection, Iterable
from contextlib import closing
from datetime import datetime, timedelta

from syncline import clock
from syncline.domain.drift import Cause, find_drift
from syncline.domain.mapping import PERSON_OBJECTS
from syncline.domain.shape import ObjectShape
from syncline.errors import RemoteRefused
from syncline.store import describes, issues, objects
from syncline.store.database import transaction
from syncline.store.describes import Describe
from syncline.sync.context import SyncContext
from syncline.sync.drift import find_held

#: How long an answer is relied on, and how long where something is waiting for a change in the org.
_FRESH = timedelta(days=1)
_FRESH_IF_SUSPENDED = timedelta(minutes=1)
#: What a query answers where a field or an object is not (or no longer) there for this user.
DRIFT_CODES = frozenset({"INVALID_FIELD", "INVALID_TYPE"})


def load_objects(ctx: SyncContext) -> None:
    """Fills in which objects are read, and what the org shows of them, from what is kept where that is fresh.

    Raises:
        RemoteError: the org had to be asked, and could not be.
    """
    with closing(ctx.database.connect("describes")) as conn, transaction(conn, "objects"):
        ctx.mirrored.update(objects.list_objects(conn, ctx.connection.id))
        ctx.known_drift = issues.list_open(conn, ctx.connection.id, [str(one) for one in Cause])
    _fill(ctx, at_once=False)


def look_again(ctx: SyncContext) -> bool:
    """Asks the org about every object at once; whether anything is other than this run took it for."""
    before = (dict(ctx.shapes), dict(ctx.others))
    _fill(ctx, at_once=True)
    return (ctx.shapes, ctx.others) != before


def _fill(ctx: SyncContext, *, at_once: bool) -> None:
    wanted = (*PERSON_OBJECTS, *(set(ctx.mirrored) - set(PERSON_OBJECTS)))
    # Whose column is held waits for somebody here: the org need not be asked more often.
    suspended = {object_name for code, object_name, _ in ctx.known_drift if code != Cause.FIELD_HELD}
    shapes = load_shapes(ctx, wanted, suspended=suspended, at_once=at_once)
    for known, is_here in ((ctx.shapes, True), (ctx.others, False)):
        known.clear()
        known.update({name: shape for name, shape in shapes.items() if (name in PERSON_OBJECTS) is is_here})
    ctx.drift = find_drift(ctx.mapping, ctx.shapes, ctx.mirrored, ctx.others)
    ctx.drift += find_held(ctx)


def load_shapes(
    ctx: SyncContext, names: Iterable[str], *, suspended: Collection[str] = (), at_once: bool = False
) -> dict[str, ObjectShape]:
    """What the org shows of these objects, by name; those that this user cannot query are left out.

    `suspended` are objects on which something waits for a change in the org; `at_once` asks about all of them.

    Raises:
        RemoteError: the org had to be asked, and could not be.
    """
    wanted = list(names)
    with closing(ctx.database.connect("describes")) as conn:
        with transaction(conn, "describes"):
            known = describes.load_describes(conn, ctx.connection.id, wanted)
        now = clock.now()
        for name in wanted:
            age = _FRESH_IF_SUSPENDED if name in suspended else _FRESH
            kept = known.get(name)
            if kept is None or at_once or not _is_fresh(ctx, kept, now - age):
                known[name] = _ask(ctx, name, kept, now)
                with transaction(conn, "describes"):
                    describes.save_describe(conn, ctx.connection.id, known[name])
    shapes = {name: known[name].shape for name in wanted}
    return {name: shape for name, shape in shapes.items() if shape and shape.queryable}


def _is_fresh(ctx: SyncContext, kept: Describe, since: datetime) -> bool:
    same_view = (kept.user_id, kept.api_version) == (ctx.connection.user_id, ctx.connection.api_version)
    return same_view and kept.mapping_version == ctx.mapping.version and kept.checked_at > since


def _ask(ctx: SyncContext, name: str, kept: Describe | None, now: datetime) -> Describe:
    connection = ctx.connection
    same_view = kept and (kept.user_id, kept.api_version) == (connection.user_id, connection.api_version)
    try:
        shape: ObjectShape | None = ctx.salesforce.describe(name, kept.shape if kept and same_view else None)
    except RemoteRefused as refused:
        if refused.status != 404:
            raise
        shape = None
    return Describe(name, shape, connection.user_id, connection.api_version, ctx.mapping.version, now)
