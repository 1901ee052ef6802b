"""Why a place is considered that of a secret."""

from __future__ import annotations

from enum import Enum


class Evidence(Enum):
    """Why a place is considered that of a secret, strongest first."""

    DECLARED = "declared"
    """A target of the settings names it, or it is an entry of the repository."""
    REFERENCE = "reference"
    """It holds a reference."""
    KNOWN_PLACE = "known place"
    """A product keeps a secret there, whatever the setting's name."""
    VALUE = "value"
    """The value is a secret by itself: a private key, a token, credentials in a URL."""
    NAME = "name"
    """The setting's name is that of a secret."""
