"""The old path of `ciphertool.vault.resolver`, kept for one release."""

from ciphertool.vault.resolver import *  # noqa: F403 - whatever is there
