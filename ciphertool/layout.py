"""How text fits a width: what is too long loses its middle. What is shown is decided elsewhere."""

from __future__ import annotations


def shortened(path: str, width: int) -> str:
    """Return a path that is too long without its middle; of the file's name as much as there is room for."""
    if len(path) <= width:
        return path
    tail = min(len(path.rpartition("/")[2]) + 1, width * 3 // 4)
    tail = max(tail, width // 2)
    return f"{path[: width - tail - 1]}…{path[-tail:]}"
