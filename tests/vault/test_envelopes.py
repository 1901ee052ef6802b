"""A vault's envelopes: which content keys are opened, which are used, and how each thing that is missing is named."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from ciphertool.ciphertext import Envelope, parse, parse_native
from ciphertool.engine import Decryptor, Encryptor, LocalKey, scheme_named
from ciphertool.engine.envelope import ContentKey, Recipient
from ciphertool.engine.schemes import DEFAULT
from ciphertool.errors import (
    ContentKeyError,
    DamagedValueError,
    DecryptionError,
    MalformedCiphertextError,
    MovedCiphertextError,
    NotARecipientError,
    UnknownContentKeyError,
)
from ciphertool.files import Snapshot
from ciphertool.repository import Encrypted, Malformed, repository_of
from ciphertool.secret import Secret
from ciphertool.vault.cipher import Opener, Sealer
from ciphertool.vault.envelopes import EnvelopeSealer

if TYPE_CHECKING:
    from collections.abc import Sequence

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from ciphertool.repository import SecretRepository

OAEP_SHA1 = scheme_named("RSA/ECB/OAEPwithSHA1andMGF1Padding")
CANARY = "c4n4ry"


class CountingKey(LocalKey):
    """A key that counts what it decrypts."""

    def __init__(self, private: RSAPrivateKey) -> None:
        super().__init__(private)
        self.count = 0

    def unwrap(self, wrapped: Sequence[bytes], algorithm: str, label: bytes = b"") -> list[bytes]:
        self.count += len(wrapped)
        return super().unwrap(wrapped, algorithm, label)

    def duplicate(self) -> CountingKey:
        return self  # counted together


def _opener(key: RSAPrivateKey | LocalKey, algorithm: str = "RSA-OAEP-256") -> Opener:
    return Opener(DEFAULT, True, Decryptor(key if isinstance(key, LocalKey) else LocalKey(key)), algorithm)


def _sealer(*keys: RSAPrivateKey, opener: Opener | None = None, direct: bool = False) -> Sealer:
    envelope = EnvelopeSealer([Recipient(key.public_key()) for key in keys])
    return Sealer(DEFAULT, True, Encryptor(keys[0].public_key()), opener, envelope=envelope, direct=direct)


def _sealed(sealer: Sealer, alias: str, value: str = CANARY) -> Envelope:
    made = sealer.seal(alias, Secret(value))
    assert isinstance(made, Envelope)
    return made


def _vault(text: str | bytes, kind: str = "native") -> SecretRepository:
    path = Path("vault.properties")
    return repository_of(kind, Snapshot(path, path, text if isinstance(text, bytes) else text.encode()))


def _read(repository: SecretRepository, alias: str) -> Envelope:
    stored = repository.get(alias).stored
    assert isinstance(stored, Encrypted)
    assert isinstance(stored.ciphertext, Envelope)
    return stored.ciphertext


def test_any_one_recipient_opens_what_is_sealed(key: RSAPrivateKey, other_key: RSAPrivateKey) -> None:
    made = _sealed(_sealer(key, other_key), "a")
    assert set(made.wrapped) == {LocalKey(key).id, LocalKey(other_key).id}
    for one in (key, other_key):
        assert _opener(one).open("a", made) == Secret(CANARY)
        assert _opener(one).prove("a", made) is True
    assert _sealer(other_key).prove("a", made) is False


def test_a_content_key_is_opened_once(key: RSAPrivateKey) -> None:
    sealers = [_sealer(key), _sealer(key)]
    made = {f"{n}": _sealed(sealers[n % 2], f"{n}", f"value-{n}") for n in range(20)}
    counting = CountingKey(key)
    opener = _opener(counting)
    assert [opener.open(alias, one).reveal() for alias, one in made.items()] == [f"value-{n}" for n in range(20)]
    assert counting.count == 2
    copy = opener.duplicate()
    assert copy.open("1", made["1"]).reveal() == "value-1"
    assert copy.content_keys is not opener.content_keys
    assert counting.count == 2


def test_proving_what_was_just_made_takes_one_private_key_operation(key: RSAPrivateKey) -> None:
    counting = CountingKey(key)
    sealer = _sealer(key, opener=_opener(counting), direct=True)
    for number in range(20):
        sealer.seal(f"{number}", Secret("x" * 1_000))
    assert counting.count == 1
    for number in range(20):
        sealer.seal(f"{number}", Secret("short"))
    assert counting.count == 2


def test_a_content_key_that_changes_is_opened_again(key: RSAPrivateKey) -> None:
    """A vault may be reloaded: what is remembered of an id must not answer for another content key of that id."""
    first = _sealed(_sealer(key), "a", "first")
    opener = _opener(key)
    assert opener.open("a", first).reveal() == "first"
    known = ContentKey(first.content_key, bytes(32))
    second = Envelope(known.id, known.seal("a", Secret("second")), {LocalKey(key).id: known.wrapped_for(_to(key))})
    assert opener.open("a", second).reveal() == "second"
    assert opener.open("a", first).reveal() == "first"


def _to(key: RSAPrivateKey) -> Recipient:
    return Recipient(key.public_key())


def test_every_sealer_has_a_content_key_of_its_own(key: RSAPrivateKey) -> None:
    made = [_sealed(sealer, "a") for sealer in (_sealer(key), _sealer(key)) for _ in range(2)]
    assert made[0].content_key == made[1].content_key != made[2].content_key == made[3].content_key
    assert len({one.token for one in made}) == 4


def test_direct_blocks_are_for_what_fits_and_keeps_its_spelling(key: RSAPrivateKey) -> None:
    auto, always = _sealer(key, direct=True), _sealer(key)
    assert not isinstance(auto.seal("a", Secret("x" * 190)), Envelope)
    assert isinstance(auto.seal("a", Secret("x" * 191)), Envelope)
    assert isinstance(auto.seal("a", Secret("é" * 96)), Envelope)
    assert isinstance(always.seal("a", Secret("")), Envelope)
    spelled = auto.seal("a", Secret("x"), "'x'")
    assert isinstance(spelled, Envelope)
    opened = _opener(key).content_keys.read("a", spelled)
    assert (opened.value, opened.spelling) == (Secret("x"), Secret("'x'"))


# --- in a file ---------------------------------------------------------------------------------------------------


def test_a_vault_holds_values_and_their_content_keys(key: RSAPrivateKey, other_key: RSAPrivateKey) -> None:
    sealer = _sealer(key, other_key)
    made = {"b": _sealed(sealer, "b", "1"), "a": _sealed(sealer, "a", "2")}
    written = _vault("c=[clear]\n").updated(made)
    repository = _vault(written)
    assert list(repository.entries) == ["a", "b", "c"]
    assert repository.keys == {made["a"].content_key: made["a"].wrapped}
    assert [_opener(other_key).open(alias, _read(repository, alias)).reveal() for alias in "ab"] == ["2", "1"]
    names = [line.split("=")[0] for line in written.decode().splitlines()]
    assert names == sorted(names)


def test_a_missing_content_key_is_found_without_a_private_key(key: RSAPrivateKey) -> None:
    made = _sealed(_sealer(key), "a")
    repository = _vault(f"a={made}\n")
    for prover in (_sealer(key), _opener(key)):
        with pytest.raises(UnknownContentKeyError) as e:
            prover.prove("a", _read(repository, "a"))
        assert e.value.content_key == made.content_key
        assert f"{{{made.content_key}}}" in str(e.value.hint)


def test_a_key_that_is_no_recipient_is_told_who_is(key: RSAPrivateKey, other_key: RSAPrivateKey) -> None:
    made = _sealed(_sealer(key), "a")
    for prover in (_sealer(other_key), _opener(other_key)):
        with pytest.raises(NotARecipientError) as e:
            prover.prove("a", made)
        assert e.value.recipients == (LocalKey(key).id,)
        assert e.value.key_id == LocalKey(other_key).id


def test_a_moved_value_is_refused_with_and_without_a_private_key(key: RSAPrivateKey) -> None:
    """Its alias is quoted only if it is authentic."""
    made = _sealed(_sealer(key), f"{CANARY}.other")
    with pytest.raises(MovedCiphertextError) as e:
        _opener(key).prove("a", made)
    assert (e.value.alias, e.value.made_for) == ("a", f"{CANARY}.other")
    assert "'a'" in str(e.value)
    with pytest.raises(MovedCiphertextError) as unproved:
        _sealer(key).prove("a", made)
    assert (unproved.value.alias, unproved.value.made_for) == ("a", None)
    assert CANARY not in f"{unproved.value}{unproved.value.hint}"


@pytest.mark.parametrize("without", ["header", "nonce", "tag"])
def test_without_a_private_key_what_is_certainly_wrong_is_found(key: RSAPrivateKey, without: str) -> None:
    made = _sealed(_sealer(key), "a")
    parts = made.token.split(".")
    parts[{"header": 0, "nonce": 2, "tag": 4}[without]] = "AAAA"
    with pytest.raises(MalformedCiphertextError):
        _sealer(key).prove("a", made._replace(token=".".join(parts)))


def test_a_content_key_of_another_vault_under_the_same_id_is_refused(key: RSAPrivateKey) -> None:
    """The id is in what is encrypted, too; and one that an attacker made with it decrypts no value of ours."""
    mine, theirs = _sealed(_sealer(key), "a"), _sealed(_sealer(key), "a")
    opener = _opener(key)
    with pytest.raises(ContentKeyError, match=f"kid is not {mine.content_key}"):
        opener.open("a", mine._replace(wrapped=theirs.wrapped))
    forged = ContentKey(mine.content_key, bytes(32))
    with pytest.raises(DamagedValueError):
        opener.open("a", mine._replace(wrapped={LocalKey(key).id: forged.wrapped_for(_to(key))}))
    assert opener.open("a", mine) == Secret(CANARY)


def test_a_content_key_that_stands_at_another_recipients_line_is_refused(
    key: RSAPrivateKey, other_key: RSAPrivateKey
) -> None:
    made = _sealed(_sealer(key, other_key), "a")
    mine, other = LocalKey(key).id, LocalKey(other_key).id
    swapped = made._replace(wrapped={mine: made.wrapped[other], other: made.wrapped[mine]})
    with pytest.raises(ContentKeyError, match=f"kid is not {mine}"):
        _opener(key).open("a", swapped)


@pytest.mark.parametrize(("made", "stated"), [("RSA-OAEP", "RSA-OAEP-256"), ("RSA-OAEP-256", "RSA-OAEP")])
def test_the_algorithm_is_the_one_that_the_settings_state(key: RSAPrivateKey, made: str, stated: str) -> None:
    envelope = EnvelopeSealer([Recipient(key.public_key(), made)]).seal("a", Secret(CANARY))
    assert _opener(key, made).open("a", envelope) == Secret(CANARY)
    with pytest.raises(ContentKeyError, match=f"alg is not {stated}"):
        _opener(key, stated).open("a", envelope)


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace("..", ".AAAA."),
        lambda text: text.replace("..", "."),
        lambda text: text.replace("..", "..."),
        lambda text: text.replace("]", ".AAAA]"),
        lambda text: text.replace("]", "=]"),
        lambda text: text.replace("]", " ]"),
        lambda text: text.replace("..", "..+"),
        lambda text: text.replace("..", "../"),
        lambda text: text.replace("JWE", "jwe"),
        lambda text: text.replace("JWE,", "JWE, "),
        lambda text: text.replace("JWE,", "JWE,F"),
        lambda text: text.replace("]", ""),
        lambda text: f"{text}]",
    ],
)
def test_a_stored_text_has_one_form(key: RSAPrivateKey, change: object) -> None:
    text = str(_sealed(_sealer(key), "a"))
    assert str(parse_native(text)) == text
    assert callable(change)
    with pytest.raises(MalformedCiphertextError) as e:
        parse(change(text))
    assert CANARY not in str(e.value)
    assert isinstance(_vault(f"b=[x]\na={change(text)}\n").get("a").stored, Malformed)


@pytest.mark.parametrize("kind", ["carbon4", "carbon5", "toml-secrets"])
def test_a_products_vault_takes_no_envelope(key: RSAPrivateKey, kind: str) -> None:
    made = _sealed(_sealer(key), "a")
    text = {"carbon5": f"a=cipherText {made}\nb=plainText x\n", "toml-secrets": f'[secrets]\na = "{made}"\n'}
    stored = _vault(text.get(kind, f"a={made}\nb=[x]\n"), kind).get("a").stored
    assert isinstance(stored, Malformed)
    assert "a native ciphertext in a Carbon repository" in stored.reason
    carbon = Opener(OAEP_SHA1, False, Decryptor(LocalKey(key)))
    for opener in (carbon, Sealer(OAEP_SHA1, False, Encryptor(key.public_key(), OAEP_SHA1))):
        with pytest.raises(MalformedCiphertextError):
            opener.prove("a", made)


def test_only_a_native_vault_has_content_keys(key: RSAPrivateKey) -> None:
    """A line that only looks like one keeps its place among the entries."""
    made = _sealed(_sealer(key), "a")
    (recipient,) = made.wrapped
    name = f"{{{made.content_key}}}{recipient}"
    assert not _vault(f"{name}={made.wrapped[recipient]}\na=[x]\n", "carbon4").keys
    repository = _vault(f"{name}=[c4n4ry]\n{{x}}{recipient}={made.wrapped[recipient]}\na={made}\n")
    assert not repository.keys
    assert set(repository.entries) == {name, f"{{x}}{recipient}", "a"}
    with pytest.raises(DecryptionError):
        _opener(key).open("a", _read(repository, "a"))


def test_a_value_shows_nothing_of_itself(key: RSAPrivateKey) -> None:
    made = _sealed(_sealer(key), "a")
    assert repr(made) == f"Envelope(content_key={made.content_key!r})"
    assert CANARY not in f"{_sealer(key).envelope!r}{vars(_opener(key))!r}"


@pytest.mark.parametrize(
    "alias", ['a"b', "a\\b", "ä ö", "😀", "a=b:c", "#a", " a", "{a", "a]b", "\x7f", "\u2028", "\ud800"]
)
def test_a_vault_keeps_envelopes_of_any_alias_that_it_reads(key: RSAPrivateKey, alias: str) -> None:
    made = _sealed(_sealer(key), alias)
    before = "\\ud800=[x]\nb=[x]\n" if alias == "\ud800" else "b=[x]\n"  # it is read, but no line is added for it
    repository = _vault(_vault(before).updated({alias: made}))
    assert set(repository.entries) == {alias, "b"}
    assert _opener(key).open(alias, _read(repository, alias)) == Secret(CANARY)
