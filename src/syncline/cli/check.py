"""`syncline check`: which rights the integration user needs, and which of them are missing."""

from typing import TYPE_CHECKING, Annotated

import typer

from syncline.cli.chosen import ConnectionName, choose_connection, load_current_mapping
from syncline.cli.output import FAILED_STATUS, Output
from syncline.cli.session import Json, session
from syncline.domain.rights_needed import Preset

if TYPE_CHECKING:
    from syncline.setup.preflight import Report

app = typer.Typer(help="Say which rights the integration user needs, and which are missing.", add_completion=False)


@app.command()
def check(
    preset: Annotated[Preset, typer.Option("--preset", help="Which rights to ask for.")] = Preset.LEAST,
    every: Annotated[bool, typer.Option("--all", help="List the rights that are there, too.")] = False,
    connection: ConnectionName = None,
    as_json: Json = False,
) -> None:
    """Say which rights the integration user needs, and which are missing.

    Computed from the mapping and the mirrored objects; nothing is changed in the org. Each missing right is named with
    the place in Setup where it is granted. Where one right needs another, the one that comes first is named: grant it,
    and check again. The exit status is 1 where something is missing.

    Examples:

      syncline check

      syncline check --all --json
    """
    output = Output(as_json=as_json)
    with session(output) as opened:
        from syncline.flows.check import check_connection

        chosen = choose_connection(connection)
        report = check_connection(opened.database, opened.keys, chosen, load_current_mapping(chosen), preset)
    show_report(report, output, every=every)
    output.result(_facts(report))
    if not report.ok:
        raise typer.Exit(FAILED_STATUS)


def show_report(report: "Report", output: Output, *, every: bool) -> None:
    """The report for people; `every`: with the rights that are there."""
    for one in report.missing:
        output.line(f"MISSING  {one.right.name}: {one.reason}")
        output.line(f"         grant: {one.where}")
    lacking = {one.right for one in report.missing}
    if every:
        for right, reason in sorted(report.needed.rights.items()):
            if right not in lacking:
                output.line(f"ok       {right.name}: {reason}")
    if report.surplus:
        named = ", ".join(one.name for one in report.surplus[:12])
        more = f", and {len(report.surplus) - 12} more" if len(report.surplus) > 12 else ""
        output.line(f"more     {len(report.surplus)} rights are there that nothing needs: {named}{more}")
    if report.granted is None:
        output.line(
            "note     this user may not read permission sets (View Setup and Configuration): what the describes"
        )
        output.line("         do not tell, such as View All Records, was not checked")
    for note in report.needed.notes:
        output.line(f"note     {note}")
    count = len(report.needed.rights)
    verdict = "nothing is missing" if report.ok else f"{len(report.missing)} missing"
    output.line(f"{report.username}: {count} rights needed, {verdict}; {report.calls} API calls.")


def _facts(report: "Report") -> dict[str, object]:
    return {
        "ok": report.ok,
        "username": report.username,
        "needed": [{"right": one.name, "reason": reason} for one, reason in sorted(report.needed.rights.items())],
        "missing": [{"right": one.right.name, "reason": one.reason, "where": one.where} for one in report.missing],
        "surplus": [one.name for one in report.surplus],
        "checked_by_permission_sets": report.granted is not None,
        "notes": list(report.needed.notes),
        "calls": report.calls,
    }
