"""The old path of `ciphertool.vault.opening`, kept for one release."""

from ciphertool.vault.opening import *  # noqa: F403 - whatever is there
