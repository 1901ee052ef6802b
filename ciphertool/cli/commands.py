"""The commands and their lines in `--help`. A command's module is imported when the command is called."""

from __future__ import annotations

import inspect
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING, Any, NamedTuple

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from ciphertool.cli import help_text
from ciphertool.cli.misuse import Misuse

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping

HELP = {"help_option_names": ["-h", "--help"]}


class Listed(NamedTuple):
    """A command: its module below `ciphertool.cli` with the function's name, and its docstring's first sentences."""

    place: str
    summary: str


COMMANDS = {
    "init": Listed("init:init", "Create a vault: ciphertool.toml, a primary keystore (RSA-3072) and its certificate."),
    "protect": Listed("protect:protect", "Encrypt the configured secrets and replace them with references."),
    "resolve": Listed(
        "resolve:resolve", "Print a file with every reference resolved, exactly as it was before it was protected."
    ),
    "get": Listed("resolve:get", "Print one secret and nothing else."),
    "set": Listed("secrets:set_secret", "Set a secret's value: from standard input, a prompt, or at random."),
    "edit": Listed(
        "edit:edit", "Edit a file with its secrets in clear; what changed is encrypted when you leave the editor."
    ),
    "list": Listed("secrets:list_secrets", "List the vault's secrets: scheme, key, age, and where each is used."),
    "rotate": Listed("rotate:rotate", "Encrypt a whole vault anew: under new content keys, or to another key pair."),
    "remove": Listed("secrets:remove", "Remove secrets that nothing refers to."),
    "add": Listed("add:add", "Declare a value as a target in ciphertool.toml, and protect it at once."),
    "rename": Listed("rename:rename", "Rename an alias: in the vault, in the configured files and in the settings."),
    "unprotect": Listed(
        "unprotect:unprotect", "Put secrets back into configuration files, in clear, as `resolve` prints them."
    ),
    "undo": Listed("undo:undo", "Bring back the vault and the files as they were before the last command that wrote."),
    "log": Listed("log:log", "Show who changed which secret of the vault, and when."),
    "check": Listed("resolve:check", "Check that every reference in every configured file resolves."),
    "run": Listed(
        "run:run", "Run a command with references in its files and variables resolved, for that command only."
    ),
    "encrypt": Listed("encrypt:encrypt", "Encrypt one value from stdin or a prompt and print the ciphertext."),
    "decrypt": Listed("encrypt:decrypt", "Decrypt one ciphertext from stdin and print the plaintext and nothing else."),
    "audit": Listed(
        "audit:audit", "Report which secrets are protected and which are not. Needs no password and no private key."
    ),
    "explain": Listed("audit:explain", "Explain a rule of the audit: what it means and what to do."),
    "textconv": Listed(
        "audit:textconv", "Show a secret repository to `git diff`: which aliases changed, without ciphertexts."
    ),
    "recipients": Listed("recipients", "List, check, add and remove those who can read the vault."),
    "git-setup": Listed(
        "git:git_setup",
        "Set up this clone so that git merges the vault alias by alias and shows which aliases changed.",
    ),
    "merge-driver": Listed(
        "git:merge_driver", "Merge two versions of a vault, for git: alias by alias, without any key."
    ),
    "keystore": Listed("keystore", "List, check, create and change keystores and truststores."),
    "wsse": Listed("wsse", "Sign, encrypt, verify and decrypt SOAP messages by WS-Security."),
}
KEYSTORE_COMMANDS = {
    "list": Listed("keystore.look:list_entries", "List the entries of a store with details of their certificates."),
    "check": Listed("keystore.look:check", "Check a keystore against what its role needs."),
    "create": Listed(
        "keystore.make:create", "Create a keystore with a new RSA key and a self-signed certificate for its role."
    ),
    "import": Listed(
        "keystore.change:import_",
        "Import an entry from another store, or a certificate authority's reply to a signing request.",
    ),
    "export": Listed(
        "keystore.look:export", "Print an entry's certificate as PEM, and its private key only on request."
    ),
    "csr": Listed(
        "keystore.look:csr",
        "Print a certificate signing request for an entry, with the extensions that its role needs.",
    ),
    "trust": Listed("keystore.change:trust", "Add certificates to a truststore, creating it if it does not exist."),
    "delete": Listed("keystore.change:delete", "Delete an entry from a store."),
    "change-password": Listed(
        "keystore.change:change_password", "Change the password of a store and of the keys that share it."
    ),
}

RECIPIENTS_COMMANDS = {
    "list": Listed("recipients:list_recipients", "List who can read the vault. Needs no password."),
    "check": Listed("recipients:check", "Check that those whom the settings name can read the vault, and nobody else."),
    "add": Listed("recipients:add", "Let the key of another certificate read the vault."),
    "remove": Listed("recipients:remove", "Encrypt every value anew for the recipients who remain."),
}
WSSE_COMMANDS = {
    "sign": Listed("wsse:sign", "Sign the Body of a SOAP message, and a Timestamp that it gets."),
    "encrypt": Listed(
        "wsse:encrypt", "Encrypt the Body of a SOAP message for a recipient; with a keystore, sign it first."
    ),
    "verify": Listed("wsse:verify", "Verify a SOAP message, and print what was verified of it, and nothing else."),
    "decrypt": Listed(
        "wsse:decrypt", "Decrypt a SOAP message whose Body is encrypted; with a truststore, verify it too."
    ),
}
GROUPS = {"keystore": KEYSTORE_COMMANDS, "recipients": RECIPIENTS_COMMANDS, "wsse": WSSE_COMMANDS}
"""The commands of each group of commands."""


class Command(TyperCommand):
    """A command whose errors quote no argument, and that takes `--quiet` and `--verbose`."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Parse the arguments; raise `Misuse` if there are too many, or if `--config` before it is useless."""
        options = {option for parameter in self.params for option in parameter.opts}
        _promise_json(args, options & _JSON_OPTIONS if "--json" in options else ())
        rest = super().parse_args(ctx, args)
        if ctx.resilient_parsing:
            return rest
        if rest:
            many = f"{len(rest)} arguments" if len(rest) > 1 else "an argument"
            raise Misuse(f"{ctx.command_path}: {many} too many", usage_hint(self.name or ""))
        named = [option for option in ("config", "home") if ctx.find_root().params.get(option)]
        if useless := [option for option in named if option not in {parameter.name for parameter in self.params}]:
            raise Misuse(f"{ctx.command_path} opens no vault, so --{useless[0]} means nothing")
        return rest

    def invoke(self, ctx: Any) -> Any:
        """Run the command, under its name."""
        from ciphertool import running

        running.command.set(ctx.command_path.partition(" ")[2])
        return super().invoke(ctx)


class Group(TyperGroup):
    """A group of commands that does not quote what is not one of them."""

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return the command; raise `Misuse` if there is none of this name."""
        if args and args[0] not in self.commands and not args[0].startswith("-") and not ctx.resilient_parsing:
            from ciphertool.cli import usage

            _promise_json(args, {"--json"})
            raise usage.unknown_command(args[0], list(self.commands), nested=ctx.parent is not None)
        return super().resolve_command(ctx, args)


class Deferred(TyperCommand):
    """A command that has a name and a summary, and is imported when it is called."""

    def __init__(self, name: str, listed: Listed) -> None:
        super().__init__(name, short_help=help_text.inline(listed.summary))
        self.listed = listed

    def load(self) -> TyperCommand | TyperGroup:
        """Return the command itself, or the group of commands."""
        assert self.name is not None  # noqa: S101 - `__init__` sets it
        module, _, function = self.listed.place.partition(":")
        if not function:
            return Group(
                name=self.name,
                commands=deferred(GROUPS[self.name]),
                help=help_text.inline(self.listed.summary),
                context_settings=HELP,
                no_args_is_help=True,
                rich_markup_mode=help_text.markup(),
            )
        return _made(self.name, getattr(import_module(f"ciphertool.cli.{module}"), function), self.listed.place)

    def make_context(self, *arguments: Any, **extra: Any) -> Any:
        """Parse the arguments as the command itself does."""
        command = self.load()
        if extra.get("resilient_parsing"):
            from ciphertool.cli import completion

            completion.equip(command)
        return command.make_context(*arguments, **extra)


def deferred(commands: Mapping[str, Listed]) -> dict[str, Any]:
    """Return the commands of a group, none of them imported."""
    return {name: Deferred(name, listed) for name, listed in commands.items()}


_JSON_OPTIONS = {"--json", "--format", "-f"}


def _promise_json(args: list[str], options: Collection[str]) -> None:
    """Let errors be JSON too if the arguments, parsed or not, ask for JSON by one of these options of a command."""
    from ciphertool.cli import console

    own = args[: args.index("--")] if "--" in args else args
    values = [option for option in options if option != "--json"]
    spelled = {f"{option}{'=' if option.startswith('--') else ''}json" for option in values}
    apart = any(option in values and value == "json" for option, value in pairwise(own))
    console.answer.promise(("--json" in options and "--json" in own) or apart or not spelled.isdisjoint(own))


def usage_hint(name: str) -> str:
    """Return what to do instead of handing a command too many arguments."""
    if name in ("encrypt", "decrypt"):
        return "a secret is never an argument: pass it on standard input or at the prompt"
    return "its --help lists the arguments"


def output_options() -> list[TyperOption]:
    """Return the options that every command has, and the program before its command."""
    return [
        TyperOption(
            param_decls=["quiet", "--quiet", "-q"],
            is_flag=True,
            default=False,
            expose_value=False,
            callback=lambda _context, _option, wanted: _set_volume(-1, wanted=wanted),
            help="Show only warnings and errors.",
        ),
        TyperOption(
            param_decls=["verbose", "--verbose", "-v"],
            is_flag=True,
            default=False,
            expose_value=False,
            callback=lambda _context, _option, wanted: _set_volume(1, wanted=wanted),
            help="Show which settings, keystore and repository are used.",
        ),
    ]


def _set_volume(volume: int, *, wanted: bool) -> None:
    if wanted:
        from ciphertool.cli import console

        console.volume.set(volume)


def _made(name: str, function: Callable[..., Any], place: str) -> TyperCommand:
    """Return the command that Typer makes of a function."""
    own = typer.Typer(add_completion=False, rich_markup_mode=help_text.markup())
    # What stands behind the COMMAND of `run` is the command's own.
    settings = {**HELP, "allow_interspersed_args": name != "run", "allow_extra_args": True}
    text = help_text.of(inspect.getdoc(function) or "")
    own.command(name, cls=Command, help=text, epilog=help_text.statuses(place), context_settings=settings)(function)
    command = typer.main.get_command(own)
    assert isinstance(command, TyperCommand)  # noqa: S101 - an app of one command
    command.params += output_options()
    for parameter in command.params:
        if isinstance(parameter, TyperArgument | TyperOption):
            parameter.help = help_text.inline(parameter.help or "")
    return command
