"""A filter shows what it would leave out before it is kept: just that becomes of the records when it is."""

from dataclasses import replace

import pytest

from syncline import clock
from syncline.domain.mapping import LEAD
from syncline.domain.mapping_options import ObjectRules
from syncline.errors import MappingError, OperatorError
from syncline.flows.filter_preview import FilterPreview, preview_filters
from syncline.store.connections import load_connection
from syncline.store.mappings import save_mapping
from tests.engine.orgs import NAME, Hub

_FILTER = "=LEN(Company) > 14"
#: Reads a field that no mapping reads.
_ELSEWHERE = "=ISBLANK(LastActivityDate)"


def _show(hub: Hub, tried: str | None, only: str | None = None, limit: int = 3) -> list[FilterPreview]:
    return preview_filters(hub.database, hub.keys, load_connection(NAME), hub.mapping, tried, limit=limit, only=only)


def test_a_filter_leaves_out_what_its_preview_showed(hub: Hub) -> None:
    with pytest.raises(OperatorError, match="No object has a filter"):
        _show(hub, None)
    (before,) = _show(hub, _FILTER)  # Contacts have no Company: the filter is one of Leads
    assert (before.object, before.from_mirror, before.counts.synced) == (LEAD, False, 0)
    hub.sync()

    (tried,) = _show(hub, _FILTER)
    assert tried.from_mirror
    assert tried.fields == ("Company",)
    assert (tried.counts.kept, tried.counts.left_out) == (before.counts.kept, before.counts.left_out)
    assert tried.counts.kept > 10
    assert tried.counts.left_out >= tried.counts.synced > 10
    assert len(tried.left_out) == 3
    assert all(len(row.values[0] or "") <= 14 for row in tried.left_out)
    elsewhere = {one.object: one for one in _show(hub, _ELSEWHERE)}
    assert not elsewhere[LEAD].from_mirror
    asked = elsewhere[LEAD].counts
    assert asked.kept + asked.left_out == tried.counts.kept + tried.counts.left_out

    rules = ObjectRules(filter=_FILTER, filter_reason="too small")
    save_mapping(load_connection(NAME).id, replace(hub.mapping, objects=((LEAD, rules),)), clock.now())
    (kept,) = _show(hub, None)
    assert (kept.filter, kept.reason, kept.counts) == (_FILTER, "too small", tried.counts)
    hub.sync()
    ((outside,),) = hub.rows("SELECT count(*) FROM links WHERE object = 'Lead' AND state = 'outside'")
    assert outside == tried.counts.synced
    (after,) = _show(hub, None)
    assert (after.counts.left_out, after.counts.synced) == (tried.counts.left_out, 0)


def test_a_filter_that_fits_no_object_is_refused_with_the_place(hub: Hub) -> None:
    with pytest.raises(MappingError, match="Compani"):
        _show(hub, "=LEN(Compani) > 3")
    with pytest.raises(MappingError, match="true or false"):
        _show(hub, "=LEN(Company)", only=LEAD)
