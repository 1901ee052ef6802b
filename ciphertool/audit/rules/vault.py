"""The rules about references and the secret repository."""

from __future__ import annotations

from ciphertool.audit.rules.base import PROTECT, Rule
from ciphertool.findings import Level

DANGLING = Rule(
    "CT006",
    "dangling-reference",
    Level.ERROR,
    None,
    "A reference names a secret that the repository does not have: the application cannot start with it.",
    "Correct the alias, or put the secret into the repository (`ciphertool set`).",
)
ORPHANED = Rule(
    "CT007",
    "orphaned-secret",
    Level.WARNING,
    None,
    "The repository has a secret that no audited file refers to.",
    "Remove it (`ciphertool remove`), or accept it if an application asks for it by its alias.",
)
REPOSITORY_IN_CLEAR = Rule(
    "CT008", "repository-in-clear", Level.ERROR, 312, "The secret repository contains a value in clear.", PROTECT
)
MALFORMED = Rule(
    "CT009",
    "malformed-ciphertext",
    Level.ERROR,
    None,
    "An entry of the secret repository is neither a ciphertext nor a marked plaintext.",
    "Set the secret again; if the text is the secret itself, change it.",
)
SAME_CIPHERTEXT = Rule(
    "CT020",
    "copied-ciphertext",
    Level.WARNING,
    323,
    "Two aliases have the same ciphertext: one was copied to the other, or the encryption is deterministic.",
    "Set one of them again.",
)
DOES_NOT_DECRYPT = Rule(
    "CT026",
    "does-not-decrypt",
    Level.ERROR,
    None,
    "A ciphertext does not decrypt with the private key.",
    "Set the secret again, or restore the repository and the keystore that belong together.",
)
NOT_FOR_ALL = Rule(
    "CT038",
    "not-for-all-recipients",
    Level.WARNING,
    None,
    "Values are encrypted to one key alone, though several recipients are to read the vault.",
    "`ciphertool recipients add`, with any recipient that the settings name, encrypts them for all.",
)
LOST_CONTENT_KEY = Rule(
    "CT039",
    "lost-content-key",
    Level.ERROR,
    None,
    "A value's content key is gone from the vault: no key decrypts the value any more.",
    "Restore the lines of the content key from the vault's history or a backup, or set the secret again.",
)
MANY_CONTENT_KEYS = Rule(
    "CT043",
    "many-content-keys",
    Level.NOTE,
    None,
    "The vault has many content keys: each run that writes makes one. Opening the vault takes one RSA operation for "
    "each that is used.",
    "Nothing is wrong. With a key in a token or a service, opening is slower.",
)
OLD_SECRET = Rule(
    "CT045",
    "old-secret",
    Level.WARNING,
    262,
    "A value is older than the settings allow (`max_age`): the envelope states when it was encrypted. A note says how "
    "many values state no time, as RSA blocks and a product's ciphertexts.",
    'Change the secret where it is valid, and set it again (`ciphertool set`). `scheme = "envelope"` makes new values '
    "state their time. `ciphertool rotate` makes envelopes anew, which then look young: it changes no secret.",
)
UNJUDGED = Rule(
    "CT033",
    "unjudged-reference",
    Level.NOTE,
    None,
    "A reference names a secret, but no repository was read that could have it: it may or may not resolve.",
    "Audit the directory with its settings (`--config`, `--home`), or repair the repository that they name.",
)
