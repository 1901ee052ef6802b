"""A `Secret` shows nowhere, and its values are masked in logs."""

from __future__ import annotations

import copy
import io
import json
import logging
import pickle
from typing import TYPE_CHECKING

import pytest

from ciphertool.redaction.logs import Redactor
from ciphertool.secret import MASK, Secret, Values

if TYPE_CHECKING:
    from collections.abc import Callable

CANARY = "c4n4ry-'\"\\é\nline two"
SECRET = Secret(CANARY)


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        "{}".format,
        "{!r:>8}".format,
        lambda s: f"{s}",
        lambda s: "%s %r" % (s, s),  # noqa: UP031 - how old code formats
        lambda s: repr([s, {1: s}]),
    ],
)
def test_a_secret_is_masked_wherever_it_is_shown(show: Callable[[Secret], str]) -> None:
    assert "c4n4ry" not in show(SECRET)
    assert MASK in show(SECRET)


def test_it_reveals_its_text_and_its_utf_8() -> None:
    assert SECRET.reveal() == CANARY
    assert SECRET.reveal_bytes() == CANARY.encode("utf-8")
    assert bool(SECRET) is True
    assert bool(Secret("")) is False


def test_secrets_are_equal_by_value_and_to_nothing_else() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert Secret("a") != "a"
    with pytest.raises(TypeError):
        hash(SECRET)


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickling_is_refused(protocol: int) -> None:
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps([SECRET], protocol)


def test_what_asks_for_the_state_gets_none() -> None:
    with pytest.raises(TypeError):
        Secret("c4n4ry").__getstate__()
    with pytest.raises(TypeError):
        Values().__getstate__()


def test_revealed_values_show_how_many_they_are() -> None:
    values = Values()
    values.add("c4n4ry")
    values.add("c4n4ry")
    assert (repr(values), [*values], "c4n4ry" in values) == ("Values(1)", ["c4n4ry"], True)
    with pytest.raises(TypeError):
        pickle.dumps(values)
    with pytest.raises(TypeError):
        vars(values)


def test_a_copy_is_the_same_object() -> None:
    assert copy.copy(SECRET) is SECRET
    assert copy.deepcopy({"a": [SECRET]})["a"][0] is SECRET


def test_it_cannot_be_changed_and_has_no_attribute_that_shows_it() -> None:
    with pytest.raises(AttributeError):
        SECRET.value = "x"
    with pytest.raises(AttributeError):
        del SECRET._Secret__value  # type: ignore[attr-defined]
    with pytest.raises(TypeError):
        vars(SECRET)
    with pytest.raises(TypeError):
        json.dumps(SECRET)


def test_it_converts_to_pydantic() -> None:
    pydantic = pytest.importorskip("pydantic")
    assert SECRET.to_pydantic() == pydantic.SecretStr(CANARY)

    class Model(pydantic.BaseModel):  # type: ignore[name-defined, misc]
        password: Secret

    for given in (CANARY, SECRET):
        model = Model(password=given)
        assert model.password.reveal() == CANARY
        assert "c4n4ry" not in f"{model!r}{model.model_dump_json()}{model.model_dump()}"
    with pytest.raises(pydantic.ValidationError):
        Model(password=3)


@pytest.fixture
def log() -> tuple[logging.Logger, io.StringIO]:
    """A logger whose handler masks CANARY, and what it writes."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(message)s|%(extra)s", defaults={"extra": ""}))
    handler.addFilter(Redactor({CANARY: None, "abc": None}))
    logger = logging.Logger("test")
    logger.addHandler(handler)
    return logger, stream


def test_revealed_values_are_masked_in_records_and_tracebacks(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    logger.error("connecting with %s as %s", CANARY, "app", extra={"extra": {"password": [CANARY]}})
    logger.error("as a url %(url)s", {"url": "postgres://c4n4ry-%27%22%5C%C3%A9%0Aline%20two@host"})
    logger.error(f"repr {CANARY!r} bytes {CANARY.encode()!r} json {json.dumps(CANARY)}")
    try:
        raise KeyError(CANARY)
    except KeyError:
        logger.exception("failed", stack_info=True)
    logger.error("does not format: %d", CANARY)
    written = stream.getvalue()
    assert "c4n4ry" not in written
    assert "line two" not in written
    assert "connecting with **** as app" in written
    assert "KeyError: '****'" in written
    assert "in test_revealed_values" in written


def test_what_holds_no_value_stays_as_it_is(log: tuple[logging.Logger, io.StringIO]) -> None:
    logger, stream = log
    seen = []
    logger.handlers[0].addFilter(lambda record: not seen.append(record))  # type: ignore[func-returns-value]
    try:
        raise ValueError("abc is too short to be masked")
    except ValueError:
        logger.exception("%s and %d", "abc", 3)
    assert stream.getvalue().startswith("abc and 3|\nTraceback")
    assert seen[0].args == ("abc", 3)
    assert seen[0].exc_info is not None


def test_values_that_are_resolved_later_are_masked_too() -> None:
    values: dict[str, None] = {}
    redactor = Redactor(values)
    record = logging.makeLogRecord({"msg": "later-value"})
    redactor.filter(record)
    assert record.msg == "later-value"
    values["later-value"] = None
    redactor.filter(record)
    assert record.msg == MASK
