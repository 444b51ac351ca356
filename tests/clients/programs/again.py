"""What a person writes around a client that does not try again by itself: the whole step, until it is done.

Each failure is kept and told at the end: on a fair day there must be none, on a hostile one each must be documented.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
_TIMES = 30

#: What every step that was done again failed with.
failures: list[str] = []


def again(step: Callable[[], T]) -> T:
    """Does a step until it is done."""
    for _ in range(_TIMES):
        try:
            return step()
        except Exception as error:  # noqa: BLE001  # whatever it was, the step is done again
            last = note(error)
    raise last


async def again_async(step: Callable[[], Awaitable[T]]) -> T:
    """Does a step of an asynchronous client until it is done."""
    for _ in range(_TIMES):
        try:
            return await step()
        except Exception as error:  # noqa: BLE001  # whatever it was, the step is done again
            last = note(error)
            await asyncio.sleep(0)
    raise last


def note(error: Exception) -> Exception:
    """Keeps a failure, with its causes."""
    texts, cause = [], error
    while cause is not None:
        texts.append(f"{type(cause).__name__}: {str(cause)[:600]}")
        cause = cause.__cause__ or cause.__context__
    failures.append(" / ".join(texts))
    return error


def refusal(step: Callable[[], object], code: str) -> str:
    """How a client tells a refusal that a step must meet: its exception's name. Other failures are tried again."""

    def meet() -> str:
        try:
            step()
        except Exception as error:
            if code not in str(error) and code not in str(getattr(error, "code", "")):
                raise
            return type(error).__name__
        raise AssertionError(f"not refused with {code}")

    return again(meet)
