"""Passwords, the interface of their sources, and the chain in which sources are tried. Contains no source itself."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

from ciphertool.errors import NoPasswordError, WrongKeyPasswordError, WrongKeystorePasswordError
from ciphertool.secret import repr_of

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
    from pathlib import Path


class Passwords:
    """The keystore's password and the key's own, None if they are the same.

    `exposed` is the file that they come from if it is world-readable: a reason to warn. `source` and `key_source` name
    where they come from, in the messages about wrong ones: a variable, a file.
    """

    # Not a tuple, which would too easily be unpacked, formatted or dumped.
    __slots__ = ("exposed", "key", "key_source", "keystore", "source")
    __hash__ = None  # type: ignore[assignment]  # nor a hash of a password

    def __init__(
        self,
        keystore: str,
        key: str | None = None,
        exposed: Path | None = None,
        *,
        source: str = "",
        key_source: str = "",
    ) -> None:
        self.keystore = keystore
        self.key = key
        self.exposed = exposed
        self.source = source
        self.key_source = key_source

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

    def name_source(self, error: WrongKeystorePasswordError | WrongKeyPasswordError) -> None:
        """Add to an error where the wrong password comes from."""
        own = isinstance(error, WrongKeyPasswordError) and self.key is not None
        error.name_source((own and self.key_source) or self.source)


class PasswordSource(Protocol):
    """One place where passwords may be. Read at most once in a run.

    Settings that were found, not named, may use only sources with a property `files`: the files that the source reads,
    which with environment variables must be all that it accesses.
    """

    @property
    def name(self) -> str:
        """The source's name in messages."""

    @property
    def variables(self) -> Collection[str]:
        """The environment variables that it reads for passwords or the way to them: withheld from started programs."""

    def read(self) -> Passwords | None:
        """Return the passwords, or None if it has none; raise `PasswordSourceError` if it exists but is unusable."""


class PasswordChain:
    """Sources in order of precedence, tried when a password is first needed; the first that has one wins.

    Both passwords come from the same source, so that no key password is tried on an unrelated keystore; a source that
    `completes` others adds the key's to the same keystore password.
    """

    def __init__(self, sources: Sequence[PasswordSource]) -> None:
        self._sources = tuple(sources)
        # Not a `cached_property`: before Python 3.12 it has a lock that might stay held for ever in a forked child.
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
        self._given = self._completed(passwords)
        return self._given

    def read_unasked(self) -> Passwords | None:
        """Return the passwords that are available without asking a person, or None."""
        if self._given is None and not self._asked_all_but_people:
            found = self._first(source for source in self._sources if not isinstance(source, Prompt))
            self._given = found and self._completed(found)
            self._asked_all_but_people = True
        return self._given

    @contextmanager
    def named(self) -> Iterator[None]:
        """Add the sources of the passwords that were read to errors about wrong ones that are raised within."""
        try:
            yield
        except (WrongKeystorePasswordError, WrongKeyPasswordError) as error:
            if self._given is not None:
                self._given.name_source(error)
            raise

    def ask_for_key(self) -> str | None:
        """Return what a person types as the password of a key that has its own; None if nobody can be asked."""
        prompts = (source for source in self._sources if isinstance(source, Prompt))
        return next((typed for prompt in prompts if (typed := prompt.ask_for_key()) is not None), None)

    def _completed(self, found: Passwords) -> Passwords:
        """Return the passwords with the key's own, if a source states it beside the same keystore password."""
        for source in self._sources if found.key is None else ():
            if getattr(source, "completes", False):
                stated = source.read()
                if stated is not None and stated.keystore == found.keystore:
                    return Passwords(
                        found.keystore, stated.key, found.exposed, source=found.source, key_source=source.name
                    )
        return found

    def _first(self, sources: Iterable[PasswordSource]) -> Passwords | None:
        for source in sources:
            if (found := source.read()) is not None:
                found.source = found.source or ("" if isinstance(source, Prompt) else source.name)
                return found
        return None


class Prompt:
    """Asks a person. `ask`, and `ask_key` for a key's own password, return what was typed, None without a terminal."""

    name = "a prompt on the terminal"
    variables = ()

    def __init__(self, ask: Callable[[], str | None], ask_key: Callable[[], str | None] = lambda: None) -> None:
        self._ask, self._ask_key = ask, ask_key

    def read(self) -> Passwords | None:
        """Return the keystore password that was typed; the key's password is assumed to be the same."""
        typed = self._ask()
        return None if typed is None else Passwords(typed)

    def ask_for_key(self) -> str | None:
        """Return the password that was typed for a key."""
        return self._ask_key()
