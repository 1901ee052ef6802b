"""The old path of `ciphertool.redaction.masking`, kept for one release."""

from ciphertool.redaction.masking import *  # noqa: F403 - whatever is there
