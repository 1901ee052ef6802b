"""A filter for `logging` that masks secret values in records. Independent of vaults: the caller passes the values."""

from __future__ import annotations

import logging
import os
import threading
import traceback
from typing import TYPE_CHECKING, Any

from ciphertool.redaction.masking import Masker

if TYPE_CHECKING:
    from collections.abc import Collection


class Redactor(logging.Filter):
    """Masks every value of a growing collection in all parts of a record: message, arguments, extras, tracebacks.

    Add it to handlers, so that it sees the records of all loggers. Values under four characters are not masked, nor are
    local variables, which some handlers show with a traceback.
    """

    def __init__(self, values: Collection[str]) -> None:
        super().__init__()
        self._values = values
        self._known: set[str] = set()
        self._count = 0
        self._masker = Masker(())
        self._lock, self._process = threading.RLock(), os.getpid()

    def filter(self, record: logging.LogRecord) -> bool:
        """Mask the record in place; always let it pass."""
        if len(self._values) != self._count:
            self._learn()
        self._mask_message(record)
        if record.exc_info and not record.exc_text:
            text = "".join(traceback.format_exception(*record.exc_info)).rstrip("\n")
            masked = self._masker.mask(text)
            if masked != text:
                # A handler that formats the exception again would show the value.
                record.exc_info, record.exc_text = None, masked
        for name, value in record.__dict__.items():
            if name not in ("msg", "args", "exc_info"):
                record.__dict__[name] = self._redacted(value)
        return True

    def _learn(self) -> None:
        if self._process != os.getpid():  # after a fork, the thread that held the lock is gone
            self._lock, self._process = threading.RLock(), os.getpid()
        with self._lock:
            count = len(self._values)
            new = [value for value in self._values if value not in self._known]
            self._masker.add(new)
            self._known.update(new)
            self._count = count  # only now: a record of another thread must not pass before they are masked

    def _mask_message(self, record: logging.LogRecord) -> None:
        try:
            text = record.getMessage()
        except Exception:  # noqa: BLE001 - logging would print the arguments of a message that it cannot format
            text = f"{record.msg!r} {record.args!r}"
            record.msg, record.args = self._masker.mask(text), ()
            return
        masked = self._masker.mask(text)
        if masked != text:
            record.msg, record.args = masked, ()
        elif record.args:
            record.args = self._redacted(record.args)

    def _redacted(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._masker.mask(value)
        if isinstance(value, dict):
            return {key: self._redacted(item) for key, item in value.items()}
        if isinstance(value, list | tuple) and type(value) in (list, tuple):
            return type(value)(self._redacted(item) for item in value)
        return value
