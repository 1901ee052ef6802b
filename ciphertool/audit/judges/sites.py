"""Judges the sites of one file: targets, references, suspects, comments. Knows only the repository's aliases."""

from __future__ import annotations

import os
from collections import defaultdict
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool import references
from ciphertool.audit import identity, rules, suppress
from ciphertool.audit.judges import named
from ciphertool.audit.model import IN_A_BACKUP, IN_A_COMMENT, IN_TEXT, REPEATED, Place, SiteState
from ciphertool.detection import comments, embedded, patterns
from ciphertool.detection.detector import Detector
from ciphertool.detection.evidence import Evidence
from ciphertool.detection.verdicts import Confidence
from ciphertool.findings import Level
from ciphertool.runtimes.base import NO_PROVIDERS, Providers

if TYPE_CHECKING:
    from collections.abc import Callable, Container, Iterable, Mapping, Sequence

    from ciphertool.audit.ledger import Ledger
    from ciphertool.audit.model import Value
    from ciphertool.audit.scope.reading import FileReading
    from ciphertool.audit.scope.targets import Declared
    from ciphertool.detection.comments import Found
    from ciphertool.detection.detector import Suspect
    from ciphertool.detection.verdicts import Verdict
    from ciphertool.references import Reference
    from ciphertool.rewriters.base import Site

_SECRETS = "secrets."  # the table of a `deployment.toml` that is its repository


@dataclass(frozen=True)
class Judge:
    """Judges files against one vault; `aliases` is None if no repository was read.

    `known` are the vault's values if there is a private key: plaintext → alias.
    """

    gathered: Ledger
    aliases: Container[str] | None
    known: Mapping[str, str] = field(default_factory=dict, repr=False)
    providers: Providers = NO_PROVIDERS
    own: Path | None = None
    """The real path of the vault's repository if it is part of a configuration file."""

    def references(self, opened: FileReading) -> None:
        """Judge only the references of a file."""
        self._allow(opened)
        selectors = opened.outline.selectors
        self._settle(opened, opened.pick({selectors[index] for index in opened.outline.marked}), {})

    def file(self, opened: FileReading, declared: Mapping[str, Sequence[Declared]]) -> None:
        """Judge every site and comment of a file; `declared` are the secrets of targets by their selector."""
        self._allow(opened)
        if not opened.is_text:
            named.judge(self.gathered, opened)
        if opened.backup:
            self._backup(opened)
            return
        if opened.problem:
            place = self.gathered.place(opened.path, opened.line)
            self.gathered.finding(rules.UNREADABLE, place, f"{opened.problem}; only looked at as text")
        selectors, detector = opened.outline.selectors, _detector(opened)
        telling = set() if opened.is_text else detector.candidates | embedded.containers(opened.outline.values)
        few = {selectors[index] for index in telling | {*opened.outline.marked}}
        sites = opened.pick(few.union(declared))
        settled = self._settle(opened, sites, declared)
        if self.known and opened.document is not None:
            self._known(opened, (site for site in opened.document.sites() if site.selector not in settled))
        own = self.own is not None and Path(os.path.realpath(opened.path)) == self.own
        rest = (site for site in sites if site.selector not in settled and not (own and site.key.startswith(_SECRETS)))
        judged = set[int]()
        for suspect in embedded.suspects(detector, () if opened.is_text else rest, opened.text, opened.relative):
            self._suspect(opened, suspect)
            if suspect.commented:
                judged.add(suspect.line)
        if opened.is_text:
            in_clear = (
                site for site in sites if any(each.reference is None for each in declared.get(site.selector, ()))
            )
            judged.update(site.line for site in in_clear)
        if opened.document is not None:
            self._shadowed(opened, detector)
        self._text(opened, judged)

    def _allow(self, opened: FileReading) -> None:
        if suppress.MARK in opened.text:
            sites = opened.document.sites() if opened.document else ()
            self.gathered.allowed[opened.relative] = suppress.allowances(opened.text, sites)

    def _settle(
        self, opened: FileReading, sites: Iterable[Site], declared: Mapping[str, Sequence[Declared]]
    ) -> set[str]:
        """Judge sites by their targets and references; return the selectors of those that need no further judging."""
        return {site.selector for site in sites if self._site(opened, site, declared.get(site.selector, ()))}

    def _known(self, opened: FileReading, sites: Iterable[Site]) -> None:
        for site in sites:
            if (alias := self.known.get(site.value)) is not None and patterns.is_distinctive(site.value):
                place = self._place(opened, site)
                message = f"the value of {alias!r} is in clear here"
                self.gathered.finding(rules.ALSO_IN_CLEAR, place, message, stands=site.value)

    def _place(self, opened: FileReading, site: Site) -> Place:
        return Place(opened.relative, site.line, site.selector)

    def _site(self, opened: FileReading, site: Site, declared: Sequence[Declared]) -> bool:
        """Judge a site by its targets and references; return whether it needs no further judging."""
        place = self._place(opened, site)
        evidence = Evidence.DECLARED if declared else Evidence.REFERENCE
        if site.beside is not None:
            self.gathered.value(place, site.beside, SiteState.UNPROTECTED, evidence, "in clear beside a reference")
            message = f"a value in clear beside the reference to {site.beside!r}"
            self.gathered.finding(rules.BESIDE_REFERENCE, place, message, stands=site.value)
            return True
        found = (site.reference,) if site.reference else tuple(references.find(site.value))
        for reference in (*found, *references.mentions(site.value)):
            self._reference(place, reference, evidence)
        for item in declared:
            self._declared(place, item)
        return bool(declared) or site.reference is not None

    def _declared(self, place: Place, item: Declared) -> None:
        if item.reference is not None:
            if item.reference.alias != item.alias:
                message = f"refers to {item.reference.alias!r}, its target says {item.alias!r}"
                self.gathered.finding(rules.OTHER_ALIAS, place, message)
        elif references.is_placeholder(item.value) and not item.target.literal:
            self.gathered.value(place, item.alias, SiteState.PLACEHOLDER, Evidence.DECLARED, "a target holds it")
            message = f"the target {item.alias!r} holds a placeholder"
            self.gathered.finding(rules.TARGET_PLACEHOLDER, place, message, stands=item.value)
        else:
            self.gathered.value(place, item.alias, SiteState.UNPROTECTED, Evidence.DECLARED, "a target names it")
            message = f"{item.alias!r} stands in clear"
            self.gathered.finding(rules.DECLARED_IN_CLEAR, place, message, stands=f"{item.alias}\0{item.value}")

    def _reference(self, place: Place, reference: Reference, evidence: Evidence) -> None:
        alias = reference.alias
        if self.aliases is None:
            self.gathered.value(place, alias, SiteState.UNJUDGED, evidence, "no repository was read")
            self.gathered.finding(rules.UNJUDGED, place, f"{alias!r} is not judged: no repository was read")
            return
        if alias in self.aliases:
            self.gathered.value(place, alias, SiteState.PROTECTED, evidence, "the repository has it")
            return
        if self.providers.have(alias):
            self.gathered.value(place, alias, SiteState.UNJUDGED, evidence, "external: another provider has it")
            return
        self.gathered.value(place, alias, SiteState.DANGLING, evidence, "the repository does not have it")
        self.gathered.finding(rules.DANGLING, place, f"{alias!r} is not in the secret repository")

    def _shadowed(self, opened: FileReading, detector: Detector) -> None:
        """Judge values that no selector names, since their key occurs again: some reader may use them."""
        assert opened.document is not None  # noqa: S101 - the caller has looked
        sites = list(opened.document.shadowed())
        for site in sites:
            for reference in (site.reference,) if site.reference else references.find(site.value):
                self._reference(self._place(opened, site)._replace(selector=None), reference, Evidence.REFERENCE)
        for suspect in embedded.suspects(detector, sites, opened.text, opened.relative):
            self._suspect(opened, suspect, REPEATED)

    def _suspect(self, opened: FileReading, suspect: Suspect, where: str = "") -> None:
        site, verdict, line, commented, _ = suspect
        place = Place(opened.relative, line or site.line, None if where else site.selector)
        if commented:
            self._commented(place, verdict, partial(opened.around.site, site, place.line))
            return
        doubt = opened.document.doubt(site) if opened.document and verdict.is_secret else ""
        self.gathered.verdict(place, verdict, doubt, where)
        if verdict.is_secret:
            what = verdict.kind or "a value in clear"
            # A key is its selector in other signs, and a secret in those is one that no pattern finds. What is masked
            # ends the message: masked once more, it would take with it what follows.
            is_secret = patterns.secrets_in_name(site.selector)
            what = f"{what} under {patterns.masked(site.selector)}" if is_secret else f"{site.key}: {what}"
            self._clear(place, verdict, what, partial(opened.around.site, site, place.line))

    def _clear(self, place: Place, verdict: Verdict, message: str, stands: Callable[[], str]) -> None:
        rule = rules.UNPROTECTED_VALUE if verdict.evidence is Evidence.VALUE else rules.UNPROTECTED_NAME
        level = Level.NOTE if verdict.confidence is Confidence.DOUBTFUL else None
        self.gathered.finding(rule, place, message, level=level, stands=stands)

    def _text(self, opened: FileReading, judged: Container[int]) -> None:
        """Judge what no selector names, except on lines in `judged`: a text of no grammar, or else the comments."""
        every: Iterable[Found]
        if opened.is_text:
            every = embedded.in_text(opened.rewriter, opened.text, bare=opened.assigns, path=opened.relative)
        else:
            every = comments.in_comments(opened.rewriter, opened.text, opened.relative)
        for line, verdict, commented, _ in (each for each in every if each.line not in judged):
            place = self.gathered.place(opened.path, line)
            if commented:
                stands = opened.around.line if opened.is_text else opened.around.comment
                self._commented(place, verdict, partial(stands, line))
                continue
            self.gathered.verdict(place, verdict, where=IN_TEXT)
            if verdict.is_secret:
                self._clear(place, verdict, _what(verdict), partial(opened.around.line, line))

    def _commented(self, place: Place, verdict: Verdict, stands: Callable[[], str]) -> None:
        self.gathered.verdict(place, verdict, where=IN_A_COMMENT)
        if verdict.is_secret:
            self.gathered.finding(rules.COMMENTED_OUT, place, f"in a comment: {_what(verdict)}", stands=stands)

    def _backup(self, opened: FileReading) -> None:
        detector = _detector(opened)
        telling = detector.candidates | embedded.containers(opened.outline.values)
        sites = opened.pick({opened.outline.selectors[index] for index in telling})
        suspects = embedded.suspects(detector, sites, opened.text, opened.relative)
        found = [
            (self._place(opened, each.site), each.verdict, each.site.value) for each in suspects if not each.commented
        ]
        if opened.is_text:
            text = embedded.in_text(opened.rewriter, opened.text, bare=True, path=opened.relative)
            found = [
                (self.gathered.place(opened.path, each.line), each.verdict, opened.around.line(each.line))
                for each in text
                if not each.commented
            ]
        for place, verdict, _ in found:
            self.gathered.verdict(place, verdict, where=IN_A_BACKUP)
        held = [stands for _, verdict, stands in found if verdict.is_secret]
        if held:
            message = f"a backup with {'a secret' if len(held) == 1 else f'{len(held)} secrets'} in clear"
            self.gathered.finding(rules.BACKUP, self.gathered.place(opened.path), message, stands="\0".join(held))


def _detector(opened: FileReading) -> Detector:
    return Detector(opened.relative, opened.outline, opened.text, tokenless=opened.is_tokenless)


def _what(verdict: Verdict) -> str:
    """Describe a secret in text, without its value, and with only the word of its name that decided."""
    word = verdict.decided_by.removeprefix("names/")
    return verdict.kind or f"a value in clear under a name with {word!r}"


def judge_aliases(gathered: Ledger, values: Sequence[Value]) -> None:
    """Report each alias that stands for several places."""
    places: defaultdict[str, list[Place]] = defaultdict(list)
    for value in values:
        if value.alias is not None and value.state in (SiteState.PROTECTED, SiteState.UNPROTECTED):
            places[value.alias].append(value.place)
    for alias, found in places.items():
        if len(found) > 1:
            where = ", ".join(map(str, found[:4])) + (", …" if len(found) > 4 else "")
            same = "\0".join(sorted(f"{place.path}\0{identity.bare(place.selector)}" for place in found))
            message = f"{alias!r} stands for several places: {where}"
            gathered.finding(rules.SAME_ALIAS, found[0], message, stands=same)
