"""A table of settings, read key by key. Independent of what a key means."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ciphertool.errors import ConfigError, FoundSettingsError
from ciphertool.nearest import did_you_mean

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.errors import CipherToolError


class Table:
    """One table, read key by key; problems are collected, and `finish` reports keys that were not read as unknown."""

    def __init__(self, name: str, content: object, problems: list[CipherToolError], path: Path) -> None:
        self._name, self._problems, self._path = name, problems, path
        self._content: dict[str, Any] = {}
        self._known: set[str] = set()
        if isinstance(content, dict):
            self._content = dict(content)
        else:
            self.problem("", "must be a table")

    def problem(self, key: str, reason: str, hint: str = "") -> None:
        """Note that a key, or the table itself (""), is wrong."""
        where = f"[{self._name}] {key}".strip() if self._name else key
        self._problems.append(ConfigError(f"{where} {reason}", path=self._path, hint=hint))

    def _pop(self, key: str, default: Any) -> Any:
        self._known.add(key)
        return self._content.pop(key, default)

    def refuse(self, what: str) -> None:
        """Note that something works only if a person named the settings."""
        reason = "works only from a configuration that is named"
        self._problems.append(FoundSettingsError(f"[{self._name}] {what}", reason, self._path))

    def _take(self, key: str, kind: type, description: str, default: Any) -> Any:
        value = self._pop(key, default)
        if value is default:
            return default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)) or value == "":
            self.problem(key, f"must be {description}")
            return default
        return value

    def text(self, key: str, default: str | None = None) -> str | None:
        """Take a string that is not empty."""
        value: str | None = self._take(key, str, "a non-empty string", default)
        if value is not None and "\0" in value:
            self.problem(key, "must not hold a NUL character")
            return default
        return value

    def required(self, key: str) -> str:
        """Take a string that must be there."""
        value = self.text(key)
        if value is None and not any(key in str(p) for p in self._problems):
            self.problem(key, "is missing")
        return value or ""

    def texts(self, key: str) -> tuple[str, ...]:
        """Take a list of strings that must be there and not be empty."""
        value = self._pop(key, None)
        if not isinstance(value, list) or not value or not all(isinstance(item, str) and item for item in value):
            self.problem(key, "must be a list of non-empty strings")
            return ()
        return tuple(value)

    def names(self, key: str) -> tuple[str, ...]:
        """Take a list of names of environment variables, by default empty."""
        value = self._pop(key, [])
        if not isinstance(value, list) or not all(isinstance(n, str) and n and not set(n) & {"=", "\0"} for n in value):
            self.problem(key, "must be a list of names of environment variables")
            return ()
        return tuple(value)

    def rest(self) -> dict[str, Any]:
        """Take all remaining keys."""
        content, self._content = self._content, {}
        return content

    def flag(self, key: str) -> bool:
        """Take a boolean, by default False."""
        value: bool = self._take(key, bool, "true or false", False)
        return value

    def number(self, key: str, default: int) -> int:
        """Take a whole number."""
        value: int = self._take(key, int, "a whole number", default)
        return value

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> str:
        """Take one of several words."""
        value = self.text(key, default) or default
        if value not in choices:
            self.problem(key, f"must be one of {', '.join(choices)}")
            return default
        return value

    def table(self, key: str) -> Table:
        """Take a table."""
        name = f"{self._name}.{key}" if self._name else key
        return Table(name, self._pop(key, {}), self._problems, self._path)

    def tables(self, key: str) -> list[Table]:
        """Take an array of tables."""
        content = self._pop(key, [])
        if not isinstance(content, list):
            self.problem(key, f"must be written [[{key}]]")
            return []
        return [Table(f"{key} {n}", item, self._problems, self._path) for n, item in enumerate(content, 1)]

    def finish(self) -> None:
        """Note every key that nobody took."""
        for key in self._content:
            self.problem(key, "is not known here", did_you_mean(key, self._known))
