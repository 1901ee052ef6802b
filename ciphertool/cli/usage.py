"""What a command line gets wrong, in the program's own words, which quote no argument: any one may be a secret."""

from __future__ import annotations

import difflib
import re
import sys
from typing import TYPE_CHECKING, Any

from ciphertool.cli import console
from ciphertool.cli.misuse import Misuse

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ciphertool.errors import UnknownAliasError

USAGE = 2
_NOT_STARTED = 125
_CHANGE = "`ciphertool set ALIAS` changes a value, `ciphertool edit FILE` those of a file in your editor"
_ADD = "`ciphertool add FILE SELECTOR` protects a value of a file, `ciphertool set ALIAS` adds one to the vault alone"
_RESTORE = (
    "`ciphertool resolve FILE --output COPY` writes a file as it was before it was protected; "
    "`ciphertool unprotect` puts the secrets back into the file itself"
)
_ROTATE = "`ciphertool rotate` encrypts a vault anew, with --to for another keystore"
_LIST = "`ciphertool list` lists the vault's secrets, `ciphertool audit` everything that is protected and what is not"
_REMOVE = "`ciphertool remove ALIAS` removes a secret that nothing refers to"
_ELSEWHERE = {
    "version": "`ciphertool --version` shows it",
    "help": "`ciphertool --help` lists the commands, `ciphertool COMMAND --help` explains one",
    **dict.fromkeys(("change", "update"), _CHANGE),
    **dict.fromkeys(("new", "create", "insert"), _ADD),
    **dict.fromkeys(("restore", "view", "cat"), _RESTORE),
    **dict.fromkeys(("rekey", "updatekeys", "reencrypt"), _ROTATE),
    **dict.fromkeys(("ls", "status"), _LIST),
    **dict.fromkeys(("mv", "move"), "`ciphertool rename ALIAS NEW` renames an alias wherever it is named"),
    **dict.fromkeys(("rm", "delete", "unset"), _REMOVE),
    "exec": "`ciphertool run -- COMMAND` runs a command with its secrets",
    "scan": "`ciphertool audit` looks for secrets in clear",
    "keygen": "`ciphertool keystore create` makes a keystore, `ciphertool init` a vault with one",
    "verify": "`ciphertool check` resolves every reference, `ciphertool keystore check` checks a keystore",
}
"""What people type who know other tools, and how it is done here."""


def unknown_command(word: str, known: Iterable[str], *, nested: bool) -> Misuse:
    """Return the error for a word that is not a command; only words of our own are quoted."""
    if not nested and word in _ELSEWHERE:
        return Misuse(f"there is no command `{word}`", _ELSEWHERE[word])
    return Misuse("there is no such command", _nearest(word, known) or "--help lists the commands")


def hide_alias(error: UnknownAliasError, known: Iterable[str]) -> None:
    """Take an alias from the command line out of its error; the hint has the nearest one that there is."""
    error.message = error.message.replace(f"alias {error.alias!r}", "alias")
    error.hint = _nearest(error.alias, known) or "`ciphertool audit` lists references and secrets"


def report(error: Any) -> int:
    """Report what is wrong with a command line; return the exit status."""
    context = getattr(error, "ctx", None)
    if type(error).__name__ == "NoArgsIsHelpError":
        sys.stderr.write(f"{error.message}\n")
        return USAGE
    message, hint = _explain(error)
    hint = hint or (f"`{context.command_path} --help` shows how to use it" if context else "")
    status = _NOT_STARTED if context is not None and context.info_name == "run" else USAGE
    console.show_misuse(message, hint, status)
    return status


def _explain(error: Any) -> tuple[str, str]:
    """Return the message and the hint of one of Click's errors, by what it is about and not by what it says."""
    name, parameter = type(error).__name__, getattr(error, "param", None)
    if isinstance(error, Misuse):
        return error.message, error.hint
    if name == "NoSuchOption":
        known = [option for one in error.ctx.command.params for option in one.opts] if error.ctx else []
        return "there is no such option", _nearest(error.option_name, known)
    if name == "BadOptionUsage":  # its name is that of an option which exists
        does = "takes no value" if "does not take" in error.message else "needs a value"
        return f"{error.option_name} {does}", ""
    if name == "MissingParameter" and parameter is not None:
        return f"{_name(parameter)} is missing", ""
    if parameter is not None:
        return _rejected(parameter, error.message)
    if name == "UsageError" and "Missing command" in error.message:
        return "no command is named", "`ciphertool --help` lists the commands"
    if name == "UsageError":
        return "this is not a command line that ciphertool understands", ""
    return error.message, ""


def _rejected(parameter: Any, message: str) -> tuple[str, str]:
    kind = parameter.type
    if choices := [str(getattr(choice, "value", choice)) for choice in getattr(kind, "choices", ())]:
        typed = re.search(r"'([^']*)'", message)
        return f"{_name(parameter)} must be one of {', '.join(choices)}", _nearest(typed[1] if typed else "", choices)
    least = getattr(kind, "min", None)
    if least is not None or "int" in kind.name:
        return f"{_name(parameter)} must be a whole number{'' if least is None else f' of at least {least}'}", ""
    return f"{_name(parameter)} has a value that cannot be used", ""


def _name(parameter: Any) -> str:
    if parameter.param_type_name == "argument":
        return str(parameter.human_readable_name)
    return str(max(parameter.opts, key=len))


def _nearest(word: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(word, list(known), 1)
    return f"did you mean {close[0]}?" if close else ""
