"""What the demo came to, in words: what moved and why, in how many calls, how fast, and whether both sides agree."""

from collections.abc import Iterator

from syncline.flows.demo import DemoResult


def summarise(result: DemoResult) -> Iterator[str]:
    """The lines of the summary."""
    yield "What is there"
    yield f"  {result.records_in_org:,} people in the org: {result.links:,} are contacts here, {_left_out(result)}"
    yield ""
    yield "What moved, and why"
    yield from _moved(result)
    yield ""
    yield "In how many calls, and how fast"
    calls = ", ".join(f"{step} {number:,}" for step, number in result.calls_by_step.items() if step != "proof")
    yield f"  {result.api_calls:,} API calls: {calls}"
    yield f"  import: {result.rows_per_second_total:,.0f} rows/s; the mirror alone {result.rows_per_second_mirror:,.0f}"
    times = ", ".join(f"{step} {seconds:.1f} s" for step, seconds in result.seconds_by_step.items())
    yield f"  {result.seconds:.1f} s: {times}"
    yield f"  at most {result.peak_rss_mib:,.0f} MiB in this process"
    yield ""
    yield "Do both sides agree?"
    yield (
        f"  {_percent(result.agreement_percent)} of {result.compared_values:,} values agree, read afresh; "
        f"{result.differing_values:,} differ"
    )
    yield f"  the second sync wrote {result.second_sync_writes:,} and took {result.second_sync_calls:,} calls"


def next_steps(home: str, url: str, program_folder: str | None = None) -> Iterator[str]:
    """What to try on what the demo leaves running; `program_folder` where the shell does not find the program."""
    yield "What to try next: the org and your copy of it are still there"
    if program_folder:
        yield f'  export PATH="{program_folder}:$PATH"'
    yield f"  export SYNCLINE_HOME={home}"
    yield "  syncline status                                       how it stands"
    yield "  syncline contacts show new.here.0@newcomers.example   one person, both sides and their history"
    yield "  syncline contacts edit new.here.0@newcomers.example title=Chair && syncline sync"
    yield "  syncline map set department --direction both && syncline plan"
    yield '  psql "$(syncline db url)" -c "SELECT * FROM sf_demo.lead LIMIT 5"'
    yield f"  the org answers at {url}"
    yield "When you are done: `syncline demo --stop` ends the org and removes all of it."


def _left_out(result: DemoResult) -> str:
    reasons = [f"{number:,} {reason.replace('_', ' ')}" for reason, number in result.left_out.items() if number]
    return f"left out: {', '.join(reasons)}" if reasons else "nobody is left out"


def _moved(result: DemoResult) -> Iterator[str]:
    rows = (
        (result.pulled, "contacts took what changed in Salesforce"),
        (result.converted, "Leads were converted: the same contacts, now linked to Contacts"),
        (result.merged, "records were merged: their contacts too"),
        (result.deleted, "records were deleted: their contacts are marked, not lost"),
        (result.conflicts, "values had changed on both sides: Salesforce won, as the mapping says"),
        (result.pushed, "records took what changed here: edits, opt-outs, scores"),
        (result.created_in_salesforce, "new people became Leads"),
    )
    for number, words in rows:
        yield f"  {number:>6,}  {words}"


def _percent(share: float) -> str:
    """Never 100 unless it is all of them."""
    if share == 100.0:
        return "100 %"
    return f"{min(share, 99.999):.3f} %"
