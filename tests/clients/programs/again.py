"""What a person writes around a client that does not try again by itself: the whole step, until it is done."""

import asyncio
import sys
from collections.abc import Awaitable, Callable
from typing import TypeVar

T = TypeVar("T")
_TIMES = 30


def again(step: Callable[[], T]) -> T:
    """Does a step until it is done."""
    for _ in range(_TIMES):
        try:
            return step()
        except Exception as error:  # noqa: BLE001  # whatever it was, the step is done again
            last = error
            print(f"again: {type(error).__name__}: {str(error)[:300]}", file=sys.stderr)
    raise last


async def again_async(step: Callable[[], Awaitable[T]]) -> T:
    """Does a step of an asynchronous client until it is done."""
    for _ in range(_TIMES):
        try:
            return await step()
        except Exception as error:  # noqa: BLE001  # whatever it was, the step is done again
            last = error
            print(f"again: {type(error).__name__}: {str(error)[:300]}", file=sys.stderr)
            await asyncio.sleep(0)
    raise last
