"""A secret inside a longer value is taken out, put back, and spelled for its place."""

from __future__ import annotations

import contextlib
import time
from typing import TYPE_CHECKING

import pytest

from ciphertool import Vault
from ciphertool.errors import ConfigError, SelectorError
from ciphertool.rewriters.base import Site
from ciphertool.targets import parts

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]


@pytest.fixture(autouse=True)
def _named(request: pytest.FixtureRequest) -> None:
    if "project" in request.fixturenames:
        request.getfixturevalue("named")


def _site(value: str) -> Site:
    return Site("$['v']", "v", value, 0, len(value), 1)


@pytest.mark.parametrize(
    ("value", "secret"),
    [
        ("postgres://app:s3cret@db/x", "s3cret"),
        ("amqp://u:p%40ss@h:5672/%2F", "p%40ss"),
        ("redis://:only@h", "only"),
        ("https://u:p@ss@h/path", "p@ss"),
        ("jdbc:sqlserver://h;user=u;password=s3cret;x=1", "s3cret"),
        ("jdbc:mysql://h/db?user=u&password=s3cret&x=1", "s3cret"),
        ("Server=h;Pwd=s3cret", "s3cret"),
        ("https://h/path?a=b", None),
        ("postgres://app:@db", None),
        ("passwordless", None),
        ("Server=h;User Id=sa;Password=Pa&ss, W0rd-tail x ; Database=y", "Pa&ss, W0rd-tail x"),
        ("Server=h;Password='a;b=c d';Database=y", "a;b=c d"),
        ('Server=h;Password="a""b;c"', 'a""b;c'),
        ("Driver=x;PWD={a;b}}c};Database=y", "a;b}}c"),
        ("host=h password='my \\'pass' dbname=d", "my \\'pass"),
        ("host=h password=plain dbname=d", "plain"),
        ('org.x.PlainLoginModule required username="u" password="a b;c";', "a b;c"),
        ("redis-1:6379,password=abc,ssl=True", "abc"),
        ("jdbc:postgresql://h/db?password=abc&user=u", "abc"),
        ("password=abc;user=u", "abc"),
        ("Password=abc;", "abc"),
        ("Server=h;Password={AES}xyz;x=1", "{AES}xyz"),
        ("Server=h;Password={wso2:vault-lookup('a.b')};x=1", "{wso2:vault-lookup('a.b')}"),
        ("Server=h;Password=;x=1", None),
        ("Server=h;Password='';x=1", None),
    ],
)
def test_the_password_of_a_connection_string(value: str, secret: str | None) -> None:
    found = parts.find(_site(value), "password")
    assert (found.text if found else None) == secret
    if found is not None:
        assert value[found.start : found.end] == secret


@pytest.mark.parametrize(
    ("value", "part", "secret"),
    [
        ("MYSQL_PASSWORD=a;b c=", "MYSQL_PASSWORD=", "a;b c="),
        ("a=1\nspring.datasource.password = s3 cret\nb=2", "spring.datasource.password=", "s3 cret"),
        ("10.0.0.5 ansible_user=u ansible_password=s3cret port=2", "ansible_password=", "s3cret"),
        ("X=1;AccountKey=ab+/c==;Suffix=net", "AccountKey=", "ab+/c=="),
        ('LoginModule required clientId="c" clientSecret="a;b c";', "clientSecret=", "a;b c"),
        ('{"user": "u", "password": "s3cret"}', "password=", "s3cret"),
        ("server --admin-password s3cret --port 1", "--admin-password=", "s3cret"),
        ("server --admin-password=s3cret", "--admin-password=", "s3cret"),
        ("MY_PASSWORD=x", "PASSWORD=", None),
        ("PASSWORD=", "PASSWORD=", None),
        ("PASSWORD=${sec:a}", "PASSWORD=", "${sec:a}"),
    ],
)
def test_what_is_assigned_to_a_name(value: str, part: str, secret: str | None) -> None:
    found = parts.find(_site(value), part)
    assert (found.text if found else None) == secret


@pytest.mark.parametrize("value", ["KEY=c4n4ry;x=1", "KEY=c4n4ry\nKEY=other", 'sh -c "KEY=c4n4ry" x', "a KEY=c4n'4ry"])
def test_what_is_assigned_without_a_certain_end_is_refused(value: str) -> None:
    with pytest.raises(SelectorError) as caught:
        parts.find(_site(value), "KEY=")
    assert "c4n" not in f"{caught.value}{caught.value!r}"


@pytest.mark.parametrize(
    "value",
    [
        "Server=h;Password=ab&cd=ef;x=1",
        "Server=h;Password='ab;cd=ef;x=1",
        "Server=h;Password={ab;cd=ef}gh;x=1",
        "jdbc:mysql://h/db?user=u&password=c4n;4ry&x=1",
        "jdbc:mysql://h/db?password=c4n 4ry",
        "redis:6379,password=c4n4ry x,ssl=True",
        "host=h password=c4n4ry; dbname=d",
        "password=c4n4ry;more",
        "postgres://u:c4n4ry@h/db?password=other",
        "Server=h;Password=c4n4ry;Pwd=other",
    ],
)
def test_a_password_whose_end_is_not_certain_is_refused(value: str) -> None:
    with pytest.raises(SelectorError) as caught:
        parts.find(_site(value), "password")
    assert "regular expression" in (caught.value.hint or "")
    assert "c4n" not in f"{caught.value}{caught.value!r}"


@pytest.mark.parametrize(
    "value",
    ["password=" + "a " * 200_000, ";password=" + ";a" * 200_000, "password='" + "''" * 200_000, "pwd" * 100_000],
)
def test_a_hostile_value_costs_no_time(value: str) -> None:
    start = time.process_time()
    with contextlib.suppress(SelectorError):
        parts.find(_site(value), "password")
    assert time.process_time() - start < 2


def test_what_is_refused_is_left_as_it_is_and_said_by_an_audit(project: Path, run: Run) -> None:
    text = "v: host=h password=c4n4ry;x dbname=d\n"
    _only(project, text, "password")
    outcome = run("protect")
    assert outcome.status == 3
    assert "u.yaml:1: $['v']: has a password without a clear end" in outcome.err
    assert (project / "u.yaml").read_text() == text
    audited = run("audit")
    assert audited.status == 1
    assert "has a password without a clear end" in audited.out
    assert "c4n4ry" not in outcome.err + audited.out


def test_a_named_group(project: Path, run: Run) -> None:
    _only(project, "v: AccountKey=abc==;x=1\n", r"AccountKey=(?P<secret>[^;]+)")
    assert run("protect").status == 0
    assert (project / "u.yaml").read_text() == "v: AccountKey=${sec:u};x=1\n"
    assert Vault.open(project)["u"].reveal() == "abc=="
    assert run("resolve", "u.yaml").out == "v: AccountKey=abc==;x=1\n"


def test_percent_encoding_is_undone_and_redone(project: Path, run: Run) -> None:
    original = "v: postgres://app:p%40ss%2F%C3%BC@db/x  # kept\n"
    _only(project, original, "password")
    assert run("protect").status == 0
    assert (project / "u.yaml").read_text() == "v: postgres://app:${sec:u}@db/x  # kept\n"
    vault = Vault.open(project)
    assert vault["u"].reveal() == "p@ss/ü"
    assert run("resolve", "u.yaml").out == original
    assert vault.load(project / "u.yaml") == {"v": "postgres://app:p%40ss%2F%C3%BC@db/x"}
    assert run("protect").err.endswith("nothing to do\n")


@pytest.mark.parametrize(
    ("url", "reason"),
    [("postgres://app:c4n4ry%ff@db/x", "not UTF-8"), ("postgres://db/x?user=u&password=c4n4ry+x", "a + in a URL")],
)
def test_a_password_that_could_not_be_put_back_for_certain_is_refused(
    project: Path, run: Run, url: str, reason: str
) -> None:
    _only(project, f"v: {url}\n", "password")
    outcome = run("protect")
    assert outcome.status == 3
    assert f"u.yaml:1: $['v']: has {reason}" in outcome.err.replace("a percent-encoding that is ", "")
    assert "c4n4ry" not in outcome.out + outcome.err
    assert (project / "u.yaml").read_text() == f"v: {url}\n"


def test_a_value_without_the_part_is_refused(project: Path, run: Run) -> None:
    _only(project, "v: postgres://db/x\n", "password")
    outcome = run("protect")
    assert outcome.status == 3
    assert "no such part" in outcome.err


@pytest.mark.parametrize("part", ["(", "(?P<other>x)", "user"])
def test_a_part_that_is_none_is_a_configuration_error(part: str) -> None:
    with pytest.raises(ConfigError):
        parts.find(_site("x"), part)


def test_two_parts_of_one_value(project: Path, run: Run) -> None:
    _only(project, "v: key=one;token=two\n", "key=(?P<secret>[^;]+)", "token=(?P<secret>[^;]+)")
    assert run("protect").status == 0
    assert (project / "u.yaml").read_text() == "v: key=${sec:u};token=${sec:u1}\n"
    assert run("resolve", "u.yaml").out == "v: key=one;token=two\n"


@pytest.mark.parametrize(
    ("text", "part"), [("v: x ${sec:b} y\n", None), ("v: key=a${sec:b};x=1\n", "key=(?P<secret>[^;]+)")]
)
def test_a_reference_within_a_longer_value_is_not_encrypted_with_it(
    project: Path, run: Run, text: str, part: str | None
) -> None:
    _only(project, text, part)
    outcome = run("protect")
    assert outcome.status == 3
    assert "u.yaml:1: $['v']: holds a reference to 'b' within a longer value" in outcome.err
    assert (project / "u.yaml").read_text() == text


def test_two_names_for_one_secret_are_refused(project: Path, run: Run) -> None:
    _only(project, "v: secret\n", None, None)
    before = (project / "u.yaml").read_bytes()
    outcome = run("protect")
    assert outcome.status == 3
    assert "two targets call it 'u' and 'u1'" in outcome.err
    assert (project / "u.yaml").read_bytes() == before


def test_one_secret_named_twice_alike_is_one(project: Path, run: Run) -> None:
    _only(project, "v: secret\n", None, None)
    settings = project / "ciphertool.toml"
    settings.write_text(settings.read_text().replace("'u1'", "'u'"))
    assert run("protect").status == 0
    assert (project / "u.yaml").read_text() == "v: ${sec:u}\n"


def _only(project: Path, text: str, *wanted: str | None) -> None:
    (project / "u.yaml").write_text(text)
    settings = (project / "ciphertool.toml").read_text().split("[[target]]")[0]
    for number, part in enumerate(wanted):
        settings += f"[[target]]\nfile = 'u.yaml'\nselector = '$.v'\nalias = 'u{number or ''}'\n"
        settings += f"part = '{part}'\n" if part else ""
    (project / "ciphertool.toml").write_text(settings)
