"""Who sees what: the views of an org's users, put together once for each state of the rights."""

import threading
from collections.abc import Callable, Mapping
from datetime import datetime, timedelta

from simorg.clock import now
from simorg.schema.registry import Schema
from simorg.security.loading import READ_FROM, load_rights
from simorg.security.rights import Rights
from simorg.security.sharing import Sharing, SharingRule
from simorg.security.view import View
from simorg.storage import Storage

_KEPT = 200


class Guard:
    """The views of one org. `models` gives its sharing defaults, `rules` its sharing rules, `stamp` the moment that
    assignments expire by.
    """

    def __init__(
        self,
        schema: Schema,
        storage: Storage,
        models: Callable[[], Mapping[str, str]],
        rules: Callable[[], tuple[SharingRule, ...]],
        stamp: Callable[[], str],
    ) -> None:
        self._schema = schema
        self._storage = storage
        self._models = models
        self._rules = rules
        self._stamp = stamp
        self._views: dict[str, tuple[object, View]] = {}
        self._changes: dict[str, tuple[object, datetime]] = {}
        self._lock = threading.Lock()

    def view(self, user_id: str) -> View:
        """The org as a user sees it; without one, as the org itself does."""
        if self._storage.is_writing(READ_FROM):
            # What this thread is changing counts for it at once, and for nobody else.
            return self._build(user_id)[0]
        state = self._state()
        with self._lock:
            known = self._views.get(user_id)
        if known is not None and known[0] == state:
            return known[1]
        view, fingerprint = self._build(user_id)
        with self._lock:
            view.changed_at = self._note_change(user_id, fingerprint)
            if len(self._views) >= _KEPT:
                self._views.pop(next(iter(self._views)))
            self._views[user_id] = state, view
        return view

    def _state(self) -> object:
        versions = tuple(self._storage.data_version(name) for name in READ_FROM)
        expiry = self._stamp()[:13]
        return self._schema.version, tuple(sorted(self._models().items())), self._rules(), versions, expiry

    def _build(self, user_id: str) -> tuple[View, object]:
        rights = load_rights(self._storage, user_id, self._stamp()) if user_id else Rights(unlimited=True)
        models = dict(self._models())
        rules = self._rules()
        sharing = Sharing(rights, self._schema, models, rules)
        view = View(rights, self._schema, self._storage, sharing, self._schema.changed_at)
        return view, (rights, models, rules, self._schema.version)

    def _note_change(self, user_id: str, fingerprint: object) -> datetime:
        """When what the user sees last changed, in whole seconds; no two changes in one."""
        known = self._changes.get(user_id)
        if known is None:
            moment = self._schema.changed_at
        elif known[0] == fingerprint:
            return known[1]
        else:
            moment = max(now().replace(microsecond=0), known[1] + timedelta(seconds=1), self._schema.changed_at)
        self._changes[user_id] = fingerprint, moment
        return moment
