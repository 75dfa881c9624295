"""The cache: how long a value is kept, for whom, and how many are."""

import asyncio
import gc
import weakref
from dataclasses import dataclass, field

import pytest

from blaxel_mcp.tools.cache import ExpiringCache


@dataclass
class Loads:
    """A cache whose clock stands still, and a record of the keys that were loaded through it."""

    max_entries: int = 250
    now: float = -1000.0
    keys: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.cache = ExpiringCache(lambda: self.now, self.max_entries)

    def get(self, key: str, seconds: float = 10.0) -> str | None:
        """Get a value, which is to be kept for so many seconds; a key in capitals has none."""

        async def load() -> tuple[str | None, float]:
            self.keys.append(key)
            return (None if key.isupper() else f"{key} {len(self.keys)}"), seconds

        return asyncio.run(self.cache.get(key, load))


@pytest.mark.parametrize("seconds", [10.0, 300.0])
def test_a_value_is_kept_for_as_long_as_its_loader_says(seconds: float) -> None:
    """It is loaded anew from that moment on."""
    loads = Loads()
    assert loads.get("a", seconds) == "a 1"
    loads.now += seconds - 0.1
    assert loads.get("a", seconds) == "a 1"
    loads.now += 0.1
    assert loads.get("a", seconds) == "a 2"


def test_a_value_of_none_is_kept_too() -> None:
    """That there is nothing is an answer."""
    loads = Loads()
    assert [loads.get("A"), loads.get("A")] == [None, None]
    assert loads.keys == ["A"]


def test_keys_share_nothing() -> None:
    """Each has a value of its own."""
    loads = Loads()
    assert [loads.get(key) for key in ("a", "b", "a")] == ["a 1", "b 2", "a 1"]


def test_the_oldest_value_is_dropped_when_the_cache_is_full() -> None:
    """The oldest is the one that was loaded longest ago, however often it was read since."""
    loads = Loads(max_entries=2)
    for key in ("a", "b", "a", "c", "b", "a"):
        loads.get(key)
    assert loads.keys == ["a", "b", "c", "a"]


def test_a_loader_that_raises_leaves_nothing() -> None:
    """The next caller loads again."""
    loads = Loads()

    async def fail() -> tuple[str, float]:
        raise LookupError

    with pytest.raises(LookupError):
        asyncio.run(loads.cache.get("a", fail))
    assert loads.get("a") == "a 1"


def test_what_is_not_to_be_kept_is_not() -> None:
    """Each caller loads it anew; what others have is left as it was."""
    loads = Loads()
    assert loads.get("a") == "a 1"
    assert loads.get("b", 0.0) == "b 2"
    assert loads.get("b", 0.0) == "b 3"
    assert loads.get("a") == "a 1"


def test_250_values_are_kept() -> None:
    """Unless it is told otherwise; the 251st takes the place of the oldest."""
    loads = Loads()
    loads.cache = ExpiringCache(lambda: loads.now)
    keys = [f"key-{number}" for number in range(251)]
    for key in [*keys[:250], keys[0]]:
        loads.get(key)
    assert loads.keys == keys[:250]
    loads.get(keys[250])
    for key in (keys[1], keys[0]):
        loads.get(key)
    assert loads.keys == [*keys, keys[0]]


class Large:
    """A value that can be seen to be gone."""


def test_what_has_expired_is_dropped() -> None:
    """With the next value that is kept: it may be large, and nobody will ask for it."""
    loads = Loads()

    async def keep() -> weakref.ref[Large]:
        async def load() -> tuple[Large, float]:
            return Large(), 10.0

        return weakref.ref(await loads.cache.get("a", load))

    kept = asyncio.run(keep())
    gc.collect()
    assert kept() is not None
    loads.now += 10.0
    loads.get("b")
    gc.collect()
    assert kept() is None


def test_what_is_not_to_be_kept_takes_no_place() -> None:
    """It pushes out nobody else's value."""
    loads = Loads(max_entries=1)
    loads.get("a")
    loads.get("b", 0.0)
    loads.get("c", -1.0)
    assert loads.get("a") == "a 1"
