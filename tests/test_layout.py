"""Lines and columns that fit a width: where they end, and what is left out of what is too long."""

from __future__ import annotations

import pytest

from ciphertool.layout import columns, shortened, wrapped

PATH = "/srv/products/identity-server/repository/conf/security/cipher-text.properties"


def test_what_has_room_is_left_as_it_is() -> None:
    assert shortened(PATH, len(PATH)) == PATH
    assert shortened(PATH * 9, None) == PATH * 9
    assert wrapped("a  b " * 99, None) == ["a  b " * 99]
    assert columns([("a" * 300, "b c " * 300)], None) == ["a" * 300 + "  " + ("b c " * 300).rstrip()]
    assert columns([], 80) == []


@pytest.mark.parametrize("width", range(8, 76))
def test_what_is_too_long_loses_its_middle(width: int) -> None:
    for text in (PATH, PATH.replace("/", "_")):
        left, right = shortened(text, width).split("…")
        assert len(left) + len(right) + 1 == width
        assert text.startswith(left)
        assert text.endswith(right)
    assert shortened("ab" * 40, 21) == "ab" * 5 + "…" + "ab" * 5
    assert shortened(PATH, 40).endswith("/cipher-text.properties")


@pytest.mark.parametrize("width", range(30, 100))
def test_lines_end_between_words_or_after_a_slash_and_nothing_is_lost(width: int) -> None:
    text = f"  state  unprotected: the file {PATH} has values in clear; name it, or {PATH} instead"
    lines = wrapped(text, width, "    ")
    assert max(map(len, lines)) <= width
    assert lines[0].startswith("  state  unprotected:")
    assert all(line.startswith("    ") and line[4] != " " for line in lines[1:])
    joined = lines[0]
    for line in lines[1:]:
        joined += ("" if joined.endswith("/") and joined.rpartition(" ")[2] in PATH else " ") + line.strip()
    assert joined.replace("/ ", "/") == text
    longest = max(len(part) for part in PATH.split("/"))
    assert longest < width - 4


def test_a_word_that_no_line_can_hold_is_shortened() -> None:
    first, second = wrapped(f"alias {'a' * 50}{'b' * 50}", 40, "  ")
    assert (first, second.strip("ab ")) == ("alias", "…")
    assert len(second) == 40


@pytest.mark.parametrize("width", range(40, 130))
def test_rows_fit_and_the_widest_columns_give_way(width: int) -> None:
    rows = [("ALIAS", "KIND", "", "NOTE"), ("a" * 60, "key", "", "one two three four five six seven eight nine ten")]
    head, *lines = columns(rows, width)
    assert max(map(len, (head, *lines))) <= width
    assert head.split() == ["ALIAS", "KIND", "NOTE"]
    start = head.index("NOTE")
    assert lines[0].index("key") == head.index("KIND")
    assert " ".join(line[start:] for line in lines) == rows[1][3]
    assert ("…" in lines[0]) is (width < 60 + 2 + 4 + 2 + 24)
    assert all(line[:start].isspace() for line in lines[1:])
