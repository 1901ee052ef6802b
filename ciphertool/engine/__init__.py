"""RSA encryption of one value: bytes and a label in, bytes out. Nothing here knows of files, aliases or formats.

`ciphertool.engine.gcm` is imported on its own, for few vaults have a secret key.
"""

from ciphertool.engine.direct import Decryptor, Encryptor, key_id
from ciphertool.engine.schemes import DEFAULT, SCHEMES, Scheme, scheme_named

__all__ = ["DEFAULT", "SCHEMES", "Decryptor", "Encryptor", "Scheme", "key_id", "scheme_named"]
