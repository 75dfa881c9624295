"""A bounded cache in memory whose entries expire, each after a time of its own."""

import math
import time
from collections.abc import Awaitable, Callable, Hashable
from typing import Any, TypeVar

T = TypeVar("T")


class ExpiringCache:
    """Keeps what a look-up returned until it expires. When the cache is full, the oldest entry is dropped.

    cachetools has no loader that is awaited, and with a time to live per entry (`TLRUCache`) takes as much code.

    `timer` counts seconds from any zero, and is never set back.
    """

    def __init__(self, timer: Callable[[], float] = time.monotonic, max_entries: int = 250) -> None:
        self._timer = timer
        self._max_entries = max_entries
        self._entries: dict[Hashable, tuple[float, Any]] = {}

    async def get(
        self,
        key: Hashable,
        load: Callable[[], Awaitable[tuple[T, float]]],
        usable: Callable[[T], bool] = lambda _: True,
    ) -> T:
        """Return the kept value of a key, or load and keep it.

        Callers that come while a value is being loaded load it too: the API client makes one request of identical ones.

        Args:
            key: what the value depends on, the caller's identity included.
            load: gets the value and the seconds to keep it for. Nothing is kept for none, or if it raises.
            usable: whether a kept value will do; else it is loaded anew.
        """
        expires, kept = self._entries.get(key, (-math.inf, None))
        if self._timer() < expires and usable(kept):
            known: T = kept
            return known
        value, seconds = await load()
        if seconds <= 0:
            return value
        now = self._timer()
        # Without what has expired, which may be large; and without this key, since added anew it is the youngest.
        self._entries = {one: entry for one, entry in self._entries.items() if entry[0] > now and one != key}
        self._entries[key] = (now + seconds, value)
        if len(self._entries) > self._max_entries:
            del self._entries[next(iter(self._entries))]
        return value
