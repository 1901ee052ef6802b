"""For random values in random documents: protect, then resolve, gives the file back, or a documented refusal."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from ciphertool import Vault, protection
from ciphertool import settings as settings_
from ciphertool.errors import NoMatchError, SelectorError
from ciphertool.passwords import Environment, PasswordChain
from ciphertool.references import find, is_placeholder
from ciphertool.repository import open_repository
from ciphertool.vault.opening import VaultAccess

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.settings import Settings
    from ciphertool.vault.cipher import AnySealer

# `text` alone hardly ever hits what formats trip over.
_TRAPS = st.sampled_from(
    ["]]>", '"', "'", "${", "}", "\n", "\r\n", "#", ": ", "- ", "&", "<", "\\", "\t", "😀", "é", " "]
)
VALUES = st.lists(st.one_of(_TRAPS, st.text(max_size=4)), max_size=8).map("".join)


@pytest.fixture
def vault(project: Path) -> tuple[Settings, AnySealer]:
    text = (project / "ciphertool.toml").read_text().split("[[target]]")[0]
    (project / "ciphertool.toml").write_text(
        text
        + '[[target]]\nfile = "d.yaml"\nselector = "$.b.password"\nalias = "y"\n'
        + '[[target]]\nfile = "d.xml"\nselector = "/a/password"\nalias = "x"\n'
        + '[[target]]\nfile = "d.xml"\nselector = "/a/c/@key"\nalias = "k"\n'
    )
    loaded = settings_.load(project)
    opened = VaultAccess(loaded, PasswordChain((Environment(),))).to_seal(now=datetime.now(UTC))
    return loaded, opened.sealer


def _xml_allows(value: str) -> bool:
    return all(c in "\t\n\r" or "\x20" <= c < "\ud800" or "\ue000" <= c < "\ufffe" or c > "\uffff" for c in value)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(value=VALUES, other=VALUES)
@example(value="\U00010000", other="")  # which JSON escapes as two halves
def test_protect_then_resolve_gives_the_files_back(vault: tuple[Settings, AnySealer], value: str, other: str) -> None:
    loaded, cipher = vault
    value, other = (v if _xml_allows(v) else "plain" for v in (value, other))
    spelled = escape(value, {"\r": "&#13;"}).strip()
    attribute = escape(other, {'"': "&quot;", "\t": "&#9;", "\n": "&#10;", "\r": "&#13;"})
    files = {
        loaded.root / "d.yaml": f"# c\nb:\n  password: {json.dumps(value, ensure_ascii=True)}  # kept\nz: [1, two]\n",
        loaded.root
        / "d.xml": f'<?xml version="1.0"?>\n<a><!-- c --><password>{spelled}</password><c key="{attribute}"/></a>\n',
    }
    originals = {path: text.encode("utf-8", "surrogatepass") for path, text in files.items()}
    for path, data in originals.items():
        path.write_bytes(data)
    loaded.repository.unlink(missing_ok=True)
    plan = protection.plan(loaded, open_repository(loaded.kind, loaded.repository), cipher)
    if plan.problems:
        assert all(isinstance(problem, SelectorError | NoMatchError) or _refused(problem) for problem in plan.problems)
        assert {path: path.read_bytes() for path in files} == originals
        return
    protection.apply(loaded, plan)
    opened = Vault.open(loaded.root)
    for path, data in originals.items():
        resolved = opened.resolve_file(path)
        if find_any(value) or find_any(other):
            continue  # a value that is or holds a reference is one, and was not protected
        assert resolved == data or _same_values(path, resolved, data)


def _refused(problem: Exception) -> bool:
    names = {"UnknownAliasError", "ConfigError", "ConfigSyntaxError", "ReadDifferentlyError", "ValueTooLongError"}
    return type(problem).__name__ in names


def find_any(value: str) -> bool:
    return is_placeholder(value) or next(find(value), None) is not None


def _same_values(path: Path, resolved: bytes, original: bytes) -> bool:
    from ciphertool import rewriters

    rewriter = rewriters.for_path(path)
    return [(s.selector, s.value) for s in rewriter.parse(resolved).sites()] == [
        (s.selector, s.value) for s in rewriter.parse(original).sites()
    ]
