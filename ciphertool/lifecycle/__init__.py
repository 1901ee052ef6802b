"""What a person asks of a vault after the first `protect`: its secrets, and who else can read them."""

from ciphertool.lifecycle.aliases import Renaming, rename
from ciphertool.lifecycle.secrets import ListedSecret, Use, VaultChange, generate, listed, put, remove, uses
from ciphertool.lifecycle.target_changes import added, settings_file
from ciphertool.lifecycle.undoing import Undoing, plan_undo
from ciphertool.lifecycle.unprotection import RestoredFile, Unprotection, require_unchanged, unprotect
from ciphertool.lifecycle.writing import recipients_at_hand

__all__ = [
    "ListedSecret",
    "Renaming",
    "RestoredFile",
    "Undoing",
    "Unprotection",
    "Use",
    "VaultChange",
    "added",
    "generate",
    "listed",
    "plan_undo",
    "put",
    "recipients_at_hand",
    "remove",
    "rename",
    "require_unchanged",
    "settings_file",
    "unprotect",
    "uses",
]
