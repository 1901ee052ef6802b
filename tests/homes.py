"""Small Carbon 4 homes: the files of one, laid out with a keystore of their own."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from typing import TYPE_CHECKING

from ciphertool.keystore.create import CertificateRequest, create_keystore

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

STORE_PASSWORD = "c4n4ry-store"
CARBON_XML = """\
<Server xmlns="http://wso2.org/projects/carbon/carbon.xml"><Security><KeyStore>
  <Location>${{carbon.home}}/repository/resources/security/{store}</Location><Type>JKS</Type>
  <Password>{password}</Password><KeyAlias>wso2</KeyAlias><KeyPassword>{password}</KeyPassword>
</KeyStore></Security></Server>
"""
CONF = "repository/conf"
STORES = "repository/resources/security"


@cache
def keystore(alias: str = "wso2", password: str = STORE_PASSWORD) -> bytes:
    """Return a JKS keystore with one RSA key."""
    request = CertificateRequest(subject=f"CN={alias}", bits=2048)
    return create_keystore(request, alias, password, now=datetime.now(UTC), format_name="JKS")


def lay_out(home: Path, files: Mapping[str, str | bytes], *, conf: str = CONF) -> Path:
    """Write a home: `carbon.xml`, the keystore `main.jks` that it names, and files; return its directory.

    The paths of `files` are relative to its configuration, or with a leading `/` to the home.
    """
    every: dict[str, str | bytes] = {
        "carbon.xml": CARBON_XML.format(store="main.jks", password=STORE_PASSWORD),
        f"/{STORES}/main.jks": keystore(),
        **files,
    }
    for name, content in every.items():
        path = home / name.lstrip("/") if name.startswith("/") else home / conf / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(0o600)
    return home
