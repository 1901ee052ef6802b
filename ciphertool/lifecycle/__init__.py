"""What a person asks of a vault after the first `protect`: its secrets, and who else can read them."""

from ciphertool.lifecycle.secrets import ListedSecret, Use, VaultChange, generate, listed, put, remove, uses

__all__ = ["ListedSecret", "Use", "VaultChange", "generate", "listed", "put", "remove", "uses"]
