"""joserfc and jwcrypto read every envelope from a vault's file and a key in PEM; what they make is read here."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import javaproperties
import pytest
from joserfc import jwe as joserfc
from joserfc.jwe import JWERegistry
from joserfc.jwk import OctKey, RSAKey
from jwcrypto import jwe as jwcrypto
from jwcrypto.jwk import JWK

from ciphertool.ciphertext import Envelope
from ciphertool.engine import LocalKey, jwe
from ciphertool.engine.envelope import LIMIT, ContentKey, Recipient, unwrap
from ciphertool.errors import DecryptionError
from ciphertool.files import Snapshot
from ciphertool.repository import Encrypted, repository_of
from ciphertool.secret import Secret
from ciphertool.vault.envelopes import ContentKeys, EnvelopeSealer
from tests.engine.vectors import FOLDER, key

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

ALGORITHMS = ["dir", "RSA-OAEP-256", "RSA-OAEP", "A256GCM"]
VALUES = {
    "plain": ("c4n4ry", None),
    "empty": ("", None),
    "spelled": ("it's", "'it''s'"),
    "odd": ('"\\ \n\x00é😀\u2028', None),
    "long": ("é" * (LIMIT // 2), None),
    "ops/db@x:1": ("c4n4ry-2", None),
}
ODD_ALIASES = ['a"b', "a\\b", "ä ö", "😀", "\u2028"]
BITS = bytes(range(32))


# --- the libraries, by the documented steps ----------------------------------------------------------------------


def _registry() -> JWERegistry:
    registry = JWERegistry(algorithms=ALGORITHMS, strict_check_header=False)
    registry.max_ciphertext_length = 2 << 20
    return registry


def _joserfc_key(token: str, pem: bytes) -> dict[str, Any]:
    plaintext = joserfc.decrypt_compact(token, RSAKey.import_key(pem), registry=_registry()).plaintext
    assert plaintext is not None
    found = json.loads(plaintext)
    assert isinstance(found, dict)
    return found


def _joserfc_value(token: str, jwk: Mapping[str, str]) -> tuple[dict[str, Any], Any]:
    opened = joserfc.decrypt_compact(token, OctKey.import_key(dict(jwk)), registry=_registry())
    assert opened.plaintext is not None
    return opened.headers(), json.loads(opened.plaintext)


def _joserfc_made(header: dict[str, Any], plaintext: bytes, to: Any) -> str:
    made_to = RSAKey.import_key(to) if header["alg"] != "dir" else OctKey.import_key(to)
    return joserfc.encrypt_compact(header, plaintext, made_to, registry=_registry())


def _jwcrypto(token: str, key: JWK) -> jwcrypto.JWE:
    reader = jwcrypto.JWE()
    reader.allowed_algs = ALGORITHMS
    reader.deserialize(token, key)
    return reader


def _jwcrypto_key(token: str, pem: bytes) -> dict[str, Any]:
    found = json.loads(_jwcrypto(token, JWK.from_pem(pem)).payload)
    assert isinstance(found, dict)
    return found


def _jwcrypto_value(token: str, jwk: Mapping[str, str]) -> tuple[dict[str, Any], Any]:
    opened = _jwcrypto(token, JWK(**jwk))
    return opened.jose_header, json.loads(opened.payload)


def _jwcrypto_made(header: dict[str, Any], plaintext: bytes, to: Any) -> str:
    maker = jwcrypto.JWE(plaintext, protected=json.dumps(header), algs=ALGORITHMS)
    maker.add_recipient(JWK.from_pem(to) if header["alg"] != "dir" else JWK(kty="oct", k=jwe.encode(to)))
    return str(maker.serialize(compact=True))


READERS = pytest.mark.parametrize(
    ("read_key", "read_value"), [(_joserfc_key, _joserfc_value), (_jwcrypto_key, _jwcrypto_value)]
)
MAKERS = pytest.mark.parametrize("make", [_joserfc_made, _jwcrypto_made])


# --- what ciphertool writes --------------------------------------------------------------------------------------


def _vault() -> bytes:
    """Return a vault of two runs, whose values are for two keys, one of which can do SHA-1 only."""
    path = Path("vault.properties")
    text = b"# kept\n"
    recipients = [Recipient(key("2048").public_key()), Recipient(key("3072").public_key(), "RSA-OAEP")]
    for aliases in (list(VALUES)[::2], list(VALUES)[1::2]):
        sealer = EnvelopeSealer(recipients)
        made = {alias: sealer.seal(alias, Secret(VALUES[alias][0]), VALUES[alias][1]) for alias in aliases}
        text = repository_of("native", Snapshot(path, path, text)).updated(made)
    return text


@READERS
@pytest.mark.parametrize("recipient", ["2048", "3072"])
def test_a_library_reads_every_value_of_a_vault(
    read_key: Callable[..., Any], read_value: Callable[..., Any], recipient: str
) -> None:
    pem, mine = (FOLDER / f"rsa-{recipient}.pem").read_bytes(), LocalKey(key(recipient)).id
    lines = javaproperties.loads(_vault().decode("utf-8"))
    keys = {name[1:13]: read_key(text, pem) for name, text in lines.items() if name[13:] == f"}}{mine}"}
    assert len(keys) == 2
    for identity, jwk in keys.items():
        assert set(jwk) == {"kty", "alg", "kid", "k"}
        assert (jwk["kty"], jwk["alg"], jwk["kid"]) == ("oct", "A256GCM", identity)
    found = {}
    for alias, text in lines.items():
        if text.startswith("ENC[JWE,"):
            _, identity, token = text[4:-1].split(",")
            header, payload = read_value(token, keys[identity])
            assert (header["alias"], header["kid"], header["alg"]) == (alias, identity, "dir")
            found[alias] = (payload["value"], payload.get("spelling"))
    assert found == VALUES


@pytest.mark.parametrize("read_value", [_joserfc_value, _jwcrypto_value])
@pytest.mark.parametrize("alias", ODD_ALIASES)
def test_a_library_reads_the_alias(read_value: Callable[..., Any], alias: str) -> None:
    header, payload = read_value(
        ContentKey("0" * 12, BITS).seal(alias, Secret("v")), {"kty": "oct", "k": jwe.encode(BITS)}
    )
    assert (header["alias"], payload) == (alias, {"value": "v"})


# --- what ciphertool reads ---------------------------------------------------------------------------------------


@MAKERS
@pytest.mark.parametrize("alias", [*VALUES, *ODD_ALIASES])
def test_a_value_that_a_library_made_is_read(make: Callable[..., str], alias: str) -> None:
    value, spelling = VALUES.get(alias, ("v", None))
    payload = {"value": value} if spelling is None else {"spelling": spelling, "value": value}
    header = {"alias": alias, "iat": 1_800_000_000, "kid": "0" * 12, "enc": "A256GCM", "alg": "dir"}
    opened = ContentKey("0" * 12, BITS).open(alias, make(header, json.dumps(payload).encode(), BITS))
    assert opened.value == Secret(value)
    assert (opened.spelling and opened.spelling.reveal()) == spelling
    assert opened.made == 1_800_000_000


@MAKERS
@pytest.mark.parametrize("algorithm", ["RSA-OAEP-256", "RSA-OAEP"])
def test_a_content_key_that_a_library_made_is_read(make: Callable[..., str], algorithm: str) -> None:
    private = LocalKey(key("2048"))
    pem = (FOLDER / "rsa-2048.pem").read_bytes()
    header = {"kid": private.id, "cty": "jwk+json", "enc": "A256GCM", "alg": algorithm}
    jwk = {"k": jwe.encode(BITS), "kid": "0" * 12, "alg": "A256GCM", "kty": "oct"}
    token = make(header, json.dumps(jwk).encode(), pem)
    opened = unwrap(token, "0" * 12, private, algorithm)
    assert opened.open("a", ContentKey("0" * 12, BITS).seal("a", Secret("v"))).value == Secret("v")


@MAKERS
def test_a_vault_that_a_library_made_is_read(make: Callable[..., str]) -> None:
    private = LocalKey(key("2048"))
    identity = "0123456789ab"
    jwk = {"kty": "oct", "kid": identity, "k": jwe.encode(BITS), "alg": "A256GCM"}
    header = {"alg": "RSA-OAEP-256", "enc": "A256GCM", "kid": private.id, "cty": "jwk+json"}
    wrapped = make(header, json.dumps(jwk).encode(), (FOLDER / "rsa-2048.pem").read_bytes())
    value = {"alg": "dir", "enc": "A256GCM", "kid": identity, "iat": 1, "alias": "a"}
    token = make(value, b'{"value": "c4n4ry"}', BITS)
    path = Path("vault.properties")
    text = f"{{{identity}}}{private.id}={wrapped}\na=ENC[JWE,{identity},{token}]\n"
    stored = repository_of("native", Snapshot(path, path, text.encode())).get("a").stored
    assert isinstance(stored, Encrypted)
    assert isinstance(stored.ciphertext, Envelope)
    assert ContentKeys(private, "RSA-OAEP-256").read("a", stored.ciphertext).value == Secret("c4n4ry")


@MAKERS
@pytest.mark.parametrize("changes", [{"zip": "DEF"}, {"enc": "A128CBC-HS256"}])
def test_another_token_that_a_library_made_is_refused(make: Callable[..., str], changes: dict[str, str]) -> None:
    """Each of them is sound, and read by the library itself."""
    header = {"alg": "dir", "enc": "A256GCM", "kid": "0" * 12, "alias": "a", "iat": 1} | changes
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("tests.interop.test_jose.ALGORITHMS", [*ALGORITHMS, *changes.values()])
        token = make(header, b'{"value":"v"}', BITS)
    with pytest.raises(DecryptionError):
        ContentKey("0" * 12, BITS).open("a", token)
