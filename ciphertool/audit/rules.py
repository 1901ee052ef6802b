"""The rules of an audit: stable ids with a level, a CWE, a sentence and a remedy each. What breaks one is elsewhere.

An id is never given to another rule: baselines, inline comments and code scanning hold on to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ciphertool.findings import Level

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. `cwe` is the number of the weakness in the Common Weakness Enumeration, where one fits."""

    id: str
    name: str
    level: Level
    cwe: int | None
    sentence: str
    remedy: str

    def __reduce__(self) -> tuple[Callable[[str], Rule | None], tuple[str]]:
        """A rule that comes from another process is the one that is here."""
        return rule, (self.id,)


_PROTECT = "Run `ciphertool protect`; then change the secret wherever it may have been read."
_DECLARE = (
    "Declare it (`ciphertool audit --write-targets` proposes how) and run `ciphertool protect`; if it is no secret, "
    "say so in a comment on its line: `ciphertool: allow {id} <reason>`."
)

DECLARED_IN_CLEAR = Rule(
    "CT001", "declared-in-clear", Level.ERROR, 256, "A target asks for protection, and the value is in clear.", _PROTECT
)
BESIDE_REFERENCE = Rule(
    "CT002",
    "clear-beside-reference",
    Level.ERROR,
    256,
    "A value stands in clear beside a reference, and the runtime ignores it.",
    "Replace the text by the word `password`, or protect the site again; then change the secret.",
)
UNPROTECTED_NAME = Rule(
    "CT003",
    "unprotected-secret",
    Level.WARNING,
    260,
    "A setting whose name is that of a secret holds a value in clear.",
    _DECLARE,
)
UNPROTECTED_VALUE = Rule(
    "CT004",
    "secret-value",
    Level.ERROR,
    798,
    "A value is a secret by itself: a private key, a token, credentials in a URL.",
    _DECLARE,
)
COMMENTED_OUT = Rule(
    "CT005",
    "secret-in-comment",
    Level.NOTE,
    615,
    "A comment holds what looks like a secret.",
    "Remove it from the comment; if it was ever in use, change it.",
)
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
    "Remove it (`ciphertool remove`), or accept it where an application asks for it by its alias.",
)
REPOSITORY_IN_CLEAR = Rule(
    "CT008", "repository-in-clear", Level.ERROR, 312, "The secret repository holds a value in clear.", _PROTECT
)
MALFORMED = Rule(
    "CT009",
    "malformed-ciphertext",
    Level.ERROR,
    None,
    "An entry of the secret repository is neither a ciphertext nor a marked plaintext.",
    "Set the secret again; if the text is the secret itself, change it.",
)
FOREIGN = Rule(
    "CT010",
    "foreign-ciphertext",
    Level.ERROR,
    None,
    "Ciphertexts cannot have been made by the primary key: their length or key id is another's. New values would be "
    "encrypted to whoever has the key that the settings name now.",
    "Find out who changed the key (`--history` names the commit), and put the former keystore back. docs/keystores.md "
    "says how to change a key.",
)
PKCS1 = Rule(
    "CT011",
    "pkcs1-padding",
    Level.WARNING,
    780,
    "Secrets are encrypted with RSA PKCS #1 v1.5, whose padding can be attacked and whose damage goes unnoticed.",
    "Declare RSA/ECB/OAEPwithSHA1andMGF1Padding (Carbon) or RSA-OAEP-256 and encrypt the secrets again.",
)
UNPADDED = Rule(
    "CT012",
    "raw-rsa",
    Level.ERROR,
    780,
    "Secrets are encrypted with RSA without padding: equal secrets show, and weak ones can be guessed.",
    "Declare an OAEP transformation, encrypt the secrets again, and change them.",
)
SHORT_KEY = Rule(
    "CT013",
    "short-key",
    Level.WARNING,
    326,
    "The primary key is shorter than the settings allow.",
    "Make a keystore with a longer key (`ciphertool keystore create`) and rotate to it.",
)
KEY_USAGE = Rule(
    "CT014",
    "key-usage",
    Level.WARNING,
    None,
    "The primary certificate does not say that it may encrypt data; where its KeyUsage is critical, Java refuses it.",
    "Make a certificate with dataEncipherment (`ciphertool keystore create --role primary`).",
)
EXPIRED = Rule(
    "CT015",
    "certificate-validity",
    Level.WARNING,
    324,
    "The primary certificate has expired, or is not valid yet.",
    "Make a new key and certificate, and rotate to it.",
)
PUBLIC_KEY = Rule(
    "CT016",
    "public-default-key",
    Level.ERROR,
    1394,
    "The primary key is a published default: everybody has its private key, so it protects nothing.",
    "Make a keystore of your own (`ciphertool keystore create`), rotate to it, and change the secrets.",
)
PERMISSIONS = Rule(
    "CT017",
    "file-permissions",
    Level.WARNING,
    732,
    "A keystore, a secret repository or a password file is open to others.",
    "Take the permissions away: `chmod 600`, or 640 with a group of its own.",
)
PASSWORD_BESIDE = Rule(
    "CT018",
    "password-beside-keystore",
    Level.WARNING,
    522,
    "A file beside the keystore holds its password in clear: who copies the directory has both.",
    "Keep the password elsewhere: a mounted secret, a credential of the service manager, the environment.",
)
SAME_ALIAS = Rule(
    "CT019",
    "shared-alias",
    Level.NOTE,
    None,
    "One alias stands for the secrets of several places, which can then only be changed together.",
    "Give each place its own alias, unless it is the same account.",
)
SAME_CIPHERTEXT = Rule(
    "CT020",
    "copied-ciphertext",
    Level.WARNING,
    323,
    "Two aliases have the same ciphertext: one was copied to the other, or the encryption is deterministic.",
    "Set one of them again.",
)
ALSO_IN_CLEAR = Rule(
    "CT021",
    "also-in-clear",
    Level.ERROR,
    256,
    "A secret that the repository holds also stands in clear elsewhere in the tree.",
    "Remove or protect the other place, and change the secret.",
)
IN_HISTORY = Rule(
    "CT022",
    "in-git-history",
    Level.WARNING,
    540,
    "A secret that is protected today stands in clear in the git history.",
    "Change the secret: history is copied with every clone, and rewriting it does not reach the copies.",
)
BACKUP = Rule(
    "CT023",
    "backup-with-secrets",
    Level.WARNING,
    530,
    "A backup copy of a configuration file holds secrets in clear.",
    "Remove the copy; change its secrets if others could read it.",
)
UNREADABLE = Rule(
    "CT024",
    "not-judged",
    Level.NOTE,
    None,
    "A file could not be read as what its name says, or its history not wholly: its secrets were not judged, or only "
    "by their shape.",
    "Repair the file, or fetch the rest of its history; or look at it yourself.",
)
KEYSTORE_NOT_JUDGED = Rule(
    "CT025",
    "keystore-not-judged",
    Level.NOTE,
    None,
    "The primary certificate could not be read without a password, so that key and certificate were not judged.",
    "Name the certificate as a PEM file: `[keystore] certificate`, or `--certificate`.",
)
DOES_NOT_DECRYPT = Rule(
    "CT026",
    "does-not-decrypt",
    Level.ERROR,
    None,
    "A ciphertext does not decrypt with the private key.",
    "Set the secret again, or restore the repository or the keystore that belong together.",
)
TARGET_MISSES = Rule(
    "CT027",
    "target-without-site",
    Level.WARNING,
    None,
    "A target of the settings names a file or a place that is not there.",
    "Correct the target, or mark it `optional`.",
)
TARGET_PLACEHOLDER = Rule(
    "CT028",
    "target-is-placeholder",
    Level.NOTE,
    None,
    "A target names a place that holds a placeholder, which the product fills in from elsewhere.",
    "If it is the secret itself, mark the target `literal` and run `ciphertool protect`.",
)
OTHER_ALIAS = Rule(
    "CT029",
    "other-alias",
    Level.WARNING,
    None,
    "A place refers to another alias than its target gives it.",
    "Give the target the alias that the file has, or protect the place again.",
)
BROKEN_KEY = Rule(
    "CT030",
    "broken-key",
    Level.ERROR,
    1241,
    "The primary key can be broken by others: its modulus can be factored, or its numbers are no RSA key's.",
    "Make a new key (`ciphertool keystore create`), rotate to it, and change the secrets.",
)
KEY_CHANGED = Rule(
    "CT031",
    "key-changed",
    Level.WARNING,
    None,
    "A commit changes the key to which new secrets are encrypted: who has the new private key can read them.",
    "Make sure that the new key is yours (`ciphertool keystore list`); if not, put the former one back and change the "
    "secrets that were set since.",
)
SECRET_AS_NAME = Rule(
    "CT032",
    "secret-as-name",
    Level.ERROR,
    798,
    "A key, a section, a file or a directory is named by what is a secret by itself, and names are shown everywhere.",
    "Give it another name and put the secret into a value, or look it up; then change the secret.",
)
UNJUDGED = Rule(
    "CT033",
    "unjudged-reference",
    Level.NOTE,
    None,
    "A reference names a secret, and no repository was read that would have it: whether it resolves is not known.",
    "Audit the directory with its settings (`--config`, `--home`), or repair the repository that they name.",
)
STALE = Rule(
    "CT034",
    "stale-acceptance",
    Level.NOTE,
    None,
    "An entry of the baseline accepts nothing: what it was for is protected, changed or gone, or an earlier version of "
    "the baseline did not say what it was for.",
    "Look at what is found, and write the baseline anew: `ciphertool audit … --baseline FILE --accept REASON`.",
)

ON_REQUEST = frozenset({IN_HISTORY, KEY_CHANGED, DOES_NOT_DECRYPT, ALSO_IN_CLEAR, UNREADABLE, KEYSTORE_NOT_JUDGED})
"""What not every audit of the same files finds: it takes `--history`, `--decrypt`, or their absence."""

RULES: tuple[Rule, ...] = tuple(value for value in list(globals().values()) if isinstance(value, Rule))
"""Every rule, in the order of their ids."""


def rule(id_or_name: str) -> Rule | None:
    """Return the rule of an id (`CT004`) or a name, in whatever case, or None."""
    wanted = id_or_name.casefold()
    return next((rule for rule in RULES if wanted in (rule.id.casefold(), rule.name)), None)
