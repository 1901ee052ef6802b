"""The algorithms that protect keys are those of the JDK and of pyjks, on every store of the vectors and beside them."""

from __future__ import annotations

import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import jks
import pytest
from Cryptodome.Cipher import DES3
from hypothesis import assume, given
from hypothesis import strategies as st
from jks import sun_crypto

from ciphertool.errors import MalformedKeystoreError, UnsupportedKeystoreError, WrongKeyPasswordError
from ciphertool.keystore import EntryKind, KeyEntry, open_keystore
from ciphertool.keystore.entries import ClearKey
from ciphertool.keystore.formats import key_protectors
from ciphertool.keystore.formats.pbe import BadDecryptError
from ciphertool.keystore.formats.writing import write
from ciphertool.keystore.limits import StoreBudget
from tests.interop.java_cipher import ask

from .vectors import KEY_PASSWORD, NAMES, PASSWORD, VECTORS, vector

_JAVA = [name for name in NAMES if name.endswith((".jks", ".jceks"))]
_BOUNCY = ["bouncy.bks", "bouncy.bks1"]
_TYPES = {".jks": "JKS", ".jceks": "JCEKS"}
ascii_passwords = st.text(st.characters(max_codepoint=126, min_codepoint=32), max_size=40)


def key_password(alias: str) -> str:
    return KEY_PASSWORD if alias == "other" else PASSWORD


def unsealed(path: Path, data: bytes | None = None) -> dict[str, bytes]:
    """Return every key of a store by its alias: PKCS #8, or the bytes of a secret key."""
    keystore = open_keystore(path, PASSWORD, data=data)
    found = {}
    for entry in keystore.entries:
        if entry.sealed is not None:
            found[entry.alias] = entry.sealed.unseal(key_password(entry.alias))
        elif entry.secret is not None:
            found[entry.alias] = entry.secret.unseal(key_password(entry.alias)).key
    return found


def unsealed_by_pyjks(data: bytes, store: type[jks.KeyStore] = jks.KeyStore) -> dict[str, bytes]:
    """Return what `unsealed` returns, or for Bouncy Castle every key that has certificates."""
    found = {}
    for alias, entry in store.loads(data, PASSWORD, try_decrypt_keys=False).entries.items():
        entry.decrypt(key_password(alias))
        if isinstance(entry, jks.SecretKeyEntry):
            found[alias] = bytes(entry.key)
        elif isinstance(entry, jks.PrivateKeyEntry | jks.bks.BksSealedKeyEntry) and entry.cert_chain:
            found[alias] = bytes(entry.pkey_pkcs8)
    return found


class TestStores:
    """What is unsealed here is what pyjks and the JVM unseal."""

    @pytest.mark.parametrize("name", _JAVA)
    def test_keys_are_those_that_pyjks_unseals(self, name: str) -> None:
        assert unsealed(VECTORS / name) == unsealed_by_pyjks((VECTORS / name).read_bytes())

    @pytest.mark.parametrize("name", _BOUNCY)
    def test_keys_of_bouncy_castle_are_those_that_pyjks_unseals(self, name: str) -> None:
        ours = unsealed(VECTORS / name)
        assert {"rsa", "other"} <= set(ours)
        assert ours == unsealed_by_pyjks((VECTORS / name).read_bytes(), jks.BksKeyStore)

    @pytest.mark.jvm
    def test_keys_are_those_that_java_unseals(self) -> None:
        keys = [(name, alias, key) for name in _JAVA for alias, key in unsealed(VECTORS / name).items()]
        assert len(keys) >= 40
        requests = [
            ("key", str(VECTORS / name), _TYPES[Path(name).suffix], PASSWORD, alias, key_password(alias))
            for name, alias, _ in keys
        ]
        assert ask(requests) == [key for _, _, key in keys]

    @pytest.mark.jvm
    @pytest.mark.parametrize("suffix", [".p12", ".jceks"])
    def test_keys_written_to_jks_are_those_that_java_and_pyjks_unseal(self, suffix: str, tmp_path: Path) -> None:
        """Every key of the vectors, sealed anew: RSA of all sizes, EC, Ed25519."""
        entries = [
            KeyEntry(f"{stem}-{entry.alias}", EntryKind.KEY, entry.chain, entry.created, ClearKey(key))
            for stem in ("sizes", "six", "names", "chain", "dates")
            for alias, key in unsealed(VECTORS / f"{stem}{suffix}").items()
            for entry in [vector(f"{stem}{suffix}").entry(alias)]
        ]
        store = tmp_path / "written.jks"
        store.write_bytes(write("JKS", entries, PASSWORD))
        keys = {entry.alias: entry.sealed.unseal(None) for entry in entries if entry.sealed is not None}
        assert len(keys) >= 18
        assert unsealed_by_pyjks(store.read_bytes()) == keys
        assert ask([("key", str(store), "JKS", PASSWORD, alias, PASSWORD) for alias in keys]) == [*keys.values()]


class TestAliases:
    """Aliases are written in Java's modified UTF-8."""

    @pytest.mark.jvm
    def test_java_finds_any_alias(self, tmp_path: Path) -> None:
        source = vector("chain.p12")
        sealed = ClearKey(source.unseal(source.entry("leaf")))
        aliases = ["😀", "ключ", "a" * 0xFFFF]
        entries = [KeyEntry(alias, EntryKind.KEY, source.entry("leaf").chain, None, sealed) for alias in aliases]
        store = tmp_path / "aliases.jks"
        store.write_bytes(write("JKS", entries, PASSWORD))
        keys = ask([("key", str(store), "JKS", PASSWORD, alias, PASSWORD) for alias in aliases])
        assert keys == [sealed.pkcs8] * len(aliases)
        assert [entry.alias for entry in open_keystore(store, PASSWORD).entries] == aliases

    @pytest.mark.parametrize("alias", ["\udcff", "a" * 0x10000, "😀" * 10_923])
    def test_an_alias_that_java_cannot_read_is_refused(self, alias: str) -> None:
        entry = vector("trusted.jks").entry("leaf")._replace(alias=alias)
        with pytest.raises(UnsupportedKeystoreError, match="cannot hold the alias"):
            write("JKS", [entry], PASSWORD)


class TestJks:
    """`sun.security.provider.KeyProtector`."""

    @given(st.binary(max_size=100), st.text(st.characters(exclude_categories=["Cs"]), max_size=40))
    def test_either_opens_what_the_other_sealed(self, plain: bytes, password: str) -> None:
        assert sun_crypto.jks_pkey_decrypt(key_protectors.seal_jks(plain, password), password) == plain
        assert key_protectors.unseal_jks(sun_crypto.jks_pkey_encrypt(plain, password), password) == plain

    def test_another_password_opens_nothing(self) -> None:
        with pytest.raises(BadDecryptError):
            key_protectors.unseal_jks(key_protectors.seal_jks(b"key", "one"), "another")
        for length in range(45):
            with pytest.raises(BadDecryptError):
                key_protectors.unseal_jks(bytes(length), "any")

    def test_every_seal_has_its_own_salt(self) -> None:
        assert key_protectors.seal_jks(b"key", "one")[:20] != key_protectors.seal_jks(b"key", "one")[:20]


class TestJceks:
    """`PBEWithMD5AndTripleDES`."""

    @given(st.binary(max_size=60), ascii_passwords, st.binary(min_size=8, max_size=8))
    def test_keys_are_derived_as_by_pyjks(self, plain: bytes, password: str, salt: bytes) -> None:
        assume(salt[:4] != salt[4:])  # where pyjks does not do what today's JDK does
        key, vector_ = sun_crypto._jce_pbe_derive_key_and_iv(password, salt, 3)
        padded = plain + bytes((8 - len(plain) % 8,)) * (8 - len(plain) % 8)
        try:
            ciphertext = DES3.new(key, DES3.MODE_CBC, iv=vector_).encrypt(padded)
        except ValueError:  # a key that this library deems weak
            return
        assert key_protectors.unseal_jceks(ciphertext, password, salt, 3, StoreBudget("test")) == plain

    @pytest.mark.jvm
    def test_what_java_encrypts_is_decrypted(self) -> None:
        """With halves of the salt that are equal too, which it treats differently."""
        cases = [
            (password, salt, count)
            for password in ("changeit", " ~", "x" * 70)
            for salt in (b"abcdefgh", b"abcdabcd", bytes(8), bytes(range(248, 256)))
            for count in (1, 2, 200, 5000)
        ]
        answers = ask([("pbe", password, salt, str(count), b"a key") for password, salt, count in cases])
        for (password, salt, count), answer in zip(cases, answers, strict=True):
            assert isinstance(answer, bytes), answer
            assert key_protectors.unseal_jceks(answer, password, salt, count, StoreBudget("test")) == b"a key"

    def test_what_no_java_writes(self) -> None:
        with pytest.raises(MalformedKeystoreError, match="a salt of 7 bytes"):
            key_protectors.unseal_jceks(bytes(8), "any", bytes(7), 1, StoreBudget("test"))
        with pytest.raises(MalformedKeystoreError, match="iterations"):
            key_protectors.unseal_jceks(bytes(8), "any", bytes(8), 400_000, StoreBudget("test"))
        for ciphertext in (b"", bytes(7), bytes(8)):
            with pytest.raises(BadDecryptError):
                key_protectors.unseal_jceks(ciphertext, "any", bytes(8), 1, StoreBudget("test"))

    @pytest.mark.parametrize(("name", "alias"), [("chain.jceks", "leaf"), ("secret.jceks", "aes")])
    def test_a_password_that_it_cannot_have_is_named(self, name: str, alias: str) -> None:
        entry = vector(name).entry(alias)
        sealed = entry.sealed or entry.secret
        assert sealed is not None
        with pytest.raises(WrongKeyPasswordError, match="characters other than ASCII") as caught:
            sealed.unseal("pässword")
        assert caught.value.alias == alias


class TestWithoutPyjks:
    """Only UBER stores need it."""

    def test_every_other_store_is_read_and_written(self) -> None:
        names = [name for name in NAMES if not name.endswith((".uber", ".pem"))]
        program = (
            "import sys; sys.modules.update(dict.fromkeys(('jks', 'twofish', 'javaobj', 'pyasn1')))\n"
            "from pathlib import Path; from ciphertool.keystore import open_keystore\n"
            "from ciphertool.keystore.changes import convert\n"
            f"for name in {names!r}:\n"
            f"    store, keys = open_keystore(Path({str(VECTORS)!r}, name), {PASSWORD!r}), 0\n"
            "    for entry in store.entries:\n"
            "        for key in filter(None, (entry.sealed, entry.secret)):\n"
            f"            keys += bool(key.unseal({KEY_PASSWORD!r} if entry.alias == 'other' else {PASSWORD!r}))\n"
            "    print(name, keys)\n"
            f"store = open_keystore(Path({str(VECTORS)!r}, 'chain.jceks'), {PASSWORD!r})\n"
            f"print(len(convert(store, 'JKS', {PASSWORD!r})))\n"
        )
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        *lines, written = done.stdout.splitlines()
        assert len(lines) == len(names)
        assert {"six.jks 6", "six.jceks 6", "secret.jceks 3"} <= set(lines)
        assert int(written) > 3000

    def test_a_store_under_twofish_says_what_it_needs(self, monkeypatch: pytest.MonkeyPatch) -> None:
        for name in ("jks", "twofish"):
            monkeypatch.setitem(sys.modules, name, None)
        data = (VECTORS / "bouncy.uber").read_bytes()
        with pytest.raises(UnsupportedKeystoreError) as caught:
            open_keystore(Path("a.uber"), PASSWORD, data=data)
        if find_spec("imp") is None:
            assert "Python 3.12 or later" in str(caught.value)
            assert "keytool" in caught.value.hint
        else:
            assert "needs pyjks" in str(caught.value)
            assert "pip install '.[pyjks]'" in caught.value.hint
