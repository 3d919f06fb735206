"""The output cache stays within its size limit."""

from __future__ import annotations

import gc
import sys
import tracemalloc

from hypothesis import given
from hypothesis import strategies as st

from summsvc.engines.base import DecodingOptions, Generated
from summsvc.scheduling.cache import KEY_BYTES, DedupCache, OutputCache
from tests.scheduling.reversing import work


def output(text: str) -> Generated:
    return Generated(text, -0.1, 1, 1, complete=True)


def test_the_least_recently_used_output_is_evicted_first() -> None:
    cache = OutputCache(2500)
    for name in "abc":
        cache.put(name, name, output(name))
    assert cache.get("a") == output("a")
    for name in "de":
        cache.put(name, name, output(name))
    assert [name for name in "abcde" if cache.get(name)] == ["a", "c", "d", "e"]


@given(st.integers(0, 5000), st.lists(st.text(max_size=500), max_size=50))
def test_the_cache_stays_within_its_size_limit(most: int, texts: list[str]) -> None:
    cache = OutputCache(most)
    for text in texts:
        cache.put(text, text, output(text.upper()))
        assert cache.bytes <= most
        assert (cache.bytes == 0) == (len(cache) == 0)
        known = cache.get(text)
        assert known is None or known.text == text.upper()


def test_a_cache_of_size_0_stores_nothing() -> None:
    cache = OutputCache(0)
    cache.put("a", "a", output("b"))
    assert cache.get("a") is None


def test_an_entry_takes_no_more_memory_than_is_counted() -> None:
    gc.collect()
    tracemalloc.start()
    try:
        cache = OutputCache(50_000_000)
        for i in range(5000):
            text = f"a sentence of news, number {i}, " + "ж" * 60
            # The key of the segments of a job, which has one segment.
            key = i.to_bytes(KEY_BYTES, "big")
            cache.put((key, text), text, output(text + " translated"))
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert used - sys.getsizeof(cache) <= cache.bytes <= 1.3 * used


def test_the_key_of_a_job_is_as_small_with_a_glossary() -> None:
    """Each cached output keeps it, and the size of an entry does not count it."""
    dedup = DedupCache("model", "version", OutputCache(0))
    plain, *others = [
        dedup.key(work(["a"], options=DecodingOptions(output_terms=terms)))
        for terms in ((), ("term",) * 500, ("term",) * 501)
    ]
    assert {len(plain), *map(len, others)} == {KEY_BYTES}
    assert len({plain, *others}) == 3
