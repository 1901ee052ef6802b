"""For tests of others: a fixture for applications, and test suites for authors of plug-ins.

`pytest_plugins = ["ciphertool.testing"]` in a `conftest.py` provides the fixture `vault_of`. For plug-ins, subclass
`RewriterContract` for a format, `RepositoryContract` for a kind of repository, `StorageContract` for a storage: a
subclass names the rewriter and its example documents; pytest collects the inherited tests.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar

import pytest

from ciphertool import references
from ciphertool.engine import SCHEMES, key_id
from ciphertool.engine.local import verify
from ciphertool.errors import (
    CipherToolError,
    ConfigSyntaxError,
    DecryptionError,
    UnknownAliasError,
    UnrepresentableValueError,
    UnsupportedSchemeError,
)
from ciphertool.references import Reference
from ciphertool.repository import Clear, Encrypted
from ciphertool.rewriters.base import Change, rewrite
from ciphertool.secret import Secret
from ciphertool.testing.storages import StorageContract
from ciphertool.vault.vault import Vault

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ciphertool.ciphertext import Ciphertext
    from ciphertool.engine import Key
    from ciphertool.repository import SecretRepository
    from ciphertool.rewriters.base import Document, Rewriter, Site


__all__ = ["KeyContract", "RepositoryContract", "RewriterContract", "StorageContract", "is_outlined", "vault_of"]


@pytest.fixture
def vault_of(monkeypatch: pytest.MonkeyPatch) -> Callable[..., Vault]:
    """A function that takes what `Vault.of` takes, and makes that vault the one that `Vault.open` returns in the test.

    Whatever path, passwords or other parameters an application opens its vault with, they are ignored.
    """

    def make(secrets: Mapping[str, str | Secret], path: str | Path | None = None, **options: Any) -> Vault:
        vault = Vault.of(secrets, path, **options)
        monkeypatch.setattr(Vault, "open", lambda *_, **__: vault)
        return vault

    return make


_CANARY = "c4n4ry-7d1f"
_WORD = re.compile(r"[\w./+=~$%-]+")


def is_outlined(document: Document) -> bool:
    """Return whether a document's outline agrees with its sites, and `pick` finds each of them by its selector."""
    sites = {site.selector: site for site in document.sites()}
    outline = document.outline()
    told = {
        (selector, key, value.strip())
        for selector, key, value in zip(outline.selectors, outline.keys, outline.values, strict=True)
    }
    expected = {(site.selector, site.key, site.value.strip()) for site in sites.values()}
    no_strings = {(selector, key, "") for selector, key, _ in expected - told}
    marked = {outline.selectors[index] for index in outline.marked}
    referring = [
        site.selector
        for site in sites.values()
        if site.reference or site.beside is not None or any(references.find(site.value))
    ]
    return (
        len(outline.selectors) == len(sites)
        and told - expected == no_strings
        and marked.issuperset(referring)
        and sorted(document.pick([*sites])) == sorted(sites.values())
        and all(document.pick([selector]) == [site] for selector, site in [*sites.items()][:: len(sites) // 10 + 1])
    )


class RewriterContract:
    """What every rewriter guarantees for every document. Subclass as `class TestX(RewriterContract)`."""

    rewriter: ClassVar[Rewriter]
    documents: ClassVar[tuple[bytes, ...]]
    """Valid documents, each with at least one protectable site."""
    damaged: ClassVar[tuple[bytes, ...]]
    """Documents that are not well-formed. If they contain `c4n4ry-7d1f`, no error may show it."""

    def reference_values(self, data: bytes) -> Mapping[str, str]:
        """Return selector → value of every protectable site, as the format's reference parser reads it."""
        raise NotImplementedError

    def _protectable(self, document: Document) -> list[Site]:
        return [
            site
            for site in document.sites()
            if site.value and site.reference is None and isinstance(document.locate([site.selector])[0], tuple)
        ]

    def test_values_are_those_of_the_reference_parser(self) -> None:
        for data in self.documents:
            found = {site.selector: site.value for site in self._protectable(self.rewriter.parse(data))}
            assert found == dict(self.reference_values(data))
            assert found

    def test_an_outline_says_what_there_is_to_say_of_the_sites(self) -> None:
        for data in self.documents:
            assert is_outlined(self.rewriter.parse(data))

    def test_a_word_stands_in_a_text_as_it_is_unless_the_text_has_escapes(self) -> None:
        for data in self.documents:
            document = self.rewriter.parse(data)
            if document.escapes is not None and not document.escapes.search(document.source.text):
                words = {word for site in document.sites() for word in _WORD.findall(site.value)}
                assert [word for word in sorted(words) if word not in document.source.text] == []

    def test_a_stable_selector_finds_its_site_alone(self) -> None:
        for data in self.documents:
            document = self.rewriter.parse(data)
            sites = self._protectable(document)
            found = document.locate(document.stable_selectors(sites))
            assert found == [(site,) for site in sites]

    def test_only_the_spans_of_the_sites_change(self) -> None:
        for data in self.documents:
            document = self.rewriter.parse(data)
            for site in self._protectable(document):
                change = Change(site, Reference("an.alias", self.rewriter.syntax))
                text, edits = document.source.text, sorted(document.edits([change]), key=lambda e: e.start)
                after = document.source.encode(text)
                assert after == data
                changed = rewrite(self.rewriter, document, [change])
                position = 0
                kept = []
                for edit in edits:
                    kept.append(document.source.encode(text[position : edit.start])[len(document.source.bom) :])
                    position = edit.end
                rest = changed[len(document.source.bom) :]
                for piece in kept:  # every byte between the edits appears in the result, in order
                    assert piece in rest
                    rest = rest[rest.index(piece) + len(piece) :]
                assert rest.endswith(document.source.encode(text[position:])[len(document.source.bom) :])

    def test_protect_then_reveal_gives_the_same_values(self) -> None:
        for data in self.documents:
            document = self.rewriter.parse(data)
            sites = self._protectable(document)
            aliases = {f"alias.{number}": site for number, site in enumerate(sites)}
            protected = rewrite(
                self.rewriter,
                document,
                [Change(site, Reference(alias, self.rewriter.syntax)) for alias, site in aliases.items()],
            )
            after = self.rewriter.parse(protected)
            again = {site.reference.alias: site for site in after.sites() if site.reference}
            assert {a: s.selector for a, s in again.items()} == {a: s.selector for a, s in aliases.items()}
            back = rewrite(self.rewriter, after, [Change(again[a], aliases[a].value) for a in aliases])
            revealed = {site.selector: site.value for site in self.rewriter.parse(back).sites()}
            assert revealed == {site.selector: site.value for site in document.sites()}

    def test_any_value_survives_or_is_refused(self) -> None:
        values = ("a", " b ", "it's", '"', "a\nb", "#", "${x}", "%", "]]>", "\\", "ü€😀", "\x01", "true", "0", "&amp;")
        for data in self.documents:
            document = self.rewriter.parse(data)
            site = self._protectable(document)[0]
            for value in values:
                try:
                    changed = rewrite(self.rewriter, document, [Change(site, value)])
                except UnrepresentableValueError as error:
                    assert error.selector == site.selector  # noqa: PT017 - a refusal is one of two correct outcomes
                    continue
                found = self.rewriter.parse(changed).locate([site.selector])[0]
                assert isinstance(found, tuple)
                assert found[0].value == value

    def test_a_damaged_document_is_one_error_without_its_text(self) -> None:
        for data in self.damaged:
            with pytest.raises(ConfigSyntaxError) as caught:
                self.rewriter.parse(data)
            chain: BaseException | None = caught.value
            while chain is not None:
                assert isinstance(chain, CipherToolError) or chain.__suppress_context__
                assert _CANARY not in f"{chain}{chain!r}"
                chain = None if chain.__suppress_context__ else chain.__cause__ or chain.__context__


class RepositoryContract:
    """What every secret repository guarantees. Subclass as `class TestX(RepositoryContract)` and define a store."""

    stored: ClassVar[bytes]
    """A store that holds `one` as a ciphertext and `two` in clear, with the value `c4n4ry-7d1f`."""
    other: ClassVar[Ciphertext]
    """A ciphertext to store in it; a plug-in's kind holds native ones."""
    lines: ClassVar[bool] = True
    """Whether a store is a text with one entry per line."""

    def open(self, data: bytes) -> SecretRepository:
        """Return the repository that a store's bytes encode."""
        raise NotImplementedError

    def test_entries_are_told_apart(self) -> None:
        entries = self.open(self.stored).entries
        assert list(entries) == ["one", "two"]
        assert isinstance(entries["one"].stored, Encrypted)
        assert entries["two"].stored == Clear(Secret(_CANARY))
        assert not self.lines or entries["one"].line != entries["two"].line

    def test_an_unknown_alias_is_an_error_that_names_it(self) -> None:
        repository = self.open(self.stored)
        with pytest.raises(UnknownAliasError) as caught:
            repository.get("three")
        # A repository that knows nothing of storages has a path alone.
        assert (caught.value.alias, caught.value.repository) == ("three", getattr(repository, "where", repository.path))

    def test_an_update_changes_its_aliases_and_nothing_else(self) -> None:
        before = self.open(self.stored)
        updated = before.updated({"two": self.other, "three": self.other})
        after = self.open(updated)
        assert sorted(after.entries) == ["one", "three", "two"]
        assert after.get("one") == before.get("one")
        assert after.get("two").stored == after.get("three").stored == Encrypted(self.other)
        assert _CANARY.encode() not in updated

    def test_an_alias_can_be_taken_out(self) -> None:
        updated = self.open(self.stored).updated({"two": None})
        assert list(self.open(updated).entries) == ["one"]
        assert _CANARY.encode() not in updated
        assert not self.lines or len(updated.splitlines()) == len(self.stored.splitlines()) - 1

    def test_a_store_that_is_not_there_is_empty_and_can_be_begun(self) -> None:
        empty = self.open(b"")
        assert dict(empty.entries) == {}
        assert list(self.open(empty.updated({"three": self.other})).entries) == ["three"]

    def test_nothing_shows_a_value(self) -> None:
        repository = self.open(self.stored)
        assert _CANARY not in f"{repository!r}{repository.entries!r}"


class KeyContract:
    """What every private key guarantees. Subclass as `class TestX(KeyContract)` and define `key`."""

    def key(self) -> Key:
        """Return the key."""
        raise NotImplementedError

    def _encrypted(self, key: Key, values: Sequence[bytes], label: bytes = b"") -> dict[str, list[bytes]]:
        return {
            scheme.name: [scheme.encrypting(key.public)(value, label if scheme.labelled else b"") for value in values]
            for scheme in SCHEMES
            if scheme.name in key.algorithms and (scheme.labelled or not label)
        }

    def test_it_decrypts_by_each_of_its_algorithms_in_order(self) -> None:
        """A batch comes back whole, in its order; an empty batch is none."""
        key, values = self.key(), [b"", b"one", b"two" * 10]
        for algorithm, wrapped in self._encrypted(key, values).items():
            assert key.unwrap(wrapped, algorithm) == values, algorithm
            assert key.unwrap([], algorithm) == [], algorithm

    def test_one_damaged_ciphertext_fails_the_batch(self) -> None:
        """A flipped bit, a lost byte or another label is a `DecryptionError`, never an invented plaintext."""
        key = self.key()
        for algorithm, (one, two) in self._encrypted(key, [b"one", b"two"]).items():
            for damaged in (two[:-1], bytes([two[0] ^ 1]) + two[1:], b""):
                with pytest.raises(DecryptionError):
                    key.unwrap([one, damaged], algorithm)
        for algorithm, (bound,) in self._encrypted(key, [b"one"], b"label").items():
            with pytest.raises(DecryptionError):
                key.unwrap([bound], algorithm, b"another")

    def test_what_it_does_not_do_is_refused(self) -> None:
        """An algorithm that it does not state is an `UnsupportedSchemeError`."""
        key = self.key()
        assert "none" not in key.algorithms
        with pytest.raises(UnsupportedSchemeError):
            key.unwrap([b""], "none")
        with pytest.raises(UnsupportedSchemeError):
            key.sign(b"", "none")

    def test_it_signs(self) -> None:
        """Each signature algorithm that it states makes signatures that its public half verifies."""
        key = self.key()
        for algorithm in {"PS256", "RS256"} & key.algorithms:
            signature = key.sign(b"data", algorithm)
            assert verify(key.public, signature, b"data", algorithm)
            assert not verify(key.public, signature, b"other", algorithm)

    def test_a_duplicate_is_the_same_key(self) -> None:
        """A copy for a forked child decrypts what the key decrypts, and has its id."""
        key = self.key()
        duplicate = key.duplicate()
        assert duplicate is not key
        assert duplicate.id == key.id == key_id(key.public)
        for algorithm, wrapped in self._encrypted(key, [b"one"]).items():
            assert duplicate.unwrap(wrapped, algorithm) == [b"one"]
