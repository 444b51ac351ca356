"""The machine: rules of people, of the org and of accidents, and what must hold at every step and at rest."""

from dataclasses import replace

from hypothesis.stateful import initialize, invariant, precondition, rule

from syncline import clock, killpoints
from syncline.domain.objects import Choice, MirroredObject
from syncline.flows.objects import add_object
from syncline.store.connections import load_connection
from syncline.store.mappings import save_mapping
from tests.cleaning import clean
from tests.engine.machine import invariants
from tests.engine.machine.faults import Accidents
from tests.engine.machine.org import OrgLife
from tests.engine.machine.world import DOMAIN, PEOPLE, machine_mapping
from tests.engine.orgs import NAME

_MIRRORED = ("Account", "CampaignMember")
#: Moments that the first sync does not pass.
_LATER_MOMENTS = (
    "remote.update.sending", "remote.update.answered", "remote.upsert.answered", "remote.upload.answered",
    "remote.ingest_job.answered", "remote.ingest_state.answered", "bulk_gather.committed", "bulk_settle.committing",
)  # fmt: skip
#: Syncs after which all has come to rest: one reads what was left, one sends it, one reads what the org made of it.
_SYNCS_TO_REST = 3
#: A rest costs as much as many steps.
_STEPS_BETWEEN_RESTS = 10


class Machine(OrgLife, Accidents):
    """Both sides between whom everything may happen."""

    steps = 0

    @initialize()
    def begin(self) -> None:
        """Everything imported, and some people whom all know."""
        clean(self.hub.database)
        self.org.control("DELETE", "faults")
        self.org.control("POST", "reset", {"people": PEOPLE})
        self.hub.connect()
        connection = load_connection(NAME)
        save_mapping(connection.id, machine_mapping(self.hub.mapping), clock.now())
        for name in _MIRRORED:
            add_object(self.hub.database, self.hub.keys, connection, MirroredObject(name, Choice.COMMON))
        self.hub.settings = replace(self.hub.settings, bulk_send_rows=2_000, bulk_threshold=10_000)
        self.enter()
        for number in range(3):
            self.create_there(f"person{number}@{DOMAIN}", "Chair")
        reached = killpoints.record()
        self.hub.sync()
        killpoints.disarm()
        self.moments = sorted({*reached, *_LATER_MOMENTS})
        self.note_kin()

    @rule()
    def sync_undisturbed(self) -> None:
        """A sync without accidents of its own; a ceiling may end it early."""
        seen = self.ticked()
        if self.sync().state == "done":
            for address in seen:
                self.memory.suppress(address, "opt_out")
        self.note_kin()

    @precondition(lambda self: self.steps >= _STEPS_BETWEEN_RESTS)
    @rule()
    def rest(self) -> None:
        """Left alone, both sides come to agree, and then nothing moves any more."""
        self.steps = 0
        self.calm_the_org()
        self.calm_the_accidents()
        for _ in range(_SYNCS_TO_REST):
            self.hub.execute("UPDATE outbox SET not_before = NULL, state = 'waiting'")
            self.sync_undisturbed()
        before = self.org.control("GET", "export?objects=Lead,Contact")
        report = self.sync()
        idle = self.sync()
        exported = self.org.control("GET", "export?objects=Lead,Contact")
        self.note_kin()
        invariants.check_rest(report, idle, 2 + len(_MIRRORED))
        invariants.check_same(before, exported)
        invariants.check_agreement(self.hub)
        invariants.check_links(self.hub)
        invariants.check_edits(self.hub, self.memory)
        invariants.check_values_stay(self.hub, self.memory, exported)
        invariants.check_creations(exported, self.memory)
        invariants.check_log(self.hub)
        invariants.check_mirrored(self.hub, self.org.control("GET", f"export?objects={','.join(_MIRRORED)}"))

    @rule()
    def pass_the_time(self) -> None:
        """Nothing happens; what was set to come about later in the org does."""
        self.org.control("POST", "clock", {"advance": 1})

    @invariant()
    def holds_at_every_step(self) -> None:
        """Whatever is under way."""
        self.steps += 1
        if self.begun:
            invariants.check_nobody_is_mailed(self.hub, self.memory)
            invariants.check_ceiling(self.count_calls(), self.memory)

    def teardown(self) -> None:
        """Every course of events ends at rest."""
        if not self.begun:
            return
        try:
            self.rest()
            self.holds_at_every_step()
        finally:
            self.calm_the_org()
            self.org.control("POST", "clock", {"resume": True})
            self.leave()
