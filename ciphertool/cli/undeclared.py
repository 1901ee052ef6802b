"""What `protect` and `check` report if nothing is declared: what is in clear, and how to declare it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from ciphertool.cli import console
from ciphertool.cli.options import cores

if TYPE_CHECKING:
    from ciphertool.settings import Settings

_IN_A_HOME = "docs/carbon.md says how a home declares its secrets; `ciphertool audit --home {}` lists what is in clear"
_IN_SETTINGS = "`ciphertool audit --config {0} --write-targets >> {0}` proposes targets for them"


def report(settings: Settings) -> int:
    """Report that no target was found, and how many values in clear an audit lists; return the exit status.

    It audits the directory alone, without keystore or password.
    """
    from ciphertool import audit
    from ciphertool.audit.model import SiteState

    with console.progress() as progress:
        options = audit.Options(processes=cores(), progress=progress)
        found = audit.audit([audit.Subject(settings.root)], now=datetime.now(UTC), options=options)
    where = console.display_path(settings.origin)
    clear = [value for value in found.values if value.state is SiteState.UNPROTECTED]
    console.say("warning", f"nothing is declared: {where} names no value of a file, and the vault holds none")
    if not clear:
        console.say("note", f"an audit of {found.files} files lists no value in clear")
        return 0
    paths = len({value.place.path for value in clear})
    console.say("warning", f"an audit lists {len(clear)} in clear, in {paths} of {found.files} files")
    console.say("hint", (_IN_SETTINGS if settings.native else _IN_A_HOME).format(where))
    return console.FINDINGS
