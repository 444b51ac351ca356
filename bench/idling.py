"""What a day costs on which nothing moves: API calls, as the org's journal counts them, on clocks that are moved."""

from collections import Counter
from typing import Any

from bench.stage import Stage

#: Beside Lead and Contact, which the mapping reads: eight objects in all.
MIRRORED = ("Account", "Opportunity", "Campaign", "CampaignMember", "User", "Task")
MOST_CALLS = 300


def run_idle(stage: Stage, hours: float = 24.0) -> dict[str, Any]:
    """Mirrors six objects more, syncs, and lets so many hours pass with the looks of the default schedule."""
    stage.work("set_up", mode="balanced", open_brakes=True, mirrored=list(MIRRORED))
    stage.work("sync")
    org = stage.arena.org
    org.clear_journal()
    done = stage.work("day", hours=hours, org={"url": org.url, "admin_token": org.admin_token}).result
    entries = org.control("GET", "journal")
    calls = Counter(_name(entry) for entry in entries if entry["cost"])
    return {
        "objects": len(MIRRORED) + 2,
        "hours": hours,
        "looks": done["looks"],
        "outcomes": done["outcomes"],
        "logins": sum("/oauth2/token" in entry["path"] for entry in entries),
        "api_calls": sum(entry["cost"] for entry in entries),
        "by_path": dict(calls.most_common()),
    }


def _name(entry: dict[str, Any]) -> str:
    """A request by its method and the resource it asks for."""
    return f"{entry['method']} {entry['path'].partition('/services/data/')[2].partition('/')[2] or entry['path']}"


def print_idle(summary: dict[str, Any]) -> None:
    """The figures in lines."""
    print(
        f"\n{summary['hours']:.0f} hours at rest, {summary['objects']} objects: {summary['api_calls']} API calls"
        f" in {summary['looks']} looks, {summary['logins']} logins (goal: at most {MOST_CALLS} calls a day)"
    )
    for path, calls in summary["by_path"].items():
        print(f"  {calls:>5}  {path}")
