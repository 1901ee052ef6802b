"""Vaults that lie within a tree under audit, each with settings of its own, for which nobody vouches.

They start nothing, load nothing and are told nothing of the environment; what they name outside the tree is not
looked at, nor is what a file could make take hours.
"""

from __future__ import annotations

import os
import re
from pathlib import Path, PurePath
from typing import TYPE_CHECKING

from ciphertool import settings as reader
from ciphertool.audit import rules
from ciphertool.audit.model import Level
from ciphertool.errors import CipherToolError
from ciphertool.passwords import MasterKeys
from ciphertool.protection import parts
from ciphertool.rewriters import jsonpath
from ciphertool.rewriters.xml import xpath
from ciphertool.settings import carbon4, config

if TYPE_CHECKING:
    from ciphertool.audit.gather import Gathered
    from ciphertool.settings.model import Settings, Target

# What makes an XPath more than names of elements, one in the other, and their numbers.
_MORE_THAN_NAMES = re.compile(r"[(*|=<>]|//|::|\.\.|\[(?!\d+\])")


def is_vault(directory: Path) -> bool:
    """Tell whether a directory has settings of its own, by files that lie in it: links are not followed."""
    conf = carbon4.configuration(directory)
    # A home's own `repository` looks like an older home.
    if conf is None or (directory.name == "repository" and carbon4.is_home(directory.parent)):
        return (directory / config.FILE_NAME).is_file() and not (directory / config.FILE_NAME).is_symlink()
    security = conf / "security"
    return not any(path.is_symlink() for path in (conf.parent, conf, security, *conf.glob("*.*"), *security.glob("*")))


def outermost(path: Path, root: Path) -> Path | None:
    """Return the first vault's directory on the way from `root`, itself left aside, to a file."""
    path, root = path.absolute(), root.absolute()
    between = [parent for parent in path.parents if parent != root and parent.is_relative_to(root)]
    return next((parent for parent in reversed(between) if is_vault(parent)), None)


def read_settings(directory: Path, root: Path, gathered: Gathered) -> Settings | None:
    """Return what a vault's settings say of the tree below `root`; what cannot be read or leads out is a finding."""
    try:
        settings = reader.load_found(directory)
    except CipherToolError as error:
        # Only of a `ciphertool.toml` it is known that a message shows nothing of another file.
        own = error.path is not None and error.path.name == config.FILE_NAME
        said = f": {error.message}" if own else ""
        place = gathered.place(error.path if own and error.path else directory, error.line if own else None)
        gathered.finding(rules.UNREADABLE, place, f"the settings of a vault cannot be read{said}", level=Level.WARNING)
        return None
    return _confined(settings, root, gathered)


def _confined(settings: Settings, root: Path, gathered: Gathered) -> Settings | None:
    keystore = settings.keystore
    places = {"keystore": keystore.path, "certificate": keystore.certificate, "secret repository": settings.repository}
    outside = {what for what, path in places.items() if path is not None and not _is_inside(path, root)}
    refused = {f"{what} of this vault leads out of the tree" for what in outside}
    targets = []
    for target in settings.targets:
        if _leads_out(target) or not _is_inside(settings.root / target.file, root):
            refused.add(f"target {target.alias!r} of this vault leads out of the tree")
        elif not _is_quick(target):
            refused.add(f"target {target.alias!r} of this vault has an expression that may take long")
        else:
            targets.append(target)
    for what in sorted(refused):
        message = f"the {what}; not looked at"
        gathered.finding(rules.UNREADABLE, gathered.place(settings.origin), message, level=Level.WARNING)
    if "secret repository" in outside:
        return None
    return settings._replace(
        keystore=keystore._replace(
            path=None if "keystore" in outside else keystore.path,
            certificate=None if "certificate" in outside else keystore.certificate,
        ),
        targets=tuple(targets),
        password_sources=tuple(
            source
            for source in settings.password_sources
            if isinstance(source, MasterKeys) and _is_inside(source.path, root)
        ),
    )


def _is_inside(path: Path, root: Path) -> bool:
    try:
        return Path(os.path.realpath(path)).is_relative_to(os.path.realpath(root))
    except ValueError:  # no file can have such a name
        return False


def _leads_out(target: Target) -> bool:
    return PurePath(target.file).is_absolute() or ".." in PurePath(target.file).parts


def _is_quick(target: Target) -> bool:
    """Tell whether a target is found in a time that grows with the tree and the file alone, of whatever format that is.

    So is a plain path, with one descent to any depth at most. No regular expression of anybody's is.
    """
    deep = [name for name in PurePath(target.file).parts if "**" in name]
    if deep not in ([], ["**"]) or target.part not in (None, parts.PASSWORD):
        return False
    _, path = jsonpath.split_document(target.selector)
    if path.startswith("/"):
        return xpath.plain(path.replace("//", "/", 1)) is not None
    if path.startswith("$"):
        # A wildcard takes no longer than an index of every child, nor does a filter that compares one member.
        one_descent = path.replace("..", ".", 1).replace("[*]", "[0]").replace(".*", "[0]")
        return jsonpath.filtered_steps(one_descent) is not None
    return _MORE_THAN_NAMES.search(path) is None  # a key, or a relative XPath
