"""The script that a good engineer writes by hand: Bulk 2.0 pages by simple-salesforce, straight into COPY.

It knows nothing of synchronising: no changes, no contacts, no log; each table is loaded anew in one transaction,
and its primary key is made after the load, which is the faster order.
"""

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import psycopg
from simple_salesforce import Salesforce

from bench.fields import API_VERSION, FIELDS, build_soql
from bench.peers.reach import INSTANCE, LoopbackAdapter, fetch_token, open_session
from bench.peers.task import Result, Task, check_rows, print_result, read_task


@dataclass(frozen=True)
class Load:
    """One loaded object: when its job was begun, when it was complete, and when the rows were committed."""

    object: str
    rows: int
    began: float
    completed: float
    committed: float


def main() -> None:
    task = read_task()
    session, adapter = open_session(task.org_url)
    token = fetch_token(task.org_url, task.client_id, task.client_secret)
    salesforce = Salesforce(session_id=token, instance=INSTANCE, session=session, version=API_VERSION)
    with ThreadPoolExecutor(max_workers=task.threads) as pool:
        loads = list(pool.map(lambda name: load_object(salesforce, adapter, task, name), FIELDS))
    rows = check_rows({one.object: one.rows for one in loads}, task.expected)
    if task.threads == 1:
        seconds = sum(one.committed - one.completed for one in loads)
    else:
        seconds = max(one.committed for one in loads) - min(one.completed for one in loads)
    print_result(
        Result(
            rows=rows,
            seconds=seconds,
            seconds_total=seconds,
            seconds_to_job_complete=sum(one.completed - one.began for one in loads),
            steps={f"load {one.object}": one.committed - one.completed for one in loads},
        )
    )


def load_object(salesforce: Salesforce, adapter: LoopbackAdapter, task: Task, name: str) -> Load:
    """Loads one object into a table of its own, in one transaction."""
    fields = FIELDS[name]
    columns = ", ".join(column.lower() for column in fields)
    known = set(adapter.completed)
    began = time.perf_counter()
    with psycopg.connect(task.database_url) as connection, connection.cursor() as cursor:
        definitions = ", ".join(f"{column.lower()} {kind}" for column, kind in fields.items())
        cursor.execute(f"CREATE TABLE {name.lower()} ({definitions})")
        with cursor.copy(f"COPY {name.lower()} ({columns}) FROM STDIN (FORMAT csv, FORCE_NULL ({columns}))") as copy:
            for page in getattr(salesforce.bulk2, name).query_all(build_soql(name), wait=0.5):
                end_of_header = page.index("\n")
                header = page[:end_of_header].replace('"', "").strip().split(",")
                if header != list(fields):
                    raise SystemExit(f"{name} came with the columns {header}")
                copy.write(page[end_of_header + 1 :])
        cursor.execute(f"ALTER TABLE {name.lower()} ADD PRIMARY KEY (id)")
        cursor.execute(f"SELECT count(*) FROM {name.lower()}")
        row = cursor.fetchone()
    committed = time.perf_counter()
    jobs = set(adapter.completed) - known
    completed = max(adapter.completed[job] for job in jobs) if task.threads == 1 else min(adapter.completed.values())
    return Load(name, row[0] if row else 0, began, completed, committed)


if __name__ == "__main__":
    main()
