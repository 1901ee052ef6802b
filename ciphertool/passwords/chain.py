"""Passwords, what a source of them is, and the chain in which sources are asked. Knows no place where they may be."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from ciphertool.errors import NoPasswordError
from ciphertool.secret import repr_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Sequence
    from pathlib import Path


class Passwords:
    """The keystore's password and the key's own, None if that is the same.

    `exposed` is the file that they came from, if everybody on the machine can read it: a reason to warn.
    """

    # No tuple, which would be unpacked, formatted or dumped without a thought.
    __slots__ = ("exposed", "key", "keystore")
    __hash__ = None  # type: ignore[assignment]  # nor a hash of a password

    def __init__(self, keystore: str, key: str | None = None, exposed: Path | None = None) -> None:
        self.keystore = keystore
        self.key = key
        self.exposed = exposed

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Passwords):
            return NotImplemented
        return (self.keystore, self.key, self.exposed) == (other.keystore, other.key, other.exposed)

    def __repr__(self) -> str:
        return repr_of(self, "exposed")

    @property
    def for_key(self) -> str:
        """The password that opens the key."""
        return self.keystore if self.key is None else self.key


class PasswordSource(Protocol):
    """One place where passwords may be. Asked at most once in a run.

    Settings that were found, and not named, may have only those with a property `files`: the files that it reads, all
    that it reaches beside variables of the environment.
    """

    @property
    def name(self) -> str:
        """How messages name it."""

    @property
    def variables(self) -> Collection[str]:
        """The environment variables that it reads, passwords or the way to them: no program that is run gets them."""

    def read(self) -> Passwords | None:
        """Return the passwords, or None if it has none; raise `PasswordSourceError` if it is there and useless."""


class PasswordChain:
    """Sources in the order in which they are asked, when a password is first needed; the first that has one wins.

    Both passwords come from one source, so that nobody's key password is tried on somebody else's keystore.
    """

    def __init__(self, sources: Sequence[PasswordSource]) -> None:
        self._sources = tuple(sources)
        # No `cached_property`: before Python 3.12 it holds a lock that a forked child would find held for ever.
        self._given: Passwords | None = None
        self._asked_all_but_people = False

    @property
    def variables(self) -> frozenset[str]:
        """The environment variables that any of the sources reads."""
        return frozenset(name for source in self._sources for name in source.variables)

    def read(self) -> Passwords:
        """Return the passwords, the same at every call, or raise `NoPasswordError`."""
        passwords = self.read_unasked() or self._first(s for s in self._sources if isinstance(s, Prompt))
        if passwords is None:
            raise NoPasswordError(source.name for source in self._sources)
        self._given = passwords
        return passwords

    def read_unasked(self) -> Passwords | None:
        """Return the passwords that are there without asking a person, or None."""
        if self._given is None and not self._asked_all_but_people:
            self._given = self._first(source for source in self._sources if not isinstance(source, Prompt))
            self._asked_all_but_people = True
        return self._given

    def _first(self, sources: Iterable[PasswordSource]) -> Passwords | None:
        return next((found for source in sources if (found := source.read()) is not None), None)


class Prompt:
    """A person. `ask` returns what was typed, or None if there is no terminal."""

    name = "a prompt on the terminal"
    variables = ()

    def __init__(self, ask: Callable[[], str | None]) -> None:
        self._ask = ask

    def read(self) -> Passwords | None:
        """Return the keystore password that was typed; the key's is taken to be the same."""
        typed = self._ask()
        return None if typed is None else Passwords(typed)
