"""Searches the git history for secrets in clear that are protected today. Compares places, so it needs no key."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ciphertool import git, references
from ciphertool.audit import rules
from ciphertool.audit.model import SiteState
from ciphertool.audit.scope.reading import rewriter_of
from ciphertool.detection import harmless
from ciphertool.errors import CipherToolError
from ciphertool.findings import Level
from ciphertool.settings.targets import Reading

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from ciphertool.audit.ledger import Ledger
    from ciphertool.audit.model import Value
    from ciphertool.audit.scope.targets import Targets
    from ciphertool.plugins import Extensions
    from ciphertool.rewriters.base import Rewriter


def judge(gathered: Ledger, values: Iterable[Value], targets: Targets | None, extensions: Extensions) -> None:
    """Report each protected place that held a value in clear in an earlier version, and what is missing.

    Files are read as their targets say, in a format that may be one of `extensions`.
    """
    by_path: defaultdict[Path, dict[str, Value]] = defaultdict(dict)
    for value in values:
        if value.state is SiteState.PROTECTED and value.place.selector is not None:
            by_path[gathered.base / value.place.path][value.place.selector] = value
    gaps: defaultdict[str, list[Path]] = defaultdict(list)
    for path, places in by_path.items():
        try:
            rewriter = rewriter_of(path, targets.reading(path) if targets else Reading(), extensions)
        except CipherToolError:
            rewriter = None  # which was said when the file was judged
        if rewriter is None:
            continue
        found: defaultdict[str, list[str]] = defaultdict(list)
        history = git.history(path)
        if history.gap:
            gaps[history.gap].append(path)
        for commit, data in history.versions:
            for selector in _in_clear(rewriter, data, places):
                found[selector].append(commit)
        for selector, commits in found.items():
            value = places[selector]
            versions = f"{len(commits)} earlier version{'s' if len(commits) != 1 else ''}"
            message = f"{value.alias!r} stands in clear in {versions}, last in commit {commits[0]}"
            gathered.finding(rules.IN_HISTORY, value.place, message, stands=f"{value.alias} {commits[0]}")
    for gap, paths in gaps.items():
        files = "this file" if len(paths) == 1 else f"{len(paths)} files such as this"
        message = f"the history of {files} is not wholly judged: {gap}"
        gathered.finding(rules.UNREADABLE, gathered.place(paths[0]), message, level=Level.WARNING)


def _in_clear(rewriter: Rewriter, data: bytes, selectors: Iterable[str]) -> list[str]:
    wanted = set(selectors)
    try:
        sites = [site for site in rewriter.parse(data).sites() if site.selector in wanted]
    except CipherToolError:
        return []
    return [
        site.selector
        for site in sites
        if site.value
        and site.reference is None
        and not any(references.find(site.value))
        and not references.is_placeholder(site.value)
        and not harmless.is_example(site.value)
    ]
