"""The keystores that a Carbon home's files state, for which purpose and under which names. Reads no file, opens none.

`deployment_toml` fills in what a `deployment.toml` states, `carbon_paths` says where a location leads.
"""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ciphertool import references
from ciphertool.secret import repr_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from pathlib import Path

    from ciphertool.references import Reference
    from ciphertool.rewriters.base import Site

PRIMARY, INTERNAL, TLS, TRUSTSTORE = "primary keystore", "internal keystore", "TLS keystore", "truststore"
TOMCAT, LISTENER, SENDER = "Tomcat", "Axis2 listener", "Axis2 sender"
REGISTRY, SAML = "registry keystore", "SAML keystore"
XML_FILES = (
    "carbon.xml",
    "tomcat/catalina-server.xml",
    "catalina-server.xml",  # as older products have it
    "axis2/axis2.xml",
    "axis2.xml",
    "axis2/axis2_blocking_client.xml",
)
"""The files that name keystores, below the configuration directory."""
TABLES = {"keystore.primary": PRIMARY, "keystore.internal": INTERNAL, "keystore.tls": TLS, "truststore": TRUSTSTORE}
"""The tables of a `deployment.toml` that name keystores."""
CERTIFICATE = "transport.https.sslHostConfig.certificate.properties"
"""The table that stands for `[keystore.tls]` if it names a file."""
_CARBON = {
    "/Server/Security/KeyStore": PRIMARY,
    "/Server/Security/InternalKeyStore": INTERNAL,
    "/Server/Security/RegistryKeyStore": REGISTRY,
    "/Server/Security/SAMLSignKeyStore": SAML,
    "/Server/Security/TrustStore": TRUSTSTORE,
}
_INDEX = re.compile(r"\[\d+\]")


class Names(NamedTuple):
    """How one kind of table or element spells its keys."""

    location: str
    password: str
    key_password: str = ""
    alias: str = ""


IN_TOML = Names("file_name", "password", "key_password", "alias")
OF_CERTIFICATE = Names(
    "certificateKeystoreFile", "certificateKeystorePassword", "certificateKeyPassword", "certificateKeyAlias"
)
_ELEMENTS = Names("Location", "Password", "KeyPassword", "KeyAlias")
_STANDALONE = Names("primary.key.location", "", "", "primary.key.alias")
_CONNECTOR = Names("@keystoreFile", "@keystorePass", "@keyPass", "@keyAlias")
_HOST_CERTIFICATE = Names(*(f"@{name}" for name in OF_CERTIFICATE))
_HOST_TRUST = Names("@truststoreFile", "@truststorePassword")
_CONNECTOR_TRUST = Names("@truststoreFile", "@truststorePass")


class StatedKeystore(NamedTuple):
    """One keystore as a file states it, at the line of its location.

    A password is its text, a reference to a secret of the home's vault, or None if the file has none in clear. If
    `missing` is set, nothing fills in that placeholder of the location.
    """

    purpose: str
    source: Path
    line: int | None
    location: str
    password: str | Reference | None = None
    key_password: str | Reference | None = None
    alias: str | None = None
    missing: str | None = None

    def __repr__(self) -> str:
        return repr_of(self, "purpose", "source", "location", "alias")


class Filled(NamedTuple):
    """A value whose placeholders were filled in, in the form of a site; `missing` is the first that was not."""

    value: str
    line: int | None = None
    reference: Reference | None = None
    missing: str | None = None

    def __repr__(self) -> str:
        return repr_of(self, "line", "missing")


class _Value(Protocol):
    @property
    def value(self) -> str: ...
    @property
    def line(self) -> int | None: ...
    @property
    def reference(self) -> Reference | None: ...


def stated(purpose: str, source: Path, fields: Mapping[str, _Value], names: Names) -> StatedKeystore:
    """Return the keystore that a table, an element or a file states; its location is empty if there is none."""
    location, alias = fields.get(names.location), fields.get(names.alias)
    password, key_password = (_secret(fields.get(name)) for name in (names.password, names.key_password))
    name = (alias.value if alias is not None else None) or None
    if location is None:
        return StatedKeystore(purpose, source, None, "", password, key_password, name)
    missing = getattr(location, "missing", None) if location.reference is None else str(location.reference)
    spelled = location.value.strip()
    return StatedKeystore(purpose, source, location.line, spelled, password, key_password, name, missing)


def stated_in_xml(path: Path, sites: Iterable[Site]) -> Iterator[StatedKeystore]:
    """Yield the keystores that one of `XML_FILES` states, in the order of its elements."""
    elements: dict[str, dict[str, Site]] = defaultdict(dict)
    for site in sites:
        element, _, name = site.selector.rpartition("/")
        elements[element][name] = site
    kind = {"carbon.xml": _in_carbon, "catalina-server.xml": _in_tomcat}.get(path.name, _in_axis2)
    for element, fields in elements.items():
        for purpose, names in kind(_INDEX.sub("", element)):
            if (found := stated(purpose, path, fields, names)).location:
                yield found


def stated_in_standalone(path: Path, entries: Mapping[str, Site]) -> StatedKeystore | None:
    """Return the keystore that the entries of a `cipher-standalone-config.properties` name, if they name one."""
    found = stated(PRIMARY, path, entries, _STANDALONE)
    return found if found.location else None


def _in_carbon(element: str) -> Iterator[tuple[str, Names]]:
    if (purpose := _CARBON.get(element)) is not None:
        yield purpose, _ELEMENTS


def _in_tomcat(element: str) -> Iterator[tuple[str, Names]]:
    yield from ((TOMCAT, _CONNECTOR), (TOMCAT, _HOST_CERTIFICATE))
    yield f"{TOMCAT} {TRUSTSTORE}", _CONNECTOR_TRUST if element.endswith("/Connector") else _HOST_TRUST


def _in_axis2(element: str) -> Iterator[tuple[str, Names]]:
    side = LISTENER if "/transportReceiver/" in element else SENDER if "/transportSender/" in element else None
    if side is not None and element.endswith("/KeyStore"):
        yield side, _ELEMENTS
    elif side is not None and element.endswith("/TrustStore"):
        yield f"{side} {TRUSTSTORE}", _ELEMENTS


def _secret(value: _Value | None) -> str | Reference | None:
    """Return a password; None if there is none, or only the product knows which one it takes."""
    if value is None:
        return None
    if value.reference is not None:
        return value.reference
    hidden = getattr(value, "beside", None) or getattr(value, "missing", None) or references.is_placeholder(value.value)
    return None if hidden else value.value or None
