"""Records are masked while threads find new values, and children forked amid other threads' first steps go on."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from tests.conftest import PASSWORD

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

# In an interpreter of its own: in this one all is imported by now, and no child could wait for an import.
_AMID_FORKS = r"""
import logging, os, random, signal, sys, threading, time
from ciphertool.redaction.logs import Redactor
from ciphertool.secret import Values

sys.setswitchinterval(1e-5)
values, published, failed = Values(), [], []
redactor = Redactor(values)

def shows(value):
    record = logging.LogRecord("name", logging.INFO, "path", 1, "found %s here", (value,), None)
    redactor.filter(record)
    return value in record.getMessage()

def work(number):
    chance = random.Random(number)
    try:
        for count in range(40):
            value = f"{number}-{count}-" + "".join(chance.choices("abcdefgh", k=chance.choice((4, 8, 20, 40))))
            values.add(value)
            published.append(value)
            failed.extend(v for v in (value, chance.choice(published)) if shows(v))
    except Exception as error:
        failed.append(repr(error))

def child(seen):
    signal.alarm(30)
    values.add("a value of the child's")
    os._exit(any(shows(value) for value in [*seen, "a value of the child's"]))

threads = [threading.Thread(target=work, args=(number,)) for number in range(6)]
for thread in threads:
    thread.start()
children = []
while any(thread.is_alive() for thread in threads):
    children.append(os.fork())
    if children[-1] == 0:
        child(published[-20:])
    time.sleep(0.003)
failed += [status for status in (os.waitpid(number, 0)[1] for number in children) if status]
print(len(children) > 0, len(published), failed)
"""


_AMID_THE_FIRST = r"""
import os, signal, sys, threading, time
from ciphertool import Vault

sys.setswitchinterval(1e-4)
vault = Vault.open("ciphertool.toml")
alias = sys.argv[1]
thread = threading.Thread(target=vault.resolve, args=(alias,))
thread.start()
children = []
while thread.is_alive() or not children:
    children.append(os.fork())
    if children[-1] == 0:
        signal.alarm(30)
        vault.resolve(alias)
        os._exit(0)
    time.sleep(0.01)
print([status for status in (os.waitpid(number, 0)[1] for number in children) if status])
"""

_AMID_MANY = r"""
import os, signal, sys, threading, time
from pathlib import Path
from ciphertool import Vault

sys.setswitchinterval(1e-4)
clear = Path("clear.yaml").read_bytes()
vault = Vault.open("ciphertool.toml")
vault.resolve_bytes(b"a: b", format="yaml")  # which imports the format, before any other thread does
wrong = []

def work():
    if vault.resolve_file("many.yaml") != clear:
        wrong.append("many.yaml")

thread = threading.Thread(target=work)
thread.start()
children = []
while thread.is_alive() or not children:
    children.append(os.fork())
    if children[-1] == 0:
        signal.alarm(30)
        work()
        os._exit(len(wrong))
    time.sleep(0.01)
print(wrong, [status for status in (os.waitpid(number, 0)[1] for number in children) if status])
"""


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks on this system")
def test_a_fork_amid_the_threads_that_decrypt_many_values(project: Path, run: Callable[..., Outcome]) -> None:
    clear = "".join(f"key{number}: value {number}\n" for number in range(60))
    for name in ("many.yaml", "clear.yaml"):
        (project / name).write_text(clear)
    with (project / "ciphertool.toml").open("a") as settings:
        settings.write('\n[[target]]\nfile = "many.yaml"\nselector = "$.*"\nalias = "many/{key}"\n')
    assert run("protect").status == 0
    assert "value" not in (project / "many.yaml").read_text()
    done = subprocess.run(
        [sys.executable, "-c", _AMID_MANY],
        cwd=project,
        env={**os.environ, "CIPHERTOOL_KEYSTORE_PASSWORD": PASSWORD},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.stdout == "[] []\n", done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks on this system")
def test_a_fork_amid_another_threads_first_secret(protected: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", _AMID_THE_FIRST, "app.smtp.password"],
        cwd=protected,
        env={**os.environ, "CIPHERTOOL_KEYSTORE_PASSWORD": PASSWORD},
        capture_output=True,
        text=True,
        check=False,
        timeout=240,
    )
    assert done.stdout == "[]\n", done.stderr


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no forks on this system")
def test_threads_that_find_values_and_forks_amid_them() -> None:
    done = subprocess.run([sys.executable, "-c", _AMID_FORKS], capture_output=True, text=True, check=False, timeout=240)
    assert done.stdout == "True 240 []\n", done.stderr
