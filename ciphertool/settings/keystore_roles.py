"""Reads which keystores a Carbon home uses for which purpose: Carbon's own, Tomcat's, Axis2's. Opens none."""

from __future__ import annotations

import re
from collections import defaultdict
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from ciphertool.certificates.roles import Role
from ciphertool.errors import ConfigError
from ciphertool.secret import repr_of
from ciphertool.settings import confined
from ciphertool.settings.carbon4 import configuration

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ciphertool.references import Reference
    from ciphertool.rewriters.base import Site

_DEPLOYMENT = "deployment.toml"
_DEFAULTS = "repository/resources/conf/default.json"
_STORES = "repository/resources/security"
_INDEX = re.compile(r"\[\d+\]")
_KEY = re.compile(r"\['([^']*)'\]")
_REF = re.compile(r"\$ref\{([^{}]+)\}")
_PLACEHOLDER = re.compile(r"\$(?:env|sys|ref)?\{")
_HOME = re.compile(r"\$\{(?:sys:)?carbon\.home\}")
_MOST_REFS = 20
"""Limit on references in one value, which could refer to themselves."""

PRIMARY, INTERNAL, TLS, TRUSTSTORE = "primary keystore", "internal keystore", "TLS keystore", "truststore"
TOMCAT, LISTENER, SENDER = "Tomcat", "Axis2 listener", "Axis2 sender"
_CARBON = {
    "/Server/Security/KeyStore": PRIMARY,
    "/Server/Security/InternalKeyStore": INTERNAL,
    "/Server/Security/RegistryKeyStore": "registry keystore",
    "/Server/Security/SAMLSignKeyStore": "SAML keystore",
    "/Server/Security/TrustStore": TRUSTSTORE,
}
_ROLES = {
    PRIMARY: Role.PRIMARY,
    INTERNAL: Role.PRIMARY,
    "registry keystore": Role.PRIMARY,
    "SAML keystore": Role.MESSAGE,
    TLS: Role.TLS,
    TOMCAT: Role.TLS,
    LISTENER: Role.TLS,
    SENDER: Role.TLS,
}
# Location, password, password of the key, alias: by the names of each file.
_NAMES = {
    _DEPLOYMENT: ("file_name", "password", "key_password", "alias"),
    "carbon.xml": ("Location", "Password", "KeyPassword", "KeyAlias"),
    "keystore": ("@keystoreFile", "@keystorePass", "@keyPass", "@keyAlias"),
    "certificate": (
        "@certificateKeystoreFile",
        "@certificateKeystorePassword",
        "@certificateKeyPassword",
        "@certificateKeyAlias",
    ),
    "truststore": ("@truststoreFile", "@truststorePassword", "", ""),
    "old truststore": ("@truststoreFile", "@truststorePass", "", ""),
}
_TABLES = {"keystore.primary": PRIMARY, "keystore.internal": INTERNAL, "keystore.tls": TLS, "truststore": TRUSTSTORE}
_CERTIFICATE = "transport.https.sslHostConfig.certificate.properties"


class KeystoreUse(NamedTuple):
    """One keystore that a home uses for a purpose, as a file of it says at a line.

    `role` is what the keystore must fit; None for a truststore. A password is its text, a reference to a secret of the
    home's vault, or None if the file has none.
    """

    purpose: str
    role: Role | None
    source: Path
    line: int | None
    path: Path
    password: str | Reference | None = None
    key_password: str | Reference | None = None
    alias: str | None = None

    def __repr__(self) -> str:
        return repr_of(self, "purpose", "role", "source", "path", "alias")

    @property
    def serves(self) -> bool:
        """Whether clients connect to it: a sender only presents its certificate."""
        return self.role is Role.TLS and self.purpose != SENDER


def keystore_uses(home: Path, *, tree: Path | None = None) -> list[KeystoreUse]:
    """Return the keystores that a home uses; none if it is not a Carbon 4 home.

    What `deployment.toml` says stands for the files that the product generates from it. A home that was found lies in
    its `tree`: no file outside is read, and no keystore outside is returned. Raise `ConfigError` for a file that cannot
    be read.
    """
    conf = configuration(home)
    if conf is None:
        return []
    reader = _Reader(home, conf, tree)
    stated = list(reader.deployment())
    decided = {use.purpose for use in stated}
    if TLS in decided:
        decided |= {TOMCAT, LISTENER, SENDER}
    found = [*stated, *(use for use in reader.files() if use.purpose not in decided)]
    internal = next((use for use in found if use.purpose == INTERNAL), None)
    for use in found:
        if use.purpose == PRIMARY and internal is not None and internal.path != use.path:
            found[found.index(use)] = use._replace(role=Role.MESSAGE)  # it only signs then
    return list({(use.purpose, use.path, use.alias): use for use in reversed(found)}.values())[::-1]


class _Reader:
    def __init__(self, home: Path, conf: Path, tree: Path | None) -> None:
        self._home, self._conf, self._tree = home, conf, tree

    def files(self) -> Iterator[KeystoreUse]:
        """Yield what the XML files say."""
        for name, purpose_of in (
            ("carbon.xml", self._carbon),
            ("tomcat/catalina-server.xml", self._tomcat),
            ("catalina-server.xml", self._tomcat),  # as older products have it
            ("axis2/axis2.xml", self._axis2),
            ("axis2.xml", self._axis2),
            ("axis2/axis2_blocking_client.xml", self._axis2),
        ):
            path = self._conf / name
            for element, fields in self._elements(path).items():
                for purpose, names in purpose_of(element, fields):
                    yield from self._use(purpose, path, fields, names)

    def deployment(self) -> Iterator[KeystoreUse]:
        """Yield what `deployment.toml` says, with the product's defaults."""
        path = self._conf / _DEPLOYMENT
        snapshot = confined.read(path, self._tree, self._home)
        if snapshot.data is None:
            return
        from ciphertool.rewriters.toml import TomlRewriter

        try:
            sites = TomlRewriter().parse(snapshot.bytes).sites()
            stated = {".".join(_KEY.findall(site.selector)): site for site in sites}
        except ConfigError as error:
            raise error.at(path) from None
        defaults = self._defaults()
        tables: dict[str, tuple[str, Sequence[str]]]
        tables = {table: (purpose, _NAMES[_DEPLOYMENT]) for table, purpose in _TABLES.items()}
        if f"{_CERTIFICATE}.certificateKeystoreFile" in stated:
            tables[_CERTIFICATE] = (TLS, tuple(name.removeprefix("@") for name in _NAMES["certificate"]))
            del tables["keystore.tls"]
        for table, (purpose, names) in tables.items():
            keys = {name: _filled(f"{table}.{name}", stated, defaults) for name in names}
            yield from self._use(purpose, path, {name: site for name, site in keys.items() if site is not None}, names)

    def _use(
        self, purpose: str, source: Path, fields: Mapping[str, Site | _Default], names: Sequence[str]
    ) -> Iterator[KeystoreUse]:
        location, password, key_password, alias = (fields.get(name) for name in names)
        path = self._path(location.value.strip()) if location is not None else None
        if location is not None and path is not None:
            role, line = _ROLES.get(purpose), location.line
            secrets = (_secret(password), _secret(key_password))
            yield KeystoreUse(purpose, role, source, line, path, *secrets, alias.value if alias is not None else None)

    def _path(self, location: str) -> Path | None:
        """Return where a keystore lies; None if that cannot be known or, for a home that was found, may not be read."""
        from ciphertool import files

        spelled = _HOME.sub(lambda _: str(self._home.absolute()), location.replace("\\", "/"))
        if not spelled or "\0" in spelled or len(spelled) > 4096:
            return None
        path = Path(spelled)
        home = self._home.absolute()
        path = home / _STORES / path if path.name == spelled else home / path
        return path if self._tree is None or files.lies_in(path, self._tree) else None

    def _elements(self, path: Path) -> dict[str, dict[str, Site]]:
        """Return the sites of an XML file by their element, and there by their own name."""
        snapshot = confined.read(path, self._tree, self._home)
        found: dict[str, dict[str, Site]] = defaultdict(dict)
        if snapshot.data is not None:
            from ciphertool.rewriters.xml import XmlRewriter

            try:
                for site in XmlRewriter().parse(snapshot.bytes).sites():
                    element, _, name = site.selector.rpartition("/")
                    found[element][name] = site
            except ConfigError as error:
                raise error.at(path) from None
        return found

    def _defaults(self) -> Mapping[str, str]:
        import json

        snapshot = confined.read(self._home / _DEFAULTS, self._tree, self._home)
        try:
            found = json.loads(snapshot.bytes) if snapshot.data is not None else {}
        except (ValueError, RecursionError):
            return {}
        return {k: v for k, v in found.items() if isinstance(v, str)} if isinstance(found, dict) else {}

    def _carbon(self, element: str, _: Mapping[str, Site]) -> Iterator[tuple[str, Sequence[str]]]:
        if (purpose := _CARBON.get(_INDEX.sub("", element))) is not None:
            yield purpose, _NAMES["carbon.xml"]

    def _tomcat(self, element: str, fields: Mapping[str, Site]) -> Iterator[tuple[str, Sequence[str]]]:
        for kind in ("keystore", "certificate"):
            if _NAMES[kind][0] in fields:
                yield TOMCAT, _NAMES[kind]
        if "@truststoreFile" in fields:
            old = _INDEX.sub("", element).endswith("/Connector")
            yield f"{TOMCAT} {TRUSTSTORE}", _NAMES["old truststore" if old else "truststore"]

    def _axis2(self, element: str, _: Mapping[str, Site]) -> Iterator[tuple[str, Sequence[str]]]:
        path = _INDEX.sub("", element)
        side = LISTENER if "/transportReceiver/" in path else SENDER if "/transportSender/" in path else None
        if side is not None and path.endswith("/KeyStore"):
            yield side, _NAMES["carbon.xml"]
        elif side is not None and path.endswith("/TrustStore"):
            yield f"{side} {TRUSTSTORE}", _NAMES["carbon.xml"]


class _Default(NamedTuple):
    """A value that stands in no file of a person's, in the form of a site."""

    value: str
    line: int | None = None
    reference: Reference | None = None

    def __repr__(self) -> str:
        return repr_of(self, "line")


def _filled(key: str, stated: Mapping[str, Site], defaults: Mapping[str, str]) -> Site | _Default | None:
    """Return the value of a dotted key, with the keys that it refers to filled in; None if there is none."""
    line = None
    for _ in range(_MOST_REFS):
        site: Site | _Default | None = stated.get(key) or (_Default(defaults[key]) if key in defaults else None)
        if site is None:
            return None
        line = line or site.line
        found = _REF.search(site.value)
        if found is None:
            return _Default(site.value, line, site.reference)
        key = found[1].strip()
        if found[0] != site.value.strip():  # text around it: no keystore's table has that
            return None
    return None


def _secret(site: Site | _Default | None) -> str | Reference | None:
    if site is None or site.reference is not None:
        return site and site.reference
    return site.value if site.value and not _PLACEHOLDER.match(site.value) else None
