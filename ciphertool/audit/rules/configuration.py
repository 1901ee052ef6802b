"""The rules about values and names in configuration files, and about targets that name them."""

from __future__ import annotations

from ciphertool.audit.rules.base import PROTECT, Rule
from ciphertool.findings import Level

_DECLARE = (
    "Declare it (`ciphertool audit --write-targets` proposes how) and run `ciphertool protect`; if it is not a "
    "secret, add a comment on its line: `ciphertool: allow {id} <reason>`."
)

DECLARED_IN_CLEAR = Rule(
    "CT001", "declared-in-clear", Level.ERROR, 256, "A target names the value, but it is in clear.", PROTECT
)
BESIDE_REFERENCE = Rule(
    "CT002",
    "clear-beside-reference",
    Level.ERROR,
    256,
    "A value is in clear beside a reference, and the runtime ignores it.",
    "Replace the text with the word `password`, or protect the value again; then change the secret.",
)
UNPROTECTED_NAME = Rule(
    "CT003",
    "unprotected-secret",
    Level.WARNING,
    260,
    "A setting with the name of a secret has a value in clear.",
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
    "A comment contains what looks like a secret.",
    "Remove it from the comment; if it was ever in use, change it.",
)
SAME_ALIAS = Rule(
    "CT019",
    "shared-alias",
    Level.NOTE,
    None,
    "One alias stands for the secrets of several places, which can then only be changed together.",
    "Give each place its own alias, unless it is the same account.",
)
ALSO_IN_CLEAR = Rule(
    "CT021",
    "also-in-clear",
    Level.ERROR,
    256,
    "A secret in the repository is also in clear elsewhere in the tree.",
    "Remove or protect the other place, and change the secret.",
)
IN_HISTORY = Rule(
    "CT022",
    "in-git-history",
    Level.WARNING,
    540,
    "A secret that is protected today is in clear in the git history.",
    "Change the secret: history is copied with every clone, and rewriting it does not reach the copies.",
)
BACKUP = Rule(
    "CT023",
    "backup-with-secrets",
    Level.WARNING,
    530,
    "A backup copy of a configuration file contains secrets in clear.",
    "Remove the copy; change its secrets if others could read it.",
)
TARGET_MISSES = Rule(
    "CT027",
    "target-without-site",
    Level.WARNING,
    None,
    "A target in the settings names a file or a place that does not exist.",
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
    "A place refers to a different alias than its target.",
    "Give the target the alias in the file, or protect the place again.",
)
SECRET_AS_NAME = Rule(
    "CT032",
    "secret-as-name",
    Level.ERROR,
    798,
    "The name of a key, section, file or directory is itself a secret, and names are shown everywhere.",
    "Rename it and move the secret into a value, or look it up; then change the secret.",
)
NOT_FOLLOWED = Rule(
    "CT035",
    "settings-not-followed",
    Level.WARNING,
    None,
    "The product does not follow a file of the vault's settings: it ignores the file, uses another keystore, or asks "
    "for a secret by another alias.",
    "Correct what the message names, or remove it; docs/carbon.md says which file decides.",
)
STALE = Rule(
    "CT034",
    "stale-acceptance",
    Level.NOTE,
    None,
    "An entry of the baseline accepts nothing: its value is protected, changed or gone, or the entry is of an earlier "
    "version, which did not record the value.",
    "Review the findings, and write the baseline again: `ciphertool audit … --baseline FILE --accept REASON`.",
)
