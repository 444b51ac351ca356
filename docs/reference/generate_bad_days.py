"""Writes the page of simorg's bad days from its catalogue; script/docs runs it, a test compares."""

from pathlib import Path

from simorg.bad_days import build_mixture, build_table

TARGET = Path(__file__).parents[2] / "src/simorg/docs/bad-days.md"

_INTRODUCTION = """\
# Bad days on order

This page is made from the catalogue by `script/docs`. A bad day is ordered from an org that runs, by name:

```console
$ simorg fault list
$ simorg fault unavailable --path /query --times 2 --url http://127.0.0.1:8080 --token TOKEN
$ simorg fault row-locked --object Lead --operation update --rate 0.1 --seed-number 7 --url URL --token TOKEN
$ simorg fault session-expired --path /query/ --skip 1 --url URL --token TOKEN
$ simorg fault field-renamed --set object=Lead --set field=Active__c --set to=Live__c --url URL --token TOKEN
$ simorg fault --clear --url URL --token TOKEN
```

or by the control plane, `POST /__org__/faults` with `{"name": "unavailable", "path": "/query", "times": 2}`.

It strikes the requests, records or jobs that match `--method`, `--path`, `--object` and `--operation` (for requests
login, query, describe, read, create, update, upsert, delete, bulk; for records create, update, delete, undelete): after
`--skip` matches, `--times` times (once if unsaid, without end with 0 or with a rate), or at a `--rate` drawn from
`--seed-number`. The same matches in the same order give the same strikes. A field changes at the moment its bad day
strikes, before the request is answered: with `--skip 3` in the middle of a sync. `--set name=value` replaces what
stands below: `--set delay=5`, `--set page_rows=[1,10]`, `--set upload_bytes=50000`.

The journal tells which request was struck by what (`fault`).
"""

_HOSTILE = """\
## `simorg serve --hostile`

A mixture, with the rates below, under which a client still finishes that tries again, logs in again, reads its pages to
the end and finds out what became of a write whose answer was lost. `--seed-number N` chooses another course of the day;
the same number gives the same one.
"""


def build_page() -> str:
    """The whole page."""
    return "\n".join([_INTRODUCTION, "## The catalogue", "", build_table(), "", _HOSTILE, build_mixture(), ""])


if __name__ == "__main__":
    TARGET.write_text(build_page(), encoding="utf-8")
