"""The queues and the jobs, by name: what the dispatcher adds and the workers run."""

from syncline.store.jobs import JobSpec

#: Opt-outs have a queue and a place in each worker of their own, which nothing else may take.
CONSENT_QUEUE = "consent"
SYNC_QUEUE = "sync"

SYNC_TASK = "syncline.sync"
CONSENT_TASK = "syncline.consent"


def sync_job(connection_id: int) -> JobSpec:
    """A whole run over a connection."""
    return JobSpec(SYNC_QUEUE, SYNC_TASK, f"read:{connection_id}", {"connection_id": connection_id})


def consent_job(connection_id: int) -> JobSpec:
    """Opt-outs of a connection, both ways, beside whatever else is done.

    Who holds the lane says which of two does it: the job of a worker that died keeps no other from the work.
    """
    args: dict[str, object] = {"connection_id": connection_id}
    return JobSpec(CONSENT_QUEUE, CONSENT_TASK, f"send:{connection_id}:consent", args, alone=False)
