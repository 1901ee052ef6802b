"""The resolver by itself: what it tells and warns of, how often, and when the cipher is opened."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ciphertool import rewriters
from ciphertool.engine import Decryptor, Encryptor, LocalKey, scheme_named
from ciphertool.engine.schemes import DEFAULT
from ciphertool.errors import (
    DecryptionError,
    ForeignKeyError,
    KeystoreError,
    NotEncryptedYetError,
    UnknownAliasError,
)
from ciphertool.files import Snapshot
from ciphertool.repository import repository_of
from ciphertool.secret import Secret
from ciphertool.vault.at_hand import OpenerAtHand
from ciphertool.vault.cipher import Opener, Sealer
from ciphertool.vault.resolver import Resolver, check_document

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from ciphertool.ciphertext import Ciphertext

PATH = Path("vault.properties")


class Heard:
    """A resolver, and what it has told and warned of."""

    def __init__(self, key: RSAPrivateKey, text: str = "", kind: str = "native", **values: str) -> None:
        native = kind == "native"
        scheme = DEFAULT if native else scheme_named("RSA/ECB/OAEPwithSHA1andMGF1Padding")
        self.opener = Opener(scheme, native, Decryptor(LocalKey(key)))
        sealer = Sealer(scheme, native, Encryptor(key.public_key(), scheme))
        for alias, value in values.items():
            stored = str(sealer.seal(alias, Secret(value))).replace("=", "\\=")
            text += f"{alias}={stored}\n"
        self.warned: list[str] = []
        self.told: list[str] = []
        self.opened = 0
        repository = repository_of(kind, Snapshot(PATH, PATH, text.encode()))
        self.resolver = Resolver(repository, OpenerAtHand(self._open), warn=self.warned.append, tell=self.told.append)

    def _open(self) -> Opener:
        self.opened += 1
        if self.opened == 1:
            raise KeystoreError("not yet")
        return self.opener


def test_the_cipher_is_opened_when_it_is_needed_until_it_opens_and_then_no_more(key: RSAPrivateKey) -> None:
    heard = Heard(key, a="one", b="two")
    with pytest.raises(UnknownAliasError):
        heard.resolver.resolve("absent")
    assert heard.opened == 0
    with pytest.raises(KeystoreError, match="not yet"):
        heard.resolver.resolve("a")
    assert heard.resolver.resolve("a") is heard.resolver.resolve("a")
    assert heard.resolver.resolve("b").reveal() == "two"
    assert (heard.opened, heard.told, heard.warned) == (2, ["one", "two"], [])
    assert list(heard.resolver.resolved()) == ["a", "b"]


def test_a_misread_secret_is_warned_of_once_and_not_in_a_carbon_vault(key: RSAPrivateKey) -> None:
    heard = Heard(key, a="pÃ¤ss")
    for alias in ("a", "a", "b"):
        heard.resolver.warn_of_misread(alias, Path("app.properties"))
    assert [message.partition(" looks like")[0] for message in heard.warned] == [
        "app.properties: the secret 'a'",
        "app.properties: the secret 'b'",
    ]
    carbon = Heard(key, "", "carbon4")
    carbon.resolver.warn_of_misread("a", Path("app.properties"))
    assert (carbon.warned, carbon.resolver.is_native, heard.resolver.is_native) == ([], False, True)


def test_a_new_resolver_warns_of_nothing_that_the_one_before_warned_of(key: RSAPrivateKey) -> None:
    before, after = Heard(key, a="one"), Heard(key, a="one")
    before.resolver.warn_of_misread("a", PATH)
    after.resolver.succeed(before.resolver)
    after.resolver.warn_of_misread("a", PATH)
    assert (len(before.warned), after.warned) == (1, [])


def test_what_stands_in_clear_is_an_error_where_no_runtime_reads_it(key: RSAPrivateKey) -> None:
    heard = Heard(key, "x=[c4n4ry]\ny=[]\n")
    for alias, line in (("x", 1), ("y", 2)):
        with pytest.raises(NotEncryptedYetError) as caught:
            heard.resolver.resolve(alias)
        assert (caught.value.path, caught.value.line) == (PATH, line)
        assert "c4n4ry" not in str(caught.value)
    assert (heard.told, heard.opened, heard.resolver.resolved()) == ([], 0, {})


def test_what_is_damaged_is_located_and_not_decrypted(key: RSAPrivateKey) -> None:
    heard = Heard(key, "\nx=ENC[c4n4ry\n", b="two")
    with pytest.raises(DecryptionError, match="'x': ") as caught:
        heard.resolver.resolve("x")
    assert (caught.value.path, caught.value.line) == (PATH, 2)
    assert caught.value.hint == heard.resolver.repository.hint
    assert heard.opened == 0


def test_many_values_are_decrypted_by_several_threads_and_what_fails_is_left(key: RSAPrivateKey) -> None:
    class Watched(Opener):
        def open(self, alias: str, ciphertext: Ciphertext) -> Secret:
            threads.add(threading.get_ident())
            return super().open(alias, ciphertext)

    threads: set[int] = set()
    values = {f"a{number}": f"value {number}" for number in range(40)}
    heard = Heard(key, "x=ENC[RSA-OAEP-256,0123456789abcdef,AAAA]\n", **values)
    heard.opener = Watched(DEFAULT, True, Decryptor(LocalKey(key)))
    with pytest.raises(KeystoreError, match="not yet"):
        heard.resolver.prepare(values)
    heard.resolver.prepare(["x", "absent", *values, *values])
    assert {alias: secret.reveal() for alias, secret in heard.resolver.resolved().items()} == values
    assert (heard.opened, sorted(heard.told), heard.warned) == (2, sorted(values.values()), [])
    assert threads > {threading.get_ident()}
    threads.clear()
    assert heard.resolver.resolve("a7").reveal() == "value 7"
    assert threads == set()
    with pytest.raises(ForeignKeyError, match="'x'"):
        heard.resolver.resolve("x")


def test_few_values_are_not_decrypted_before_they_are_asked_for(key: RSAPrivateKey) -> None:
    heard = Heard(key, a="one", b="two")
    heard.resolver.prepare(["a", "b"])
    assert (heard.opened, heard.told) == (0, [])


def test_a_document_of_many_references_names_all_that_fail(key: RSAPrivateKey) -> None:
    values = {f"a{number:02d}": f"value {number}" for number in range(40)}
    heard = Heard(key, "x=ENC[RSA-OAEP-256,0123456789abcdef,AAAA]\n", **values)
    heard.opened = 1
    names = [*values, "x", "absent"]
    document = rewriters.by_name("properties").parse("".join(f"{n}=$secret{{{n}}}\n" for n in names).encode())
    sites, problems = check_document(document, Path("app.properties"), heard.resolver)
    assert [(type(error), error.line) for error in problems] == [(ForeignKeyError, 41), (UnknownAliasError, 42)]
    assert len(sites) == 42
    assert {alias: secret.reveal() for alias, secret in heard.resolver.resolved().items()} == values
