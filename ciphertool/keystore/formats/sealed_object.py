"""Secret keys as formats store them: sealed as in JCEKS, or in the form of a private key as in PKCS #12."""

from __future__ import annotations

from dataclasses import dataclass, field

from ciphertool.asn1 import der
from ciphertool.errors import (
    MalformedKeystoreError,
    PasswordNeededError,
    UnsupportedKeystoreError,
    WrongKeyPasswordError,
)
from ciphertool.keystore.entries import SymmetricKey
from ciphertool.keystore.formats import javaobject, key_protectors
from ciphertool.keystore.formats.javadata import DataInput
from ciphertool.keystore.formats.javaobject import JavaObject, Value
from ciphertool.keystore.formats.pbe import BadDecryptError
from ciphertool.keystore.limits import MAX_SEALED_KEY, StoreBudget

# Java names the family, not one of its key lengths, which have identifiers of their own.
_ALGORITHMS = {"2.16.840.1.101.3.4.1": "AES"}


_JCE_PROTECTION = b"PBEWithMD5AndTripleDES"


_NAME = "JCEKS"


@dataclass(frozen=True, slots=True)
class SealedObject:
    """A secret key of a JCEKS store: a serialised `javax.crypto.SealedObject` that contains another sealed object."""

    alias: str
    sealed: Value = field(repr=False)

    def unseal(self, password: str | None) -> SymmetricKey:
        """Return the key, of any algorithm."""
        if password is None:
            raise PasswordNeededError(f"the secret key of {self.alias!r}")
        opened = javaobject.read(DataInput(self._decrypted(password), StoreBudget(_NAME)))
        match opened:
            case JavaObject("javax.crypto.spec.SecretKeySpec", {"algorithm": bytes(name), "key": bytes(key)}):
                return SymmetricKey(name.decode("utf-8", "replace"), key)
            case JavaObject("java.security.KeyRep", {"algorithm": bytes(name), "encoded": bytes(key)}):
                return SymmetricKey(name.decode("utf-8", "replace"), key)
        raise UnsupportedKeystoreError(f"the secret key of {self.alias!r} is an object of a class that is not known")

    def _decrypted(self, password: str) -> bytes:
        """Return the inner object, serialised."""
        budget = StoreBudget(_NAME)
        ciphertext, salt, count = self._sealing(budget)
        try:
            plain = key_protectors.unseal_jceks(ciphertext, password, salt, count, budget)
        except BadDecryptError as error:
            raise WrongKeyPasswordError(self.alias, str(error)) from None
        if not plain.startswith(javaobject.STREAM_HEADER):
            # One wrong password in 256 results in a valid padding.
            raise WrongKeyPasswordError(self.alias)
        return plain

    def _sealing(self, budget: StoreBudget) -> tuple[bytes, bytes, int]:
        """Return the ciphertext, the salt and the iteration count."""
        fields = self.sealed.fields if isinstance(self.sealed, JavaObject) else {}
        ciphertext, parameters = fields.get("encryptedContent"), fields.get("encodedParams")
        if fields.get("sealAlg") != _JCE_PROTECTION:
            raise UnsupportedKeystoreError(f"the secret key of {self.alias!r} is not sealed as Java does it")
        if not isinstance(ciphertext, bytes) or not isinstance(parameters, bytes) or len(ciphertext) > MAX_SEALED_KEY:
            raise budget.malformed("a secret key without its parts, or larger than any real one")
        salt, count = der.parse(parameters, budget).sequence(2)[:2]
        return ciphertext, salt.octets(), count.integer()


def of_pkcs8(plain: bytes, alias: str) -> SymmetricKey:
    """Return the secret key that Java stores in the form of a private key: an algorithm, and the key's bytes."""
    try:
        _, algorithm, key = der.parse(plain, StoreBudget("PKCS #12")).sequence(3)[:3]
        oid = algorithm.sequence()[0].oid()
        return SymmetricKey(_ALGORITHMS.get(oid, oid), key.octets())
    except MalformedKeystoreError:
        raise WrongKeyPasswordError(alias) from None
