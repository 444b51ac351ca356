"""The pipeline tool: dlt's own rest_api source, paging through REST queries, into its PostgreSQL destination."""

import time
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import dlt
import psycopg
from dlt.sources.rest_api import rest_api_source

from bench.fields import API_VERSION, FIELDS, build_soql
from bench.peers.reach import fetch_token
from bench.peers.task import Result, Task, check_rows, print_result, read_task

_TYPES = {
    "text": {"data_type": "text"},
    "boolean": {"data_type": "bool"},
    "timestamptz": {"data_type": "timestamp"},
    "date": {"data_type": "date"},
    # Without a precision dlt would make it numeric(38,9), which is as good.
    "numeric": {"data_type": "decimal"},
}


def main() -> None:
    task = read_task()
    token = fetch_token(task.org_url, task.client_id, task.client_secret)
    pipeline = dlt.pipeline(
        pipeline_name="bench",
        pipelines_dir=task.folder,
        destination=dlt.destinations.postgres(_credentials(task.database_url)),
        dataset_name="salesforce",
    )
    began = time.perf_counter()
    pipeline.run(build_source(task, token))
    seconds = time.perf_counter() - began
    rows = check_rows(count_rows(task), task.expected)
    steps = {name: _duration(pipeline.last_trace, name) for name in ("extract", "normalize", "load")}
    print_result(Result(rows=rows, seconds=seconds, seconds_total=seconds, steps=steps))


def _credentials(url: str) -> dict[str, Any]:
    """The database in parts: dlt insists on a host, which the socket's folder in the query then overrules."""
    parts = urlsplit(url)
    return {
        "database": parts.path.lstrip("/"),
        "username": parts.username,
        "password": unquote(parts.password or ""),
        "host": parts.hostname or "localhost",
        "port": parts.port or 5432,
        "query": {name: values[0] for name, values in parse_qs(parts.query).items()},
    }


def build_source(task: Task, token: str) -> Any:
    """The source: one resource for each object, typed, replaced at each run."""
    return rest_api_source(
        {
            "client": {
                "base_url": task.org_url,
                "auth": {"type": "bearer", "token": token},
                "paginator": {"type": "json_link", "next_url_path": "nextRecordsUrl"},
            },
            "resources": [
                {
                    "name": name.lower(),
                    "primary_key": "Id",
                    "write_disposition": "replace",
                    "columns": {field: {**_TYPES[kind], "nullable": field != "Id"} for field, kind in fields.items()},
                    "endpoint": {
                        "path": f"/services/data/v{API_VERSION}/queryAll",
                        "params": {"q": build_soql(name)},
                        "data_selector": "records",
                    },
                    "processing_steps": [{"map": _without_attributes}],
                }
                for name, fields in FIELDS.items()
            ],
        }
    )


def _without_attributes(record: dict[str, Any]) -> dict[str, Any]:
    record.pop("attributes", None)
    return record


def _duration(trace: Any, step: str) -> float:
    return sum(
        (one.finished_at - one.started_at).total_seconds()
        for one in trace.steps
        if one.step == step and one.finished_at and one.started_at
    )


def count_rows(task: Task) -> dict[str, int]:
    """What the tables hold."""
    found = {}
    with psycopg.connect(task.database_url) as connection:
        for name in FIELDS:
            row = connection.execute(f"SELECT count(*) FROM salesforce.{name.lower()}").fetchone()
            found[name] = row[0] if row else 0
    return found


if __name__ == "__main__":
    main()
