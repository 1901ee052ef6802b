"""Reads `ciphertool.toml`. The file's grammar is in docs/configuration.md; every key that is not known is an error."""

from __future__ import annotations

import tomllib
from typing import TYPE_CHECKING, Any

from ciphertool import references
from ciphertool.engine.policy import Policy
from ciphertool.errors import ConfigError, ProblemsError
from ciphertool.settings.model import KeystoreSettings, Settings, Target

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.errors import CipherToolError
    from ciphertool.files import Snapshot

FILE_NAME = "ciphertool.toml"
DEFAULT_SCHEME = "RSA-OAEP-256"
CARBON_SCHEME = "RSA/ECB/OAEPwithSHA1andMGF1Padding"
KINDS = ("native", "carbon4", "carbon5", "toml-secrets")
_ALIAS_FIELDS = ("stem", "path", "key")


class _Table:
    """One table of the file, read key by key; what is wrong is collected, and what was not read is unknown."""

    def __init__(self, name: str, content: object, problems: list[CipherToolError], path: Path) -> None:
        self._name, self._problems, self._path = name, problems, path
        self._content: dict[str, Any] = {}
        if isinstance(content, dict):
            self._content = dict(content)
        else:
            self.problem("", "must be a table")

    def problem(self, key: str, reason: str) -> None:
        where = f"[{self._name}] {key}".strip() if self._name else key
        self._problems.append(ConfigError(f"{where} {reason}", path=self._path))

    def _take(self, key: str, kind: type, description: str, default: Any) -> Any:
        value = self._content.pop(key, default)
        if value is default:
            return default
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)) or value == "":
            self.problem(key, f"must be {description}")
            return default
        return value

    def text(self, key: str, default: str | None = None) -> str | None:
        value: str | None = self._take(key, str, "a non-empty string", default)
        return value

    def required(self, key: str) -> str:
        value = self.text(key)
        if value is None and not any(key in str(p) for p in self._problems):
            self.problem(key, "is missing")
        return value or ""

    def flag(self, key: str) -> bool:
        value: bool = self._take(key, bool, "true or false", False)
        return value

    def number(self, key: str, default: int) -> int:
        value: int = self._take(key, int, "a whole number", default)
        return value

    def choice(self, key: str, choices: tuple[str, ...], default: str) -> str:
        value = self.text(key, default) or default
        if value not in choices:
            self.problem(key, f"must be one of {', '.join(choices)}")
            return default
        return value

    def table(self, key: str) -> _Table:
        name = f"{self._name}.{key}" if self._name else key
        return _Table(name, self._content.pop(key, {}), self._problems, self._path)

    def tables(self, key: str) -> list[_Table]:
        content = self._content.pop(key, [])
        if not isinstance(content, list):
            self.problem(key, f"must be written [[{key}]]")
            return []
        return [_Table(f"{key} {n}", item, self._problems, self._path) for n, item in enumerate(content, 1)]

    def finish(self) -> None:
        for key in self._content:
            self.problem(key, "is not known here")


def read_config(snapshot: Snapshot) -> Settings:
    """Return what a `ciphertool.toml` says; raise `ConfigError`, or `ProblemsError` with everything that is wrong."""
    path, problems = snapshot.path, list[Any]()
    try:
        content = tomllib.loads(snapshot.bytes.decode("utf-8-sig"))
    except (UnicodeDecodeError, tomllib.TOMLDecodeError, RecursionError) as error:
        raise ConfigError(f"is not valid TOML: {_position(error)}", path=path) from None
    top = _Table("", content, problems, path)
    keystore, repository, encryption = top.table("keystore"), top.table("repository"), top.table("encryption")
    kind = repository.choice("kind", KINDS, "native")
    root = snapshot.path.absolute().parent
    settings = Settings(
        origin=path,
        root=root,
        kind=kind,
        keystore=_keystore(keystore, root),
        repository=root / repository.required("path"),
        scheme=encryption.text("scheme") or (DEFAULT_SCHEME if kind == "native" else CARBON_SCHEME),
        policy=Policy(encryption.choice("policy", tuple(p.value for p in Policy), Policy.JAVA.value)),
        minimum_bits=encryption.number("minimum_bits", 2048),
        targets=tuple(_target(table) for table in top.tables("target")),
        sibling=path,
    )
    for table in (keystore, repository, encryption, top):
        table.finish()
    if problems:
        raise problems[0] if len(problems) == 1 else ProblemsError(problems)
    return settings


def _position(error: Exception) -> str:
    """Where a TOML error is; its text is ours, since a parser may quote the line."""
    if isinstance(error, tomllib.TOMLDecodeError):
        _, _, where = str(error).rpartition("(at ")
        return f"syntax error at {where.rstrip(')')}" if where else "syntax error"
    return "not UTF-8 text" if isinstance(error, UnicodeDecodeError) else "nested too deeply"


def _keystore(table: _Table, root: Path) -> KeystoreSettings:
    path, certificate = table.text("path"), table.text("certificate")
    fingerprint = table.text("fingerprint")
    if fingerprint is not None:
        fingerprint = fingerprint.lower().removeprefix("sha256:").replace(":", "")
        if len(fingerprint) != 64 or set(fingerprint) - set("0123456789abcdef"):
            table.problem("fingerprint", "must be sha256: and 64 hexadecimal digits")
    if path is None and certificate is None:
        table.problem("path", "is missing (or certificate)")
    return KeystoreSettings(
        path=root / path if path else None,
        alias=table.text("alias"),
        certificate=root / certificate if certificate else None,
        fingerprint=fingerprint,
    )


def _target(table: _Table) -> Target:
    target = Target(
        file=table.required("file"),
        selector=table.required("selector"),
        alias=table.required("alias"),
        optional=table.flag("optional"),
        literal=table.flag("literal"),
        format=table.text("format"),
    )
    sample = target.alias
    for name in _ALIAS_FIELDS:
        sample = sample.replace(f"{{{name}}}", "x")
    if target.alias and not references.is_writable_alias(sample):
        table.problem("alias", "may hold letters, digits, . _ @ : / - and {stem}, {path}, {key}")
    table.finish()
    return target
