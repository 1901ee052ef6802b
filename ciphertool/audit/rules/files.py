"""The rules about files: their modes, what is beside them, whether they can be read."""

from __future__ import annotations

from ciphertool.audit.rules.base import Rule
from ciphertool.findings import Level

PERMISSIONS = Rule(
    "CT017",
    "file-permissions",
    Level.WARNING,
    732,
    "A keystore, a secret repository or a password file is open to others.",
    "Restrict the permissions: `chmod 600`, or 640 with a dedicated group.",
)
PASSWORD_BESIDE = Rule(
    "CT018",
    "password-beside-keystore",
    Level.WARNING,
    522,
    "A file beside the keystore contains its password in clear: anyone who copies the directory has both.",
    "Keep the password elsewhere: a mounted secret, a credential of the service manager, the environment.",
)
UNREADABLE = Rule(
    "CT024",
    "not-judged",
    Level.NOTE,
    None,
    "A file could not be read in the format of its name, or not all of its history could be read: its secrets were not "
    "judged, or only by their shape.",
    "Repair the file, or fetch the rest of its history, or review it yourself.",
)
