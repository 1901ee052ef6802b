"""What settings may reach that were found and not named: the files of their own tree, and nothing else.

A person names settings by `--config`, `--home`, `CIPHERTOOL_CONFIG` or `Vault.open(path)`. What lies in a tree that is
audited, or is found from the working directory upwards, is anybody's: it starts no program, loads no code, opens no
connection, sees no environment variable and reads nothing outside its tree. Targets are kept within it where they are
expanded (`settings.targets.paths`).
"""

from __future__ import annotations

import re
import stat
from itertools import dropwhile
from pathlib import PurePath
from typing import TYPE_CHECKING, NamedTuple

from ciphertool import files
from ciphertool.errors import FoundSettingsError
from ciphertool.settings.targets import OUTSIDE

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ciphertool.files import Snapshot
    from ciphertool.passwords import PasswordSource
    from ciphertool.settings.model import Overrides, Settings, Target

_LARGEST = 1 << 20
"""Bytes of a settings file: more than any has, and few enough to be parsed at once."""
_MOST_SEARCHES = 200
"""Of all targets together: wildcards in their files, each of which may list the whole tree, and searches of a file."""
_MOST_WILDCARDS = 3
# What is no wildcard; and what makes an XPath more than names of elements, one in the other, and their numbers.
_PLAIN = re.compile(r"[^*?\[]*")
_MORE_THAN_NAMES = re.compile(r"[(*|=<>]|//|::|\.\.|\[(?!\d+\])")


class Found(NamedTuple):
    """Settings that were found, without what is `refused` to them; None where nothing is left to go by."""

    settings: Settings | None
    refused: tuple[FoundSettingsError, ...] = ()


def read(path: Path, tree: Path | None, origin: Path) -> Snapshot:
    """Read a file of settings that belong to `origin`; `data` is None where there is none.

    Raise `FoundSettingsError` if it leads out of the `tree`, in which they were found: None if they were named.
    """
    if tree is not None and not files.lies_in(path, tree):
        raise FoundSettingsError(f"settings file {path.name}", OUTSIDE, origin)
    if tree is not None and files.size(path) > _LARGEST:
        raise FoundSettingsError(f"settings file {path.name}", f"is larger than {_LARGEST >> 20} MiB", origin)
    return files.read_if_there(path)


def confine(settings: Settings, tree: Path, overrides: Overrides, *, audited: bool) -> Found:
    """Return found settings without what leads out of the tree; what a person gave by `overrides` may lie anywhere.

    If they are `audited`, passwords are none of their business, and no target may take long to be found. Otherwise a
    source of passwords that reaches further than files of the tree is refused.
    """
    refused: list[FoundSettingsError] = []
    given = {overrides.keystore, overrides.certificate, overrides.repository}

    def kept(what: str, path: Path | None) -> Path | None:
        reason = _obstacle(path, tree) if path is not None and path not in given else None
        if reason is not None:
            refused.append(FoundSettingsError(what, reason, settings.origin, path))
        return None if reason is not None else path

    repository = kept("secret repository", settings.repository)
    keystore = settings.keystore._replace(
        path=kept("keystore", settings.keystore.path),
        certificate=kept("certificate", settings.keystore.certificate),
    )
    sources = [(source, _refusal(source, tree)) for source in settings.password_sources]
    targets = settings.targets
    if audited:
        slow = dict.fromkeys(_slow(targets))
        targets = tuple(target for target in targets if target not in slow)
        for target in slow:
            what = f"target {target.alias!r}"
            refused.append(FoundSettingsError(what, "has an expression that may take long", settings.origin))
    else:
        refused += (FoundSettingsError(*why, settings.origin) for _, why in sources if why)
    if repository is None:
        return Found(None, tuple(refused))
    kept_sources = tuple(source for source, why in sources if why is None)
    settings = settings._replace(keystore=keystore, targets=targets, password_sources=kept_sources, named=False)
    return Found(settings, tuple(refused))


def _obstacle(path: Path, tree: Path) -> str | None:
    """Return why found settings may not have a file read, or None; one that is not there is no matter of theirs."""
    inside = files.lies_in(path, tree)
    if inside:
        try:
            return None if stat.S_ISREG(path.stat().st_mode) else "is no regular file"
        except (FileNotFoundError, NotADirectoryError):
            pass
        except OSError as error:
            return f"cannot be looked at: {(error.strerror or 'unknown').lower()}"
    if "${" in str(path):
        return "has a placeholder in its path, which is not filled"
    return None if inside else OUTSIDE


def _refusal(source: PasswordSource, tree: Path) -> tuple[str, str] | None:
    """Return what of a source of passwords is refused and why: it must read only files, and those of the tree."""
    reads: tuple[Path, ...] | None = getattr(source, "files", None)
    if reads is None:
        return f"password from {source.name}", "works only from a configuration that is named"
    reasons = ((path, _obstacle(path, tree)) for path in reads)
    return next(((f"password file {path}", reason) for path, reason in reasons if reason), None)


def _slow(targets: tuple[Target, ...]) -> Iterator[Target]:
    searches = 0
    for target in targets:
        parts = PurePath(target.file).parts
        wild = sum(not _PLAIN.fullmatch(part) for part in parts)
        searches += wild + (".." in target.selector or "//" in target.selector)
        leads_back = ".." in dropwhile(_PLAIN.fullmatch, parts)
        if searches > _MOST_SEARCHES or wild > _MOST_WILDCARDS or leads_back or not _is_quick(target):
            yield target


def _is_quick(target: Target) -> bool:
    """Tell whether a target is found in a time that grows with the tree and the file alone, of whatever format that is.

    So is a plain path, with one descent to any depth at most. No regular expression of anybody's is.
    """
    from ciphertool.rewriters import jsonpath  # settings that are not audited can do without
    from ciphertool.rewriters.xml import xpath

    deep = [name for name in PurePath(target.file).parts if "**" in name]
    if deep not in ([], ["**"]) or target.part not in (None, "password"):
        return False
    _, path = jsonpath.split_document(target.selector)
    if path.startswith("/"):
        return xpath.plain(path.replace("//", "/", 1)) is not None
    if path.startswith("$"):
        # A wildcard takes no longer than an index of every child, nor does a filter that compares one member.
        one_descent = path.replace("..", ".", 1).replace("[*]", "[0]").replace(".*", "[0]")
        return jsonpath.filtered_steps(one_descent) is not None
    return _MORE_THAN_NAMES.search(path) is None  # a key, or a relative XPath
