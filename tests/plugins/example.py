"""Plug-ins as another distribution would offer them, and the same ones broken."""

from __future__ import annotations

import base64
import json
import multiprocessing
import os
import threading
import time
from typing import TYPE_CHECKING, ClassVar, NoReturn

from ciphertool import ciphertext
from ciphertool.errors import (
    ConfigSyntaxError,
    ConflictError,
    MalformedCiphertextError,
    UnrepresentableValueError,
    WriteError,
    WrongKeystorePasswordError,
)
from ciphertool.keystore.entries import ClearKey, EntryKind, KeyEntry, StoreContent
from ciphertool.passwords import Passwords
from ciphertool.repository import Clear, Encrypted, Malformed
from ciphertool.repository import SecretEntry as StoredEntry
from ciphertool.repository.document import DocumentRepository
from ciphertool.rewriters.env import EnvDocument, EnvRewriter
from ciphertool.secret import Secret
from ciphertool.storage.base import StoredBytes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

    from ciphertool.ciphertext import Ciphertext
    from ciphertool.files import Snapshot
    from ciphertool.repository import Stored
    from ciphertool.rewriters.base import Change
    from ciphertool.storage.base import Version

CANARY = "c4n4ry-plug-in"


class Grammar:
    """A ciphertext as it stands, a value in clear after an exclamation mark."""

    kind = "json-vault"
    encoding = "utf-8"
    hint = "a JSON vault holds ENC[…], or !plaintext"
    clear_is_readable = False

    def read(self, text: str) -> Stored:
        if text.startswith("!"):
            return Clear(Secret(text[1:]))
        try:
            return Encrypted(ciphertext.parse_native(text))
        except MalformedCiphertextError as error:
            return Malformed(error.reason)

    def write(self, value: Ciphertext) -> str:
        return str(value)


class JsonRepository(DocumentRepository):
    """The object `secrets` of a JSON file, whose other members are not its own."""

    def __init__(self, snapshot: Snapshot) -> None:
        super().__init__(snapshot, Grammar())
        try:
            self._document = json.loads(snapshot.bytes or b"{}")
        except ValueError:
            raise ConfigSyntaxError("not JSON").at(snapshot.path) from None
        self._members: dict[str, str] = self._document.get("secrets", {})

    @property
    def entries(self) -> Mapping[str, StoredEntry]:
        return {a: StoredEntry(self._grammar.read(text), n) for n, (a, text) in enumerate(self._members.items(), 2)}

    def rewritten(self, changes: Mapping[str, str | None]) -> bytes:
        members = {alias: text for alias, text in {**self._members, **changes}.items() if text is not None}
        return json.dumps({**self._document, "secrets": members}, indent=1).encode()


class BareRepository(JsonRepository):
    """It has a ciphertext that anybody could have put together."""

    @property
    def entries(self) -> Mapping[str, StoredEntry]:
        return {"a": StoredEntry(Encrypted(ciphertext.Bare(bytes(256))), 1)}


def _nothing() -> None:
    pass


class MemoryStorage:
    """The bytes of vaults by their names, as an engine has them for every machine."""

    held: ClassVar[dict[str, StoredBytes]] = {}
    """What each vault holds; a version is a number."""
    before: ClassVar[Callable[[], None]] = _nothing
    after: ClassVar[Callable[[], None]] = _nothing
    """What happens before and after the bytes of a vault are replaced."""
    _changing = threading.RLock()

    def __init__(self, root: Path, *, vault: str, token: str = "", closed: bool = False) -> None:
        self._root, self._vault, self._token, self._closed = root, vault, token, closed

    @property
    def name(self) -> str:
        return f"memory {self._vault} at https://memory.example/v1"

    def read(self) -> StoredBytes:
        return self.held.get(self._vault, StoredBytes(b"", None))

    def replace(self, data: bytes, before: Version | None) -> Version:
        type(self).before()
        if (obstacle := self.obstacle()) is not None:
            raise obstacle
        with self._changing:
            version = self.read().version
            if version != before:
                raise ConflictError("somebody else has written", path=self.name)
            new = 1 if version is None else int(str(version)) + 1
            self.held[self._vault] = StoredBytes(data, new)
        type(self).after()
        return new

    def changed(self, since: Version | None, timeout: float) -> bool:
        deadline = time.monotonic() + timeout
        while self.read().version == since and time.monotonic() < deadline:
            time.sleep(0.01)
        return self.read().version != since

    def obstacle(self) -> WriteError | None:
        return WriteError("is closed", path=self.name) if self._closed else None


def read_keystore(data: bytes, password: str | None, path: Path) -> StoreContent:
    """Read `{"password": …, "key": base64 of PKCS #8, "certificate": base64 of DER}`, a format for a test alone."""
    members = json.loads(data)
    if password is not None and password != members["password"]:
        raise WrongKeystorePasswordError
    key, certificate = (base64.b64decode(members[name]) for name in ("key", "certificate"))
    return StoreContent(
        [KeyEntry(path.stem, EntryKind.KEY, (certificate,), sealed=ClearKey(key))], password is not None
    )


class Fixed:
    """A source that has what its table says."""

    name = "a table"

    def __init__(self, *, value: str) -> None:
        self._value = value

    def read(self) -> Passwords | None:
        return Passwords(self._value)


class Format(EnvRewriter):
    name = "example-env"


class NarrowDocument(EnvDocument):
    def edits(self, changes: Sequence[Change]) -> NoReturn:
        raise UnrepresentableValueError(changes[0].site.selector, "it is narrow")


class Narrow(EnvRewriter):
    """A format that can hold no reference."""

    name = "narrow"

    def parse(self, data: bytes) -> EnvDocument:
        document = super().parse(data)
        return NarrowDocument(document.source, document.entries)


class Deadly(EnvRewriter):
    """Ends every process that uses it, but the first."""

    name = "deadly"

    def parse(self, data: bytes) -> EnvDocument:
        if multiprocessing.parent_process() is not None:
            os._exit(1)
        return super().parse(data)


# --- broken: what they raise quotes what they were given --------------------------------------------------------------


def fails(*_: object, **__: object) -> NoReturn:
    raise RuntimeError(CANARY)


class FailsToParse(EnvRewriter):
    def parse(self, data: bytes) -> NoReturn:
        raise RuntimeError(f"{CANARY}{data!r}")


class FailsToRead(Fixed):
    def read(self) -> NoReturn:
        raise RuntimeError(CANARY)


class FailsToReadStorage(MemoryStorage):
    def read(self) -> NoReturn:
        raise RuntimeError(f"{CANARY}{self._token}")


class FailsToList(JsonRepository):
    @property
    def entries(self) -> NoReturn:
        raise RuntimeError(CANARY)


class FailsToUpdate(JsonRepository):
    def rewritten(self, changes: Mapping[str, str | None]) -> NoReturn:
        raise RuntimeError(f"{CANARY}{changes}")


class _BadlySealed:
    def unseal(self, password: str | None) -> NoReturn:
        raise RuntimeError(f"{CANARY}{password}")


def read_badly_sealed(data: bytes, password: str | None, path: Path) -> StoreContent:
    entry = read_keystore(data, password, path).entries[0]
    return StoreContent([KeyEntry(entry.alias, entry.kind, entry.chain, sealed=_BadlySealed())], verified=True)
