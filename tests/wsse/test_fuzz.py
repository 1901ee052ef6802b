"""A sample of what `scripts/fuzz-messages` tries for longer."""

from __future__ import annotations

from collections import Counter
from random import Random
from typing import TYPE_CHECKING

from tests.wsse.hostile import exercise, mutate, originals

if TYPE_CHECKING:
    from tests.wsse.conftest import Pair


def test_changed_messages_are_read_as_signed_or_refused(pair: Pair) -> None:
    random = Random(5)  # noqa: S311 - repeatable
    results: Counter[str] = Counter()
    for original in originals(pair.client, pair.server):
        assert exercise(original, original.message) == "read as it was signed"
        for _ in range(60):
            results[exercise(original, mutate(original, random))] += 1
    assert len(results) > 8, "several checks refuse something"
    assert results["read as it was signed"] < 150, "most changes matter"
