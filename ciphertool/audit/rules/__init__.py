"""The rules of an audit: stable ids with a level, a CWE, a sentence and a remedy each. What breaks one is elsewhere.

An id is never given to another rule: baselines, inline comments and code scanning hold on to it.
"""

from __future__ import annotations

import copyreg
from typing import TYPE_CHECKING

from ciphertool.audit.rules.base import Rule
from ciphertool.audit.rules.configuration import (
    ALSO_IN_CLEAR,
    BACKUP,
    BESIDE_REFERENCE,
    COMMENTED_OUT,
    DECLARED_IN_CLEAR,
    IN_HISTORY,
    NOT_FOLLOWED,
    OTHER_ALIAS,
    SAME_ALIAS,
    SECRET_AS_NAME,
    STALE,
    TARGET_MISSES,
    TARGET_PLACEHOLDER,
    UNPROTECTED_NAME,
    UNPROTECTED_VALUE,
)
from ciphertool.audit.rules.files import (
    PASSWORD_BESIDE,
    PERMISSIONS,
    UNREADABLE,
)
from ciphertool.audit.rules.keys import (
    BROKEN_KEY,
    EXPIRED,
    FOREIGN,
    INSTANCES_DIFFER,
    KEY_CHANGED,
    KEY_IN_ROLES,
    KEY_USAGE,
    KEYSTORE_NOT_JUDGED,
    KEYSTORE_ROLE,
    PKCS1,
    PUBLIC_KEY,
    RECIPIENT_CERTIFICATE,
    RECIPIENTS_CHANGED,
    RECIPIENTS_DIFFER,
    SHORT_KEY,
    UNPADDED,
)
from ciphertool.audit.rules.vault import (
    DANGLING,
    DOES_NOT_DECRYPT,
    LOST_CONTENT_KEY,
    MALFORMED,
    MANY_CONTENT_KEYS,
    NOT_FOR_ALL,
    OLD_SECRET,
    ORPHANED,
    REPOSITORY_IN_CLEAR,
    SAME_CIPHERTEXT,
    UNJUDGED,
)

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = [
    "ALSO_IN_CLEAR",
    "BACKUP",
    "BESIDE_REFERENCE",
    "BROKEN_KEY",
    "COMMENTED_OUT",
    "DANGLING",
    "DECLARED_IN_CLEAR",
    "DOES_NOT_DECRYPT",
    "EXPIRED",
    "FOREIGN",
    "INSTANCES_DIFFER",
    "IN_HISTORY",
    "KEYSTORE_NOT_JUDGED",
    "KEYSTORE_ROLE",
    "KEY_CHANGED",
    "KEY_IN_ROLES",
    "KEY_USAGE",
    "LOST_CONTENT_KEY",
    "MALFORMED",
    "MANY_CONTENT_KEYS",
    "NOT_FOLLOWED",
    "NOT_FOR_ALL",
    "OLD_SECRET",
    "ON_REQUEST",
    "ORPHANED",
    "OTHER_ALIAS",
    "PASSWORD_BESIDE",
    "PERMISSIONS",
    "PKCS1",
    "PUBLIC_KEY",
    "RECIPIENTS_CHANGED",
    "RECIPIENTS_DIFFER",
    "RECIPIENT_CERTIFICATE",
    "REPOSITORY_IN_CLEAR",
    "RULES",
    "SAME_ALIAS",
    "SAME_CIPHERTEXT",
    "SECRET_AS_NAME",
    "SHORT_KEY",
    "STALE",
    "TARGET_MISSES",
    "TARGET_PLACEHOLDER",
    "UNJUDGED",
    "UNPADDED",
    "UNPROTECTED_NAME",
    "UNPROTECTED_VALUE",
    "UNREADABLE",
    "Rule",
    "rule",
]

ON_REQUEST = frozenset(
    {IN_HISTORY, KEY_CHANGED, RECIPIENTS_CHANGED, DOES_NOT_DECRYPT, ALSO_IN_CLEAR, UNREADABLE, KEYSTORE_NOT_JUDGED}
)
"""What not every audit of the same files finds: it takes `--history`, `--decrypt`, or their absence."""

RULES: tuple[Rule, ...] = tuple(
    sorted((value for value in list(globals().values()) if isinstance(value, Rule)), key=lambda rule: rule.id)
)
"""Every rule, in the order of their ids."""


def rule(id_or_name: str) -> Rule | None:
    """Return the rule of an id (`CT004`) or a name, in whatever case, or None."""
    wanted = id_or_name.casefold()
    return next((rule for rule in RULES if wanted in (rule.id.casefold(), rule.name)), None)


def _reduced(it: Rule) -> tuple[Callable[[str], Rule | None], tuple[str]]:
    """A rule that comes from another process is the one that is here."""
    return rule, (it.id,)


copyreg.pickle(Rule, _reduced)  # type: ignore[arg-type]
