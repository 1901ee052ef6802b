"""systemd's units: the entries and variables of systemd.syntax(7), and every byte around a secret."""

from __future__ import annotations

import re
import shlex
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ciphertool.errors import ConfigSyntaxError, SelectorError, UnrepresentableValueError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters.base import Change, Edit, rewrite
from ciphertool.rewriters.systemd import SystemdRewriter
from ciphertool.testing import RewriterContract

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

REWRITER = SystemdRewriter()


def _entries(data: bytes) -> list[tuple[str, str]]:
    """Each entry's section and key, and its value, after the manual: lines joined, comments within them left out."""
    section, joined, found = "", "", []
    for line in data.decode("utf-8-sig").replace("\r\n", "\n").split("\n"):
        if line.lstrip().startswith(("#", ";")):
            continue
        if re.search(r"(?<!\\)(?:\\\\)*\\$", line):
            joined += line[:-1] + " "
            continue
        line, joined = joined + line, ""
        if line.startswith("["):
            section = line.strip()[1:-1]
        elif "=" in line:
            key, _, value = line.partition("=")
            found.append((f"{section}/{key.strip()}", value.strip()))
    return found


class TestContract(RewriterContract):
    rewriter = REWRITER
    documents = (
        b'# c\n[Unit]\nDescription=x %i\n; d\n[Service]\nEnvironment=A=1 "B=p s" \'C=x y\' D="z 1"\nEnvironment=E=2\n',
        b"[Service]\nExecStart=/bin/x --p hunter2 \\\n  -x \\\n# c\n ; d\n  -y\nExecStartPre=/a\nExecStartPre = /b \n",
        b"\xef\xbb\xbf[NetDev]\r\nPrivateKey = w\xc3\xb6rd==\r\n\r\n[Peer]\r\nKey=a\r\n[Peer]\r\nKey=b",
        b"[Service]\nEnvironment=A=1 \\\n  ; c\n  B=2\nEnvironment=\nEnvironment=not-a-variable C=3\n[X-Y]\nZ=1",
    )
    damaged = (b"[S]\nc4n4ry-7d1f\n", b"[S]\nA=c4n4ry-7d1f \\", b"[S\nA=c4n4ry-7d1f\n", b"\xff")

    def reference_values(self, data: bytes) -> Mapping[str, str]:
        found: list[tuple[str, str]] = []
        for name, value in _entries(data):
            words = [word.partition("=") for word in shlex.split(value)] if name.endswith("/Environment") else []
            if words and all(re.fullmatch(r"[A-Za-z_]\w*", each) and sign for each, sign, _ in words):
                found += [(f"{name}/{each}", text) for each, _, text in words]
            else:
                found.append((name, value))
        names = [name for name, _ in found]
        seen: dict[str, int] = {}
        numbered = {}
        for name, value in found:
            seen[name] = seen.get(name, -1) + 1
            numbered[f"{name}[{seen[name]}]" if names.count(name) > 1 else name] = value
        return {name: value for name, value in numbered.items() if value}


def _with(text: str, selector: str, to: Reference | str, part: str = "") -> str:
    document = REWRITER.parse(text.encode())
    found = document.locate([selector])[0]
    assert isinstance(found, tuple), found
    (site,) = found
    within: tuple[Edit, ...] = ()
    if part:
        start = site.value.index(part)
        within = (Edit(start, start + len(part), str(to)),)
        to = site.value.replace(part, str(to))
    return rewrite(REWRITER, document, [Change(site, to, within)]).decode()


@given(st.lists(st.sampled_from(["[S]", "A=", "x", "\\", "\n", "\r", "#", " ", "\v", "]", ";", "="])).map("".join))
def test_every_line_is_read_or_refused(text: str) -> None:
    data = f"[S]\n{text}\n[T]\nlast=1\n".encode()
    try:
        document = REWRITER.parse(data)
    except ConfigSyntaxError:
        return
    folded = text.endswith(("\\", "\\\r"))
    assert folded or "T/last" in [site.selector for site in document.sites()]


REFERENCE = Reference("a", Syntax.SECRET)


@pytest.mark.parametrize(
    ("before", "selector", "after"),
    [
        ('Environment="P=a b" Q=c\n', "S/Environment/P", 'Environment="P=$secret{a}" Q=c\n'),
        ("Environment=Q=c P='a b'\n", "S/Environment/P", "Environment=Q=c P='$secret{a}'\n"),
        ("Environment=P=a\nEnvironment=P=b\n", "S/Environment/P[1]", "Environment=P=a\nEnvironment=P=$secret{a}\n"),
        ("Environment='P=a%%b'\n", "S/Environment/P", "Environment='P={ciphertool-verbatim:a}'\n"),
        ('Environment="P=a\\"b"\n', "S/Environment/P", 'Environment="P={ciphertool-verbatim:a}"\n'),
        ("Password=a$b\n", "S/Password", "Password={ciphertool-verbatim:a}\n"),
        ("K=a \\\n  b\n", "S/K", "K=$secret{a}\n"),
    ],
)
def test_a_reference_takes_the_place_of_the_secret_alone(before: str, selector: str, after: str) -> None:
    assert _with(f"[S]\n{before}", selector, REFERENCE) == f"[S]\n{after}"


def test_lines_that_continue_stay_around_a_part() -> None:
    text = "[S]\nExecStart=/x -p s3cret \\\n  # c\n  -y\n"
    protected = _with(text, "S/ExecStart", REFERENCE, "s3cret")
    assert protected == "[S]\nExecStart=/x -p $secret{a} \\\n  # c\n  -y\n"
    assert _with(protected, "S/ExecStart", "s3cret", "$secret{a}") == text


@pytest.mark.parametrize(
    ("before", "selector", "value"),
    [
        ("Environment=P=$secret{a}\n", "S/Environment/P", "a b"),
        ("Environment='P=$secret{a}'\n", "S/Environment/P", "a'b"),
        ("Environment='P={ciphertool-verbatim:a}'\n", "S/Environment/P", "a'b"),
        ("Environment='P={ciphertool-verbatim:a}'\n", "S/Environment/P", "a\\"),
        ("Environment=P=$secret{a}\n", "S/Environment/P", "a%b"),
        ("Environment='P=$secret{a}'\n", "S/Environment/P", "a\\n"),
        ("Password=$secret{a}\n", "S/Password", "a\nb"),
        ("Password=$secret{a}\n", "S/Password", "a$b"),
        ("Password={ciphertool-verbatim:a}\n", "S/Password", "a\\"),
    ],
)
def test_a_value_that_would_be_read_otherwise_is_refused(before: str, selector: str, value: str) -> None:
    with pytest.raises(UnrepresentableValueError):
        _with(f"[S]\n{before}", selector, value)


def test_a_repeated_key_is_named_by_its_number() -> None:
    document = REWRITER.parse(b"[S]\nK=a\nK=b\n")
    several, second = document.locate(["S/K", "S/K[1]"])
    assert isinstance(several, SelectorError)
    assert several.reason == "occurs on lines 2 and 3"
    assert isinstance(second, tuple)
    assert second[0].value == "b"


def test_what_systemd_reads_otherwise_needs_a_persons_word(project: Path, run: Run) -> None:
    data = b'[Service]\nEnvironment="A=pa ss" B=x "C=50%%"\nExecStart=/x --token=Zx9 \\\n  -v\n'
    (project / "app.service").write_bytes(data)
    settings = (project / "ciphertool.toml").read_text().partition("[[target]]")[0]
    head = "[[target]]\nfile = 'app.service'\n"
    targets = f"{head}selector='Service/Environment/A'\nalias='a'\n{head}selector='Service/Environment/C'\nalias='c'\n"
    more = f"{head}selector='Service/ExecStart'\nalias='t'\npart='--token='\n"
    (project / "ciphertool.toml").write_text(settings + targets + more)
    told = run("protect")
    assert told.status == 3
    assert (
        "Service/Environment/C: has a quote, a \\ or a sign like %, which systemd does not read as it stands"
        in told.err
    )
    targets = targets.replace("alias='c'", "alias='c'\nliteral = true")
    (project / "ciphertool.toml").write_text(settings + targets + more)
    assert run("protect").status == 0
    expected = b'"A=$secret{a}" B=x "C={ciphertool-verbatim:c}"\nExecStart=/x --token=$secret{t} \\\n'
    assert expected in (project / "app.service").read_bytes()
    assert run("check").status == 0
    assert run("resolve", "app.service").out.encode() == data


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="no systemd to judge by")
def test_systemd_finds_nothing_wrong_with_a_protected_unit(tmp_path: Path) -> None:
    text = (
        "[Service]\nExecStart=/bin/true --password=s3cret \\\n  x\nEnvironment=\"A=s3 cret\" B='s3'\nEnvironment=C=s3\n"
    )
    document = REWRITER.parse(text.encode())
    sites = [site for site in document.sites() if "Environment" in site.selector]
    changes = [Change(site, Reference(f"a{n}", Syntax.SECRET)) for n, site in enumerate(sites)]
    path = tmp_path / "app.service"
    path.write_bytes(rewrite(REWRITER, document, changes))
    done = subprocess.run(
        ["systemd-analyze", "--man=no", "--generators=no", "verify", path], capture_output=True, text=True
    )
    assert [line for line in done.stderr.splitlines() if "app.service" in line] == []
    path.write_text(text.replace('"A=s3 cret"', '"A=s3'))  # it would say so
    done = subprocess.run(
        ["systemd-analyze", "--man=no", "--generators=no", "verify", path], capture_output=True, text=True
    )
    assert "app.service" in done.stderr
