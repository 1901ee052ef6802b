"""The contract of storages, as a suite for those who write one."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, ClassVar

import pytest

from ciphertool.errors import ConflictError, WriteError

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.storage.base import Storage

_CANARY = "c4n4ry-7d1f"


class StorageContract:
    """What every storage guarantees. Subclass as `class TestX(StorageContract)` and define `open`."""

    credentials: ClassVar[tuple[str, ...]] = ()
    """What `open` gives the storage to log in with, and no message may show."""
    writers: ClassVar[int] = 4
    rounds: ClassVar[int] = 8
    """How many threads write at the same time, and how often each."""

    def open(self, place: Path) -> Storage:
        """Return a storage for one test; `place` is an empty directory of its own.

        Another call with the same directory returns another one for the same bytes, as another program has it.
        """
        raise NotImplementedError

    def open_obstructed(self, place: Path) -> Storage | None:
        """Return a storage that holds something and cannot be written; None if there is no such case."""
        raise NotImplementedError

    def test_nothing_is_no_version(self, tmp_path: Path) -> None:
        storage = self.open(tmp_path)
        assert storage.read() == (b"", None)
        assert storage.obstacle() is None
        assert storage.changed(None, 0) is False

    def test_bytes_come_back_as_they_are(self, tmp_path: Path) -> None:
        storage, version = self.open(tmp_path), None
        for data in (b"a=1\r\n", b"", bytes(range(256)) * 4096, b"\n"):
            version = storage.replace(data, version)
            assert version is not None
            assert self.open(tmp_path).read() == storage.read() == (data, version)

    def test_only_what_was_read_is_replaced(self, tmp_path: Path) -> None:
        mine, other = self.open(tmp_path), self.open(tmp_path)
        first = mine.replace(b"first", None)
        with pytest.raises(ConflictError):
            other.replace(b"lost", None)
        second = other.replace(b"second", first)
        with pytest.raises(ConflictError):
            mine.replace(b"lost", first)
        assert mine.read() == (b"second", second)

    def test_of_writers_at_the_same_time_none_is_lost(self, tmp_path: Path) -> None:
        failures: list[BaseException] = []

        def add() -> None:
            storage = self.open(tmp_path)
            for _ in range(self.rounds):
                while True:
                    data, version = storage.read()
                    try:
                        storage.replace(b"%d" % (int(data or b"0") + 1), version)
                    except ConflictError:
                        continue
                    except BaseException as error:  # noqa: BLE001 - raised below, where pytest sees it
                        failures.append(error)
                    break

        threads = [threading.Thread(target=add) for _ in range(self.writers)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failures == []
        assert self.open(tmp_path).read().data == b"%d" % (self.writers * self.rounds)

    def test_a_change_is_noticed_and_waited_for(self, tmp_path: Path) -> None:
        storage = self.open(tmp_path)
        version = storage.replace(b"before", None)
        assert storage.changed(version, 0) is False
        assert storage.changed(None, 0) is True
        later = threading.Timer(0.2, lambda: self.open(tmp_path).replace(b"after", version))
        later.start()
        start = time.monotonic()
        assert storage.changed(version, 30) is True
        assert time.monotonic() - start < 15
        later.join()
        assert storage.changed(version, 0) is True
        assert storage.changed(storage.read().version, 0.1) is False

    def test_an_obstacle_is_known_before_writing(self, tmp_path: Path) -> None:
        storage = self.open_obstructed(tmp_path)
        if storage is None:
            pytest.skip("this storage knows of no obstacle")
        before = storage.read()
        assert isinstance(storage.obstacle(), WriteError)
        with pytest.raises(WriteError):
            storage.replace(b"other", before.version)
        assert storage.read().data == before.data

    def test_nothing_shows_a_credential_or_what_is_stored(self, tmp_path: Path) -> None:
        storage = self.open(tmp_path)
        version = storage.replace(f"a=[{_CANARY}]\n".encode(), None)
        with pytest.raises(ConflictError) as caught:
            storage.replace(b"lost", None)
        assert storage.name.isprintable()
        assert storage.name
        shown = f"{storage.name}{storage!r}{storage.read()!r}{version!r}{caught.value}{caught.value!r}"
        assert [secret for secret in (*self.credentials, _CANARY) if secret in shown] == []
