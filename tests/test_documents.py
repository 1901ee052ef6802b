"""Every page of the repository: its links lead somewhere, the README names it, the reference has every public name."""

from __future__ import annotations

import re
import tomllib
from importlib import import_module
from typing import TYPE_CHECKING

import pytest

import ciphertool
from ciphertool import keystore, passwords, rewriters
from tests.walk import ROOT

if TYPE_CHECKING:
    from pathlib import Path

PAGES = sorted(path for pattern in ("*.md", "docs/**/*.md", "sample-configs/*.md") for path in ROOT.glob(pattern))
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def _name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def _anchors(path: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub spells them; the site's are checked when it is built."""
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    found: set[str] = set()
    for heading in re.findall(r"^#+ (.+)$", text, re.MULTILINE):
        slug = re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-")
        found.add(slug if slug not in found else f"{slug}-{sum(one.startswith(slug) for one in found)}")
    return found


def _links(path: Path) -> list[str]:
    # A link's text may be code.
    text = re.sub(r"^```.*?^```$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    return [link for link in _LINK.findall(text) if "://" not in link]


def test_there_are_pages() -> None:
    assert len(PAGES) > 15
    assert sum(len(_links(path)) for path in PAGES) > 100


@pytest.mark.parametrize("path", PAGES, ids=_name)
def test_links_lead_somewhere(path: Path) -> None:
    for link in _links(path):
        name, _, anchor = link.partition("#")
        target = (path.parent / name).resolve() if name else path
        assert target.exists(), link
        assert target.is_file(), f"{link}: a directory is no page of the site"
        if anchor:
            assert anchor in _anchors(target), link


def test_the_readme_and_the_site_name_every_page() -> None:
    site = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]
    named = set(re.findall(r'"([\w./-]+\.md)"', repr(site["nav"]).replace("'", '"')))
    pages = {_name(path) for path in PAGES if path.parent != ROOT / "sample-configs"}
    assert pages - named == set()
    assert named - pages == set()
    readme = {link.partition("#")[0] for link in _links(ROOT / "README.md")}
    assert {_name(path) for path in (ROOT / "docs").glob("*.md")} - readme == set()


def _directives() -> list[str]:
    pages = (ROOT / "docs/reference").glob("*.md")
    return [name for page in pages for name in re.findall(r"^::: ([\w.]+)$", page.read_text(encoding="utf-8"), re.M)]


def test_the_reference_has_every_public_name_once() -> None:
    directives = _directives()
    assert len(directives) == len(set(directives))
    for package in (ciphertool, keystore, passwords):
        for name in package.__all__:
            value = getattr(package, name)
            last = getattr(value, "__name__", name)  # `Entry` is a former name of `KeyEntry`
            places = {f"{package.__name__}.{last}", getattr(value, "__module__", None)}
            assert places.intersection(directives), f"{package.__name__}.{name}"


def test_the_reference_names_what_there_is() -> None:
    for directive in _directives():
        module, _, name = directive.rpartition(".")
        try:
            import_module(directive)
        except ModuleNotFoundError as error:
            missing = str(error.name)
            if missing.split(".")[0] != "ciphertool":
                continue  # an integration whose framework is not installed
            assert hasattr(import_module(module), name), directive


def test_the_reference_has_every_integration() -> None:
    modules = {path.stem for path in (ROOT / "ciphertool/integrations").glob("*.py")} - {"__init__"}
    named = {name.rpartition(".")[2] for name in _directives() if name.startswith("ciphertool.integrations.")}
    assert modules == named


def test_the_table_of_file_names_is_that_of_the_registry() -> None:
    """To change it, change the registry and put what this test expects into the page."""
    rows = [
        f"| `{name}` | {', '.join(f'`{each}`' for each in names)} |"
        for name, names in rewriters.file_names().items()
        if names
    ]
    table = "\n".join(["| format | names of files |", "|---|---|", *rows])
    assert table in (ROOT / "docs/configuration.md").read_text(encoding="utf-8"), table
