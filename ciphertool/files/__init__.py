"""Files, read and written safely enough for a production server's configuration. Independent of their content."""

from ciphertool.files.appending import append
from ciphertool.files.destinations import Audience, destination, lies_in, make_directory, obstacle
from ciphertool.files.locking import lock
from ciphertool.files.passing import COPIES, JOURNAL, is_passing, remove_leftovers, replaced
from ciphertool.files.snapshots import PRIVATE, Facts, Snapshot, read, read_if_there, size, stamp
from ciphertool.files.writing import Write, remove, write_all

__all__ = [
    "COPIES",
    "JOURNAL",
    "PRIVATE",
    "Audience",
    "Facts",
    "Snapshot",
    "Write",
    "append",
    "destination",
    "is_passing",
    "lies_in",
    "lock",
    "make_directory",
    "obstacle",
    "read",
    "read_if_there",
    "remove",
    "remove_leftovers",
    "replaced",
    "size",
    "stamp",
    "write_all",
]
