"""How problems of a mapping are shown, and how they stop a command."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from syncline.errors import MappingError

if TYPE_CHECKING:
    from syncline.domain.mapping_problem import Problem


def format_problem(problem: "Problem") -> str:
    """One problem on one line, without its remedy."""
    where = ", ".join(part for part in (problem.field, problem.object) if part)
    return f"{where}: {problem.message}" if where else problem.message


def format_problems(problems: "Sequence[Problem]") -> Iterator[str]:
    """Every problem with its remedy, errors first."""
    for one in sorted(problems, key=lambda problem: str(problem.severity)):
        yield f"{str(one.severity).upper():<8} {format_problem(one)}"
        yield f"         remedy: {one.remedy}"


def to_facts(problems: "Sequence[Problem]") -> list[dict[str, Any]]:
    """The problems for --json."""
    return [asdict(one) for one in problems]


def refuse(problems: "Sequence[Problem]") -> None:
    """Stops the command where there is an error among them.

    Raises:
        MappingError: with all errors and their remedies.
    """
    from syncline.domain.mapping_check import errors_of

    errors = errors_of(list(problems))
    if errors:
        remedies = dict.fromkeys(one.remedy for one in errors)
        raise MappingError([format_problem(one) for one in errors], remedy=" ".join(remedies))
