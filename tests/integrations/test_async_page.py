"""The examples of docs/async.md run as they stand."""

from __future__ import annotations

import asyncio
import re
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

import pytest
from fastapi.testclient import TestClient

from ciphertool import ProblemsError, Vault
from tests.conftest import SECRETS
from tests.walk import ROOT

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

PAGE = (ROOT / "docs/async.md").read_text(encoding="utf-8")
BLOCKS = dict(re.findall(r"^```python\n# (\S+)\n(.*?)^```$", PAGE, re.MULTILINE | re.DOTALL))
ALIAS = "app.smtp.password"


def _example() -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(BLOCKS["app.py"], "app.py", "exec"), names)  # noqa: S102 - our own page
    return names


def test_at_its_start_an_application_has_its_settings(protected: Path) -> None:
    application = SimpleNamespace(state=SimpleNamespace())

    async def live() -> str:
        async with _example()["lifespan"](application):
            assert len(asyncio.all_tasks()) == 2
            await asyncio.sleep(0)
            return str(application.state.vault[ALIAS].reveal())

    assert asyncio.run(live()) == SECRETS[ALIAS]
    assert application.state.settings["smtp"]["password"] == SECRETS[ALIAS]
    (protected / "conf/app.yaml").write_text("a: ${sec:absent}\nb: ${sec:absent.too}\n")
    with pytest.raises(ProblemsError, match=r"absent\.too"):
        asyncio.run(live())


def test_a_change_is_taken_up_and_a_bad_one_is_logged(
    protected: Path, run: Callable[..., Outcome], caplog: pytest.LogCaptureFixture
) -> None:
    vault = Vault.open(protected)
    assert vault[ALIAS].reveal() == SECRETS[ALIAS]
    repository = protected / "security/vault.properties"
    before = repository.read_text()
    made = run("encrypt", "--secret-alias", ALIAS, stdin=b"changed").out.strip()

    async def until(done: Callable[[], bool]) -> None:
        following = asyncio.create_task(_example()["follow"](vault, 0.01))
        async with asyncio.timeout(20):
            while not done():
                await asyncio.sleep(0.01)
        following.cancel()

    repository.write_text(re.sub(rf"^{ALIAS}=.*$", f"{ALIAS}={made}", before, flags=re.MULTILINE))
    asyncio.run(until(lambda: vault[ALIAS].reveal() == "changed"))
    repository.write_text(before.replace(f"{ALIAS}=", "other="))
    asyncio.run(until(lambda: bool(caplog.records)))
    assert vault[ALIAS].reveal() == "changed"
    assert caplog.records[0].getMessage() == "the vault was not reloaded"


def test_the_part_for_fastapi_runs(protected: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, text in BLOCKS.items():
        (protected / name).write_text(text)
    monkeypatch.syspath_prepend(str(protected))
    main = __import__("main")
    with TestClient(main.app) as client:
        assert client.get("/ready").json() == {"secrets": 4}
    main.app.dependency_overrides[main.vault_of] = lambda: Vault.of({"db.password": "for tests"})
    with TestClient(main.app) as client:
        assert client.get("/ready").json() == {"secrets": 1}
