"""A serialised Java object skipped over, as JCEKS stores hold one for each secret key. Its content is of no use here.

The libraries that build such an object take 50 times its size in memory.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ciphertool.keystore.limits import MAX_DEPTH

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ciphertool.keystore.javadata import DataInput

_STREAM_HEADER = b"\xac\xed\x00\x05"
_NULL, _REFERENCE, _CLASS, _OBJECT, _STRING, _ARRAY = range(0x70, 0x76)
_BLOCK_DATA, _END_BLOCK_DATA = 0x77, 0x78
_FIRST_HANDLE = 0x7E0000
_WRITE_METHOD, _SERIALIZABLE, _EXTERNALIZABLE = 1, 2, 4
_SIZES = {"B": 1, "C": 2, "D": 8, "F": 4, "I": 4, "J": 8, "S": 2, "Z": 1}
_MAX_FIELDS = 100


@dataclass(frozen=True, slots=True)
class _Class:
    name: str
    flags: int
    fields: Sequence[str]
    """The type code of each field."""
    parent: _Class | None


def skip(source: DataInput) -> None:
    """Move the cursor behind the object that begins there; raise `MalformedKeystoreError` where none does."""
    if source.take(4) != _STREAM_HEADER:
        raise source.budget.malformed("a secret key that is no serialised object")
    _Skipper(source).content(0)


class _Skipper:
    """One stream: the cursor, and what later parts refer back to."""

    def __init__(self, source: DataInput) -> None:
        self._source = source
        self._handles: list[_Class | None] = []

    def content(self, depth: int) -> int:
        """Skip one content; return its type code."""
        source = self._source
        source.budget.element()
        if depth > MAX_DEPTH:
            raise source.budget.malformed(f"an object nested deeper than {MAX_DEPTH}")
        code = source.number(1)
        if code == _OBJECT:
            self._object(depth)
        elif code == _ARRAY:
            self._array(depth)
        elif code == _STRING:
            self._handles.append(None)
            source.take(source.number(2))
        elif code == _REFERENCE:
            source.take(4)
        elif code == _BLOCK_DATA:
            source.take(source.number(1))
        elif code not in (_NULL, _END_BLOCK_DATA):
            raise source.budget.malformed(f"an object with a part of unknown kind {code:#x}")
        return code

    def _object(self, depth: int) -> None:
        described = self._class(depth + 1)
        self._handles.append(None)
        lineage = []
        while described is not None:
            lineage.append(described)
            described = described.parent
        for ancestor in reversed(lineage):
            for code in ancestor.fields:
                self._value(code, depth)
            if ancestor.flags & _WRITE_METHOD:
                self._annotation(depth)

    def _array(self, depth: int) -> None:
        described = self._class(depth + 1)
        self._handles.append(None)
        if described is None or len(described.name) < 2:
            raise self._source.budget.malformed("an array of nothing")
        code, length = described.name[1], self._source.number(4)
        if code in _SIZES:
            self._source.take(length * _SIZES[code])
            return
        for _ in range(length):
            self._value(code, depth)

    def _value(self, code: str, depth: int) -> None:
        if code in _SIZES:
            self._source.take(_SIZES[code])
        else:
            self.content(depth + 1)

    def _class(self, depth: int) -> _Class | None:
        source = self._source
        source.budget.element()
        code = source.number(1)
        if code == _NULL:
            return None
        if code == _REFERENCE:
            handle = source.number(4) - _FIRST_HANDLE
            if not 0 <= handle < len(self._handles) or self._handles[handle] is None:
                raise source.budget.malformed("an object that refers to a class that is not there")
            return self._handles[handle]
        if code != _CLASS or depth > MAX_DEPTH:
            raise source.budget.malformed("an object without its class")
        name, _, place = source.text(), source.take(8), len(self._handles)
        self._handles.append(None)
        flags, length = source.number(1), source.number(2)
        if flags & _EXTERNALIZABLE or length > _MAX_FIELDS:
            raise source.budget.malformed("an object of a class that no secret key has")
        fields = [self._field(depth) for _ in range(length)]
        self._annotation(depth)
        described = _Class(name, flags, fields, self._class(depth + 1))
        self._handles[place] = described
        return described

    def _field(self, depth: int) -> str:
        code = chr(self._source.number(1))
        self._source.text()
        if code not in _SIZES:
            self.content(depth + 1)
        return code

    def _annotation(self, depth: int) -> None:
        while self.content(depth + 1) != _END_BLOCK_DATA:
            pass
