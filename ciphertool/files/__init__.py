"""Files, read and written as a production server's configuration has to be. Nothing here knows what a file holds."""

from ciphertool.files.destinations import Audience, destination, lies_in, make_directory, obstacle
from ciphertool.files.locking import lock
from ciphertool.files.snapshots import PRIVATE, Facts, Snapshot, read, read_if_there, size
from ciphertool.files.writing import Write, write_all

__all__ = [
    "PRIVATE",
    "Audience",
    "Facts",
    "Snapshot",
    "Write",
    "destination",
    "lies_in",
    "lock",
    "make_directory",
    "obstacle",
    "read",
    "read_if_there",
    "size",
    "write_all",
]
