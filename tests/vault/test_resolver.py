"""The resolver: values in URLs by kind of vault, and what a new resolver takes over from the one before."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ciphertool import references
from ciphertool.engine import Decryptor, Encryptor, LocalKey, scheme_named
from ciphertool.engine.schemes import DEFAULT
from ciphertool.errors import DecryptionError, ProblemsError, UnknownAliasError
from ciphertool.files import Snapshot
from ciphertool.repository import repository_of
from ciphertool.rewriters import by_name
from ciphertool.secret import Secret
from ciphertool.vault.at_hand import OpenerAtHand
from ciphertool.vault.cipher import Opener, Sealer
from ciphertool.vault.resolver import Resolver, mention_sites

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from ciphertool.engine import Scheme

URL = "db://app:$secret{a}@h/x?password=${sec:a}&b=$secret{a}#$secret{a}"


def _opener(key: RSAPrivateKey, kind: str = "native") -> Opener:
    return Opener(_scheme(kind), kind == "native", Decryptor(LocalKey(key)))


def _scheme(kind: str) -> Scheme:
    return DEFAULT if kind == "native" else scheme_named("RSA/ECB/OAEPwithSHA1andMGF1Padding")


def _resolver(key: RSAPrivateKey, kind: str = "native", at_hand: OpenerAtHand | None = None, **values: str) -> Resolver:
    sealer = Sealer(_scheme(kind), kind == "native", Encryptor(key.public_key(), _scheme(kind)))
    mark = "cipherText " if kind == "carbon5" else ""
    text = "".join(f"{a}={mark}{sealer.seal(a, Secret(v))}\n".replace("==\n", "\\=\\=\n") for a, v in values.items())
    path = Path("vault.properties")
    repository = repository_of(kind, Snapshot(path, path, text.encode()))
    at_hand = at_hand or OpenerAtHand(lambda: _opener(key, kind))
    return Resolver(repository, at_hand, warn=_unexpected, tell=lambda _: None)


def _unexpected(message: str) -> None:
    raise AssertionError(message)


def test_a_native_value_is_percent_encoded_where_a_url_has_its_password(key: RSAPrivateKey) -> None:
    reveal = _resolver(key, a="p@s/s").reveal
    expected = "db://app:p%40s%2Fs@h/x?password=p%40s%2Fs&b=p%40s%2Fs#p@s/s"
    assert references.substitute(URL, reveal) == expected


@pytest.mark.parametrize("kind", ["carbon4", "carbon5"])
def test_a_carbon_value_is_stored_as_it_stands_in_the_url(key: RSAPrivateKey, kind: str) -> None:
    """Carbon's runtimes put it there as it is: encoded once more it would be another password."""
    reveal = _resolver(key, kind, a="p%40s").reveal
    assert references.substitute(URL, reveal) == "db://app:p%40s@h/x?password=p%40s&b=p%40s#p%40s"


def test_what_did_not_change_is_kept_and_what_did_is_read_anew(key: RSAPrivateKey) -> None:
    at_hand = OpenerAtHand(lambda: _opener(key))
    before = _resolver(key, at_hand=at_hand, a="one", b="two")
    kept = {alias: before.resolve(alias) for alias in ("a", "b")}
    same = Resolver(before.repository, at_hand, warn=_unexpected, tell=lambda _: None)
    same.succeed(before)
    assert same.resolved()["a"] is kept["a"]
    after = _resolver(key, at_hand=at_hand, a="other", b="two")
    after.succeed(before)
    assert {alias: secret.reveal() for alias, secret in after.resolved().items()} == {"a": "other", "b": "two"}


def test_nothing_of_another_key_is_taken_over(key: RSAPrivateKey, other_key: RSAPrivateKey) -> None:
    """The same repository under another key: its values must resolve with that key, and they do not."""
    before = _resolver(key, a="one")
    before.resolve("a")
    after = Resolver(before.repository, OpenerAtHand(lambda: _opener(other_key)), warn=_unexpected, tell=lambda _: None)
    with pytest.raises(DecryptionError):
        after.succeed(before)
    assert after.resolved() == {}


def test_an_unknown_alias_is_left_only_if_another_provider_has_it(key: RSAPrivateKey) -> None:
    own = _resolver(key, a="one")
    assert not own.is_left("unknown")
    other = Resolver(
        own.repository, OpenerAtHand(lambda: _opener(key)), warn=_unexpected, tell=_unexpected,
        elsewhere=lambda alias: alias == "other",
    )  # fmt: skip
    assert [other.is_left(alias) for alias in ("a", "other", "unknown")] == [False, True, False]


def test_a_placeholder_is_left_and_never_resolves(key: RSAPrivateKey) -> None:
    path = Path("deployment.toml")
    repository = repository_of("toml-secrets", Snapshot(path, path, b'[secrets]\n\nfilled = "$env{X}"\n'))
    resolver = Resolver(repository, OpenerAtHand(lambda: _opener(key)), warn=_unexpected, tell=_unexpected)
    assert resolver.is_left("filled")
    with pytest.raises(DecryptionError, match="'filled': is a placeholder") as caught:
        resolver.resolve("filled")
    assert (caught.value.path, caught.value.line) == (path, 3)


def test_only_what_an_expression_names_is_mentioned() -> None:
    text = b'<a><b c="wso2:vault-lookup(\'x\')"/><d>{wso2:vault-lookup("y")}</d><e>$secret{z}</e></a>'
    document = by_name("xml").parse(text)
    assert [[one.alias for one in found] for _, found in mention_sites(document)] == [["x"], ["y"]]
    assert [*mention_sites(by_name("xml").parse(b"<a>$secret{z}</a>"))] == []


def test_all_that_is_gone_is_reported_at_once(key: RSAPrivateKey) -> None:
    before = _resolver(key, a="one", b="two")
    before.resolve("a"), before.resolve("b")
    with pytest.raises(ProblemsError) as e:
        _resolver(key, c="three").succeed(before)
    assert [type(problem) for problem in e.value.problems] == [UnknownAliasError, UnknownAliasError]
