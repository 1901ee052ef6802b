"""The sample of a client with zeep and its service: the passwords of their keystores are in a vault."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests
from lxml import etree

from ciphertool import wsse
from ciphertool.errors import MessageSecurityError
from tests.wsse.conftest import pair_of
from tests.wsse.parties import envelope, party

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parents[2]
SAMPLE = ROOT / "sample-configs" / "wsse"
PAGE = ROOT / "docs" / "wsse.md"


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """The sample after the commands of its page, and the environment for its programs."""
    root = tmp_path_factory.mktemp("wsse") / "app"
    root.mkdir()
    shutil.copytree(SAMPLE, root / "wsse")
    environment = {n: v for n, v in os.environ.items() if not n.startswith("CIPHERTOOL_")}
    environment["CIPHERTOOL_KEYSTORE_PASSWORD"] = "a keystore password"
    environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{environment['PATH']}"
    commands = re.search(r"```sh\n(ciphertool init\n.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert commands
    done = subprocess.run(
        ["bash", "-ec", commands[1]], cwd=root, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return root, environment


@contextmanager
def service(root: Path, environment: dict[str, str]) -> Iterator[tuple[str, subprocess.Popen[str]]]:
    """Run the service on a port of its own; yield its address."""
    command = [sys.executable, "wsse/service.py", "0"]
    with subprocess.Popen(
        command, cwd=root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("listening on"), process.communicate()[1]
            yield f"http://127.0.0.1:{line.split()[-1]}/quotes", process
        finally:
            process.terminate()


def test_the_client_gets_an_answer(app: tuple[Path, dict[str, str]]) -> None:
    root, environment = app
    pytest.importorskip("zeep")
    with service(root, environment) as (address, process):
        done = subprocess.run(
            [sys.executable, "wsse/client.py", address, "IBM"],
            cwd=root,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (done.returncode, done.stdout) == (0, "last: 3.5\n"), done.stderr
        assert process.stdout is not None
        assert process.stdout.readline() == "asked for IBM by Body, Timestamp\n"


def test_the_service_refuses_what_is_not_signed(app: tuple[Path, dict[str, str]]) -> None:
    root, environment = app
    with service(root, environment) as (address, process):
        answer = requests.post(address, envelope(), headers={"Content-Type": "text/xml"}, timeout=30)
        assert answer.status_code == 500
        assert b"the message was refused" in answer.content
        assert process.stderr is not None
        assert process.stderr.readline() == "message refused: it does not have one Security header: it has 0\n"


class TestZeep:
    def test_what_zeep_reads_is_what_was_verified(self) -> None:
        """The answer that zeep parses has nothing but the signed Body, whatever came."""
        pair = pair_of(party("client"), party("server"))
        door = wsse.ZeepSecurity(pair.sends, replace(pair.sends, require_encrypted=(wsse.Part.BODY,)))
        assert door.answer is None
        request, headers = door.apply(etree.fromstring(envelope()), {"a": "b"})
        assert headers == {"a": "b"}
        opened = wsse.open(etree.tostring(request), pair.reads)
        answer = wsse.secure(envelope(), replace(pair.reads, encrypt=(wsse.Part.BODY,)), request=opened)
        received = etree.fromstring(bytes(answer))
        door.verify(received)
        assert [etree.QName(child).localname for child in received] == ["Header", "Body"]
        assert len(received[0]) == 0
        assert door.answer is not None
        assert door.answer.signer == pair.server.chain[0]
        with pytest.raises(MessageSecurityError):
            door.verify(etree.fromstring(envelope()))
