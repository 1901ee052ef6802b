"""The options that every command which opens a vault shares, and what they mean."""

# Without `from __future__ import annotations`: compiling those of `VaultOptions` from strings takes 5 ms.
import functools
import inspect
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, NamedTuple, get_type_hints

import typer

from ciphertool.certificates.strictness import Policy
from ciphertool.cli import console
from ciphertool.errors import PasswordSourceError
from ciphertool.passwords.chain import PasswordChain, PasswordSource, Prompt
from ciphertool.passwords.environment import Environment
from ciphertool.settings import Overrides, Settings, load

Jobs = Annotated[
    int | None,
    typer.Option(metavar="N", min=1, help="Number of worker processes (default: up to one per core)."),
]
_VAULT = "Vault"
_TERMINAL = Path("/dev/tty")
_KEYWORD = inspect.Parameter.KEYWORD_ONLY


class VaultOptions(NamedTuple):
    """Which vault, and what the command line says over its settings."""

    config: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A ciphertool.toml or a Carbon 5 YAML file.", rich_help_panel=_VAULT),
    ] = None
    home: Annotated[Path | None, typer.Option(metavar="DIR", help="A Carbon home.", rich_help_panel=_VAULT)] = None
    keystore: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The primary keystore.", rich_help_panel=_VAULT)
    ] = None
    key_alias: Annotated[
        str | None, typer.Option(metavar="ALIAS", help="The key's alias in the keystore.", rich_help_panel=_VAULT)
    ] = None
    certificate: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="A PEM certificate; sufficient to encrypt.", rich_help_panel=_VAULT),
    ] = None
    repository: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The secret repository.", rich_help_panel=_VAULT)
    ] = None
    define: Annotated[
        list[str] | None,
        typer.Option(metavar="NAME=VALUE", help="A value for ${sys:NAME} in Carbon paths.", rich_help_panel="Carbon"),
    ] = None
    password_file: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Line 1: keystore password; line 2: key password.", rich_help_panel=_VAULT),
    ] = None
    policy: Annotated[Policy | None, typer.Option(help="Which certificates may encrypt.", rich_help_panel=_VAULT)] = (
        None
    )
    minimum_bits: Annotated[
        int | None,
        typer.Option(metavar="BITS", min=512, help="The smallest RSA key for new values.", rich_help_panel=_VAULT),
    ] = None

    def settings(self) -> Settings:
        """Return the settings of the vault that was named or is found; raise `ConfigError`."""
        if self.config is not None and self.home is not None:
            raise typer.BadParameter("--config and --home name two vaults; use only one")
        found = load(self.config or self.home, self.overrides())
        if console.volume.level > 0:
            _show(found, named=self.named)
        return found

    @property
    def named(self) -> bool:
        """Whether a vault was named, on the command line or in the environment."""
        return bool(self.config or self.home or os.environ.get("CIPHERTOOL_CONFIG"))

    def overrides(self) -> Overrides:
        """Return what the command line says over the settings."""
        pairs = [item.partition("=") for item in self.define or ()]
        if bad := [name for name, equals, _ in pairs if not equals or not name]:
            raise typer.BadParameter(f"--define must be NAME=VALUE ({len(bad)} of {len(pairs)} are not)")
        return Overrides(
            keystore=self.keystore,
            key_alias=self.key_alias,
            certificate=self.certificate,
            repository=self.repository,
            policy=self.policy,
            minimum_bits=self.minimum_bits,
            define={name: value for name, _, value in pairs},
        )

    def passwords(self, settings: Settings | None = None, of: str = "") -> PasswordChain:
        """Return where passwords come from: a file that was named, the environment, the settings' sources, a person.

        A person who is asked about several vaults is told the one that it is the password `of`.
        """
        named: tuple[PasswordSource, ...] = ()
        if self.password_file:
            from ciphertool.passwords.files import PasswordFile

            named = (PasswordFile(self.password_file),)
        sources = settings.password_sources if settings else ()
        about = f" of {of}" if of else ""
        prompt = Prompt(lambda: ask(f"Keystore password{about}"), lambda: ask(f"Key password{about}"))
        return PasswordChain((*named, Environment(), *sources, prompt))


def _show(settings: Settings, *, named: bool) -> None:
    """Say what a command is about to use."""
    from ciphertool.storage.file import where_of

    kind = "named" if named else "found"
    console.say("note", f"settings: {console.display_path(settings.origin)} ({kind}), of kind {settings.kind}")
    for what, path in (
        ("keystore", settings.keystore.path),
        ("certificate", settings.keystore.certificate),
        ("repository", where_of(settings.storage)),
    ):
        if path is not None:
            console.say("note", f"{what}: {console.display_path(path)}")


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def ask(question: str) -> str | None:
    """Ask a person for a secret on the terminal, without echo; None where there is no terminal, never a wait."""
    import getpass

    if not sys.stderr.isatty():
        return None
    try:
        with _TERMINAL.open("rb"):  # fails where the process has no terminal to ask on
            pass
        return getpass.getpass(f"{question}: ", stream=sys.stderr)
    except OSError:
        return None
    except EOFError:
        sys.stderr.write("\n")  # the prompt's line is still open
        hint = "set CIPHERTOOL_KEYSTORE_PASSWORD or use --password-file FILE" if question.endswith("password") else ""
        raise PasswordSourceError("a prompt on the terminal", "it was closed without an answer", hint=hint) from None


def confirm(question: str, *, usual: bool = False) -> bool | None:
    """Ask a person on the terminal whether to go on; None where there is no terminal, never a wait.

    An empty answer, but not the end of the input, is the `usual` one.
    """
    if not sys.stderr.isatty():
        return None
    try:
        with _TERMINAL.open("r", encoding="utf-8", errors="replace") as terminal:
            sys.stderr.write(f"{question} [{'Y/n' if usual else 'y/N'}] ")
            sys.stderr.flush()
            line = terminal.readline()
    except OSError:
        return None
    answer = line.strip().lower()
    return usual if line and not answer else answer in ("y", "yes")


def new_password() -> str | None:
    """Ask a person twice for a new password; None where there is no terminal."""
    first = ask("New keystore password")
    if first is None:
        return None
    if not first:
        raise PasswordSourceError("a prompt on the terminal", "the password is empty")
    if ask("Repeat the password") != first:
        raise PasswordSourceError("a prompt on the terminal", "the two passwords differ")
    return first


def vault_options(command: Callable[..., Any], leaving_out: frozenset[str] = frozenset()) -> Callable[..., Any]:
    """Give a command whose first parameter is a `VaultOptions` that class's fields as options of its own."""
    hints = get_type_hints(VaultOptions, include_extras=True)
    own_hints = get_type_hints(command, include_extras=True)
    _, *declared = inspect.signature(command).parameters.values()
    own = [parameter.replace(kind=_KEYWORD, annotation=own_hints[parameter.name]) for parameter in declared]
    # A command may declare one of them anew, to take several.
    left = leaving_out.union(parameter.name for parameter in own)
    names = [name for name in VaultOptions._fields if name not in left]
    shared = [inspect.Parameter(name, _KEYWORD, default=None, annotation=hints[name]) for name in names]

    @functools.wraps(command)
    def wrapper(**arguments: Any) -> Any:
        return command(VaultOptions(**{name: arguments.pop(name) for name in names}), **arguments)

    wrapper.__signature__ = inspect.Signature([*own, *shared])  # type: ignore[attr-defined]  # what Typer reads
    wrapper.__annotations__ = {parameter.name: parameter.annotation for parameter in [*own, *shared]}
    return wrapper


def opening_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Do what `vault_options` does for a command that encrypts nothing."""
    return vault_options(command, frozenset({"policy", "minimum_bits"}))


def listing_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Do what `vault_options` does for a command that neither encrypts nor decrypts."""
    keys = {"keystore", "key_alias", "certificate", "password_file", "policy", "minimum_bits"}
    return vault_options(command, frozenset(keys))
