"""RSA encryption of one value: bytes and a label in, bytes out. Independent of files, aliases and formats.

`ciphertool.engine.gcm` is imported separately, because few vaults have a secret key.
"""

from ciphertool.engine.direct import Decryptor, Encryptor
from ciphertool.engine.keys import Key, key_id
from ciphertool.engine.local import LocalKey
from ciphertool.engine.schemes import DEFAULT, SCHEMES, Scheme, scheme_named

__all__ = ["DEFAULT", "SCHEMES", "Decryptor", "Encryptor", "Key", "LocalKey", "Scheme", "key_id", "scheme_named"]
