"""What a shell completes that only ciphertool knows: aliases, rules, formats, files. Names are read, never a secret.

Typer has the scripts for the shells and completes commands, options and choices; this adds values. Imported only when
a shell asks.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from ciphertool.settings import Settings

_PLAIN = re.compile(r"[\w./:@+,][\w./:@+,-]*", re.ASCII)
"""What means itself in every shell. Shells insert other characters unquoted, and names may come from strangers."""
_VARIABLE_NAME = re.compile(r"[A-Za-z_]\w*", re.ASCII)
_BREAKS = {"=", ":"}


class _Item(NamedTuple):
    """A completion, as Click has it."""

    value: str
    help: str | None = None
    type: str = "plain"


def answer(program: Any, instruction: str) -> int:
    """Print what the shell asks for and return the exit status; never an error: a person is at the prompt."""
    if not instruction.startswith("complete_"):
        program(prog_name="ciphertool")  # prints the shell's script, and exits
    try:
        equip(program)
        program(prog_name="ciphertool", obj=_insertion())
    except Exception:  # noqa: BLE001 - nothing may disturb the prompt
        return 1
    return 0


def equip(command: Any) -> None:
    """Let the parameters of a command complete what this module knows."""
    for parameter in command.params:
        values = _VALUES.get(f"{command.name} {parameter.name}") or _VALUES.get(parameter.name)
        parameter.shell_complete = partial(_complete, values, parameter.shell_complete)
    if command.name == "run":
        options = command.shell_complete
        # Behind its COMMAND, options are that command's.
        command.shell_complete = lambda context, word: [] if context.params.get("command") else options(context, word)


def _complete(values: _Values | None, otherwise: Callable[..., Any], context: Any, incomplete: str) -> list[_Item]:
    """Return the completions of a word; a parameter that has no `values` of ours has those of its type."""
    if values is None:
        items = [_Item(item.value, item.help, item.type) for item in otherwise(context, incomplete)]
    else:
        try:
            items = [item for item in values(context, incomplete) if item.value.startswith(incomplete)]
        except Exception:  # noqa: BLE001 - no vault, or a damaged one: there is nothing to complete
            items = []
    return [item._replace(value=context.obj(item.value, incomplete)) for item in items]


def _insertion() -> Callable[[str, str], str]:
    """Return which part of a completion the shell inserts for an incomplete value.

    Bash splits words at `=` and `:`, and replaces what follows; zsh and fish replace the word, with the option in it.
    """
    lines = os.environ.get("COMP_WORDS", "").split("\n")
    if len(lines) > 1:
        at = int(os.environ["COMP_CWORD"])
        words: list[str] = []
        for index, word in enumerate(lines[: at + 1]):
            if index and (word in _BREAKS or lines[index - 1] in _BREAKS):
                words[-1] += word
            else:
                words.append(word)
        os.environ.update(COMP_WORDS="\n".join(words), COMP_CWORD=str(len(words) - 1))
        replaced = 0 if lines[at] in _BREAKS else len(lines[at])
        return lambda value, incomplete: value[max(0, len(incomplete) - replaced) :]
    word = os.environ.get("_TYPER_COMPLETE_ARGS", "").rpartition(" ")[2]
    option, equals, _ = word.partition("=") if word.startswith("--") else ("", "", "")
    return lambda value, _: option + equals + value


def _settings(context: Any) -> Settings:
    """Return the settings of the vault that the command line names or leads to."""
    from ciphertool.cli.options import VaultOptions
    from ciphertool.settings import load

    given = {**context.params}
    for option in ("config", "home"):
        given[option] = given.get(option) or context.find_root().params.get(option)
    for option in ("config", "home", "repository"):
        given[option] = Path(given[option]) if given.get(option) else None
    options = VaultOptions(**{name: given.get(name) for name in ("config", "home", "repository", "define")})
    return load(options.config or options.home, options.overrides())


def _aliases(context: Any, _incomplete: str) -> Iterator[_Item]:
    """Yield the aliases in the repository."""
    from ciphertool.detection.patterns import masked
    from ciphertool.repository import open_repository

    settings = _settings(context)
    repository = open_repository(settings.kind, settings.storage, extensions=settings.trust.extensions)
    for alias in sorted(repository.entries):
        if _PLAIN.fullmatch(alias) and masked(alias) == alias:
            yield _Item(alias)


def _variables(context: Any, incomplete: str) -> Iterator[_Item]:
    """Yield `NAME=ALIAS`, once there is a name."""
    name, equals, _ = incomplete.partition("=")
    if equals and _VARIABLE_NAME.fullmatch(name):
        for item in _aliases(context, ""):
            yield _Item(f"{name}={item.value}")


def _recipients(context: Any, _incomplete: str) -> Iterator[_Item]:
    """Yield the names of the recipients in the settings."""
    return (_Item(one.name) for one in _settings(context).recipients if _PLAIN.fullmatch(one.name))


def _key_aliases(context: Any, _incomplete: str) -> Iterator[_Item]:
    """Yield the aliases of the keys in a keystore that shows them without a password, as JKS does."""
    from ciphertool.detection.patterns import masked
    from ciphertool.keystore import EntryKind, open_keystore

    named = context.params.get("keystore")
    if "store" in context.params:  # before an option without its value, arguments are not assigned yet
        named = context.params["store"] or next(iter(context.args), None)
    settings = None if named else _settings(context)
    path = Path(named) if settings is None else settings.keystore_path()
    if settings is not None and settings.keystore.format is not None:
        return  # a plug-in's, which is not loaded for a completion
    for entry in open_keystore(path, None).entries:
        if entry.kind is EntryKind.KEY and _PLAIN.fullmatch(entry.alias) and masked(entry.alias) == entry.alias:
            yield _Item(entry.alias)


def _rules(_context: Any, _incomplete: str) -> Iterator[_Item]:
    from ciphertool.audit.rules import RULES

    for rule in RULES:
        yield _Item(rule.id, rule.name)
        yield _Item(rule.name, rule.id)


def _formats(_context: Any, _incomplete: str) -> Iterator[_Item]:
    from ciphertool import rewriters

    return map(_Item, rewriters.names())


def _toml_files(_context: Any, incomplete: str) -> Iterator[_Item]:
    """Yield the `.toml` files of the directory; if none fits, the shell completes all files and directories."""
    directory = incomplete[: incomplete.rfind("/") + 1]
    for path in sorted(Path(directory or ".").glob("*.toml")):
        if _PLAIN.fullmatch(path.name) and path.is_file():
            yield _Item(directory + path.name)


def _named_files(context: Any, incomplete: str) -> Iterator[_Item]:
    """Yield the files that targets name, absolute or relative as the person has begun."""
    from ciphertool.settings.targets import named_files

    start = "./" if incomplete.startswith("./") else ""
    for named in named_files(_settings(context)).files:
        path = str(named.path.absolute()) if incomplete.startswith("/") else start + os.path.relpath(named.path)
        if _PLAIN.fullmatch(path):
            yield _Item(path)


_Values = Callable[[Any, str], Iterable[_Item]]
_VALUES: dict[str, _Values] = {
    "config": _toml_files,
    "key_alias": _key_aliases,
    "check alias": _key_aliases,
    "export alias": _key_aliases,
    "csr alias": _key_aliases,
    "get alias": _aliases,
    "set alias": _aliases,
    "remove aliases": _aliases,
    "add name": _recipients,
    "remove name": _recipients,
    "encrypt secret_alias": _aliases,
    "decrypt secret_alias": _aliases,
    "run env": _variables,
    "protect only": _named_files,
    "check only": _named_files,
    "resolve file": _named_files,
    "explain rule": _rules,
    "resolve format": _formats,
    "run format": _formats,
}
"""By parameter, or by command and parameter."""
