"""A source of passwords that another distribution offers."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ciphertool import plugins
from ciphertool.errors import PluginError

if TYPE_CHECKING:
    from ciphertool.passwords.chain import Passwords, PasswordSource

ENTRY_POINTS = "ciphertool.passwords"
"""The entry-point group of sources: each a callable that takes its table's other keys by name."""


@dataclass(frozen=True)
class PluginSource:
    """A plug-in's source. Unexpected exceptions become a `PluginError`."""

    kind: str
    source: PasswordSource = field(repr=False)

    @property
    def name(self) -> str:
        """The source's name in messages."""
        return f"the plug-in {self.kind}"

    @property
    def variables(self) -> tuple[str, ...]:
        """The variables that the source declares to read; none if it declares none."""
        with plugins.guarded(ENTRY_POINTS, self.kind):
            declared = getattr(self.source, "variables", ())
            if not isinstance(declared, str):
                names = tuple(declared)
                if all(isinstance(name, str) for name in names):
                    return names
        raise PluginError(ENTRY_POINTS, self.kind, "its `variables` are not names of environment variables")

    def read(self) -> Passwords | None:
        """Return what the source returns."""
        with plugins.guarded(ENTRY_POINTS, self.kind):
            return self.source.read()
