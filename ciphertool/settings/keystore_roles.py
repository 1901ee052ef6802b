"""Reads which keystores a Carbon home uses for which purpose: Carbon's own, Tomcat's, Axis2's. Opens none."""

from __future__ import annotations

import os
from types import MappingProxyType
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files
from ciphertool.certificates.roles import Role
from ciphertool.errors import ConfigError
from ciphertool.secret import repr_of
from ciphertool.settings import confined
from ciphertool.settings.carbon_homes import STANDALONE, configuration
from ciphertool.settings.carbon_paths import Places
from ciphertool.settings.deployment_toml import Deployment
from ciphertool.settings.stated_keystores import (
    INTERNAL,
    LISTENER,
    PRIMARY,
    REGISTRY,
    SAML,
    SENDER,
    TLS,
    TOMCAT,
    XML_FILES,
    stated_in_standalone,
    stated_in_xml,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from ciphertool.references import Reference
    from ciphertool.rewriters.base import Rewriter, Site
    from ciphertool.settings.stated_keystores import StatedKeystore

_ROLES = {
    PRIMARY: Role.PRIMARY,
    INTERNAL: Role.PRIMARY,
    REGISTRY: Role.PRIMARY,
    SAML: Role.MESSAGE,
    TLS: Role.TLS,
    TOMCAT: Role.TLS,
    LISTENER: Role.TLS,
    SENDER: Role.TLS,
}


class KeystoreUse(NamedTuple):
    """One keystore that a home uses for a purpose, as a file of it says at a line.

    `role` is what the keystore must fit; None for a truststore. A password is its text, a reference to a secret of the
    home's vault, or None if the file has none. If `missing` is set, nothing fills in that placeholder of the path.
    """

    purpose: str
    role: Role | None
    source: Path
    line: int | None
    path: Path
    password: str | Reference | None = None
    key_password: str | Reference | None = None
    alias: str | None = None
    missing: str | None = None

    def __repr__(self) -> str:
        return repr_of(self, "purpose", "role", "source", "path", "alias")

    @property
    def serves(self) -> bool:
        """Whether clients connect to it: a sender only presents its certificate."""
        return self.role is Role.TLS and self.purpose != SENDER


def keystore_uses(
    home: Path, *, tree: Path | None = None, define: Mapping[str, str] = MappingProxyType({})
) -> list[KeystoreUse]:
    """Return the keystores that a home uses; none if it is not a Carbon 4 home.

    What `deployment.toml` says stands for the files that the product generates from it, unless the path of a keystore
    has a placeholder there that only the product filled in. A home that was found lies in its `tree`: no file outside
    is read, and no keystore outside is returned. Raise `ConfigError` for a file that cannot be read.
    """
    conf = configuration(home)
    if conf is None:
        return []
    places = Places.of(home, conf, define, tree)
    deployment = Deployment.read(places)
    stated = _located(deployment.keystores() if deployment is not None else iter(()), places)
    generated = _located(_in_files(places), places)
    made = {use.purpose for use in generated}
    stated = [use for use in stated if use.missing is None or use.purpose not in made]
    decided = {use.purpose for use in stated}
    if TLS in decided:
        decided |= {TOMCAT, LISTENER, SENDER}
    found = [*stated, *(use for use in generated if use.purpose not in decided)]
    internal = next((use for use in found if use.purpose == INTERNAL), None)
    for use in found:
        if use.purpose == PRIMARY and internal is not None and not _same(internal.path, use.path):
            found[found.index(use)] = use._replace(role=Role.MESSAGE)  # it only signs then
    return list({(use.purpose, use.path, use.alias): use for use in reversed(found)}.values())[::-1]


def _located(stated: Iterator[StatedKeystore], places: Places) -> list[KeystoreUse]:
    """Return where stated keystores lie, without those that may not be read in a home that was found."""
    found = []
    for one in stated:
        path = places.keystore(one.location)
        if places.tree is None or files.lies_in(path, places.tree):
            secrets = (one.password, one.key_password, one.alias, one.missing or places.missing(one.location))
            found.append(KeystoreUse(one.purpose, _ROLES.get(one.purpose), one.source, one.line, path, *secrets))
    return found


def _in_files(places: Places) -> Iterator[StatedKeystore]:
    """Yield what the XML files of a home say, and the file that stands for `carbon.xml` where there is none."""
    from ciphertool.rewriters.properties import PropertiesRewriter
    from ciphertool.rewriters.xml import XmlRewriter

    primary = False
    for name in XML_FILES:
        for found in stated_in_xml(places.conf / name, _sites(places.conf / name, XmlRewriter(), places)):
            primary = primary or found.purpose in (PRIMARY, INTERNAL)
            yield found
    path = places.conf / STANDALONE
    entries = {site.selector: site for site in _sites(path, PropertiesRewriter(), places)}
    if not primary and (one := stated_in_standalone(path, entries)) is not None:
        yield one


def _sites(path: Path, rewriter: Rewriter, places: Places) -> list[Site]:
    snapshot = confined.read(path, places.tree, places.home)
    if snapshot.data is None:
        return []
    try:
        return list(rewriter.parse(snapshot.bytes).sites())
    except ConfigError as error:
        raise error.at(path) from None


def _same(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)
