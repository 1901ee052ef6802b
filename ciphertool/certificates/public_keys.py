"""Key pairs whose private key has been published: the list itself is in `public_keys.toml`."""

from __future__ import annotations

from functools import cache
from importlib.resources import files


@cache
def _known() -> dict[str, str]:
    import tomllib

    listed = tomllib.loads(files("ciphertool.certificates").joinpath("public_keys.toml").read_text("utf-8"))
    return {key["sha256"]: key["origin"] for key in listed["key"]}


def origin_of(public_key_sha256: str) -> str | None:
    """Return where a key was published, by the SHA-256 of its SubjectPublicKeyInfo; None if it is not known."""
    return _known().get(public_key_sha256)
