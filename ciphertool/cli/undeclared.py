"""Reports values in clear that nothing declares, for `protect` and `check`, and how to declare them."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ciphertool.changes.plan import join_names
from ciphertool.cli import console
from ciphertool.cli.options import cores

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.settings import Settings

_IN_A_FILE = (
    "protect them with `ciphertool audit --home {0} --write-targets >> {0}/ciphertool.toml` "
    "and `ciphertool protect --home {0}`; uncomment the targets that are proposed with a doubt"
)
_IN_A_HOME = "docs/carbon.md says how a home declares its secrets; `ciphertool audit --home {}` lists what is in clear"
_IN_SETTINGS = "`ciphertool audit --config {0} --write-targets >> {0}` proposes targets for them"


def warn(settings: Settings, *, wanting: bool = True) -> bool:
    """Warn of what is odd in the settings' files and of what the product's own file states in clear.

    Return whether something there is in clear and no target names it; without `wanting`, that is not looked for.
    """
    from ciphertool.runtimes.registry import runtime_of

    for warning in settings.warnings:
        console.say("warning", str(warning))
    file = runtime_of(settings.kind).stated_in(settings)
    if not wanting or file is None or settings.home is None or not file.is_file():
        return False
    clear = _in_clear(settings, file)
    if clear:
        lines = join_names([str(line) for line in clear])
        count = "1 value" if len(clear) == 1 else f"{len(clear)} values"
        line = f"line{'' if len(clear) == 1 else 's'} {lines}"
        console.say("warning", f"{console.display_path(file)}: {count} in clear that no target names ({line})")
        console.say("hint", _IN_A_FILE.format(console.display_path(settings.home)))
    return bool(clear)


def _in_clear(settings: Settings, file: Path) -> list[int]:
    """Return the lines of a file's values in clear, without those in its repository."""
    from ciphertool import audit
    from ciphertool.audit.model import SiteState
    from ciphertool.detection.evidence import Evidence

    found = audit.audit([audit.Subject(file, settings)], now=datetime.now(UTC))
    clear = (value for value in found.values if value.state is SiteState.UNPROTECTED and not value.where)
    return [value.place.line or 0 for value in clear if value.evidence is not Evidence.DECLARED]


def report(settings: Settings) -> int:
    """Report that no target was found, and how many values in clear an audit lists; return the exit status.

    It audits the directory alone, without keystore or password.
    """
    from ciphertool import audit
    from ciphertool.audit.model import SiteState
    from ciphertool.runtimes.registry import runtime_of

    where = console.display_path(settings.origin)
    if settings.home is not None and (file := runtime_of(settings.kind).stated_in(settings)) is not None:
        console.say("warning", f"nothing is declared: {where} names no value of a file, and the vault holds none")
        return console.FINDINGS if _in_clear(settings, file) else 0
    with console.progress() as progress:
        options = audit.Options(processes=cores(), progress=progress)
        found = audit.audit([audit.Subject(settings.root)], now=datetime.now(UTC), options=options)
    clear = [value for value in found.values if value.state is SiteState.UNPROTECTED]
    console.say("warning", f"nothing is declared: {where} names no value of a file, and the vault holds none")
    if not clear:
        console.say("note", f"an audit of {found.files} files lists no value in clear")
        return 0
    paths = len({value.place.path for value in clear})
    console.say("warning", f"an audit lists {len(clear)} in clear, in {paths} of {found.files} files")
    console.say("hint", (_IN_SETTINGS if settings.native else _IN_A_HOME).format(where))
    return console.FINDINGS
