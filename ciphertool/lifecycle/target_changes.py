"""Changes the `[[target]]` tables in the text of settings; nothing else changes a byte.

What it makes is read again: a text that does not state exactly what was asked for is never returned.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool import files
from ciphertool.errors import ConfigError, ProblemsError
from ciphertool.rewriters.base import Change, rewrite
from ciphertool.rewriters.toml import TomlRewriter
from ciphertool.settings.table import Table
from ciphertool.settings.target_tables import content_of, targets_of

if TYPE_CHECKING:
    from ciphertool.errors import CipherToolError
    from ciphertool.files import Snapshot
    from ciphertool.settings.model import Settings, Target

_PRODUCT_S = (".yaml", ".yml")


def settings_file(settings: Settings) -> Snapshot | None:
    """Read the `ciphertool.toml` of settings; None if they come from a product's files."""
    origin = settings.origin
    return files.read(origin) if origin.is_file() and origin.suffix.lower() not in _PRODUCT_S else None


def renamed(snapshot: Snapshot | None, settings: Settings, alias: str, new: str) -> bytes:
    """Return the text of settings in which the targets of an alias have the new one.

    Raises `ConfigError` if a target of the alias stands in another file.
    """
    tables = content_of(snapshot).get("target", []) if snapshot is not None else []
    named = [number for number, table in enumerate(tables) if table.get("alias") == alias]
    if len(named) < sum(target.alias == alias for target in settings.targets):
        raise ConfigError(
            f"a target of {alias} stands in another file",
            path=settings.origin,
            hint="rename the alias in the settings that declare it: a file that this one extends, or a product's own",
        )
    if snapshot is None:
        return b""
    if not named:
        return snapshot.bytes
    rewriter = TomlRewriter()
    document = rewriter.parse(snapshot.bytes)
    changes = []
    for found in document.locate([f"$.target[{number}].alias" for number in named]):
        if not isinstance(found, tuple):
            raise found.at(snapshot.path)
        changes.append(Change(found[0], new))
    return rewrite(rewriter, document, changes)


def added(snapshot: Snapshot, table: str) -> tuple[bytes, Target]:
    """Return the text of settings with a `[[target]]` table at its end, and the target that it states.

    Raises `ConfigError`, or `ProblemsError` of several, for a table that states no valid target.
    """
    text = snapshot.bytes.decode("utf-8")
    end = "\r\n" if "\r\n" in text else "\n"
    between = end if text.endswith("\n") or not text.removeprefix("\ufeff") else end * 2
    made = snapshot._replace(data=f"{text}{between}{table.replace(chr(10), end)}{end}".encode())
    problems: list[CipherToolError] = []
    before, after = content_of(snapshot), content_of(made)
    if after != {**before, "target": [*before.get("target", []), after["target"][-1]]}:
        raise ConfigError("its targets are not spelled as tables", path=snapshot.path, hint="add the target by hand")
    target = targets_of(Table("", after, problems, made.path), made, problems, files.read_if_there)[-1]
    if problems:
        raise problems[0] if len(problems) == 1 else ProblemsError(problems)
    return made.bytes, target
