"""The storage that is a file keeps the contract that plug-ins are held to, and what is known of files."""

from __future__ import annotations

import os
import stat
import threading
from typing import TYPE_CHECKING

import pytest

from ciphertool import files
from ciphertool.errors import ConfigError, ConflictError, UnknownStorageError
from ciphertool.plugins import ALL_EXTENSIONS
from ciphertool.storage.file import FileStorage, content_of, snapshot_of, where_of
from ciphertool.storage.registry import STORAGES, storage_named
from ciphertool.testing import StorageContract

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.storage.base import Storage


class TestFile(StorageContract):
    def open(self, place: Path) -> Storage:
        return FileStorage(place / "vault.properties")

    def open_obstructed(self, place: Path) -> Storage:
        (place / "vault.properties").write_bytes(b"a=[x]\n")
        (place / "another name").hardlink_to(place / "vault.properties")
        return self.open(place)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "vault.properties"


def test_a_new_file_gets_the_mode_and_an_old_one_keeps_its_own(path: Path) -> None:
    storage = FileStorage(path, 0o640)
    version = storage.replace(b"1", None)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    path.chmod(0o604)
    with pytest.raises(ConflictError):
        storage.replace(b"2", version)  # the mode is a part of the state that was read
    storage.replace(b"2", storage.read().version)
    assert stat.S_IMODE(path.stat().st_mode) == 0o604


def test_the_file_behind_a_link_is_replaced_and_the_link_stays(path: Path, tmp_path: Path) -> None:
    (tmp_path / "real").write_bytes(b"1")
    path.symlink_to("real")
    storage = FileStorage(path)
    storage.replace(b"2", storage.read().version)
    assert (path.is_symlink(), (tmp_path / "real").read_bytes()) == (True, b"2")


def test_a_writer_that_holds_the_lock_of_the_directory_can_replace(path: Path) -> None:
    storage = FileStorage(path)
    with files.lock(path):
        storage.replace(b"1", None)
        refused: list[ConflictError] = []

        def lock_too() -> None:
            with pytest.raises(ConflictError) as caught, files.lock(path, seconds=0.2):
                pass
            refused.append(caught.value)

        other = threading.Thread(target=lock_too)
        other.start()
        other.join()
        with files.lock(path, seconds=0.2, again=True):
            pass
    assert [error.path for error in refused] == [path]
    with files.lock(path, seconds=0.2):
        assert storage.read().data == b"1"


def test_what_cannot_be_read_is_an_error_and_an_obstacle(path: Path) -> None:
    path.mkdir()
    with pytest.raises(ConfigError) as caught:
        FileStorage(path).read()
    assert caught.value.path == path
    obstacle = FileStorage(path).obstacle()
    assert obstacle is not None
    assert (obstacle.path, obstacle.message) == (path, caught.value.message)


def test_a_file_that_is_gone_or_touched_has_changed(path: Path) -> None:
    path.write_bytes(b"1")
    storage = FileStorage(path)
    version = storage.read().version
    os.utime(path, ns=(1, 1))
    assert storage.changed(version, 0) is True
    version = storage.read().version
    path.unlink()
    assert storage.changed(version, 0) is True
    assert storage.changed(None, 0) is False


def test_content_and_snapshots_are_the_same_thing_for_files(path: Path) -> None:
    assert snapshot_of(content_of(FileStorage(path))) == files.read_if_there(path)
    path.write_bytes(b"1")
    content, snapshot = content_of(FileStorage(path)), files.read(path)
    assert (content.where, content.path, where_of(FileStorage(path))) == (path, path, path)
    assert snapshot_of(content) == snapshot
    assert content_of(snapshot) == content
    assert snapshot_of(content._replace(data=b"2")) == snapshot._replace(data=b"2")


def test_an_unknown_storage_is_an_error_that_lists_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(UnknownStorageError) as caught:
        storage_named("nowhere", tmp_path, {}, extensions=ALL_EXTENSIONS)
    assert (caught.value.name, caught.value.known) == ("nowhere", STORAGES)
    assert caught.value.hint == "use one of file"
