"""SQLAlchemy's URLs: `create_engine(url("postgresql://app:$secret{db.password}@host/db"))`."""

from __future__ import annotations

from sqlalchemy.engine import URL, make_url

from ciphertool.vault.vault import Vault


def url(text: str | URL, vault: Vault | None = None) -> URL:
    """Return a URL with the references in it resolved. Its repr masks the password.

    The URL is taken apart first, so that a secret may hold any character. Raises what `Vault.resolve_tree` raises.
    """
    parsed = make_url(text)
    parts = {
        "username": parsed.username,
        "password": None if parsed.password is None else str(parsed.password),
        "host": parsed.host,
        "database": parsed.database,
        "query": dict(parsed.query),
    }
    resolved = (vault or Vault.open()).resolve_tree(parts)
    return URL.create(parsed.drivername, port=parsed.port, **resolved)
