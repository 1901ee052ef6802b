"""A person who edits configuration between runs of `protect`, and does what its hints say. scripts/fuzz-edits is long.

The person knows which entry is which, whatever it is called and wherever it stands, and what it is worth. After every
run each entry must have that value for a reader: in clear, or by a reference that the vault resolves to it.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections import Counter
from configparser import RawConfigParser
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape, quoteattr

from lxml import etree
from ruamel.yaml import YAML

from ciphertool import protection
from ciphertool.engine import Decryptor, Encryptor, LocalKey
from ciphertool.engine.schemes import DEFAULT
from ciphertool.protection import Take
from ciphertool.repository import Encrypted, open_repository
from ciphertool.settings.model import EncryptionSettings, KeystoreSettings, RepositorySettings, Settings, Target
from ciphertool.vault.cipher import Opener, Sealer

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from ciphertool.errors import CipherToolError

NAMESPACE = "http://org.wso2.securevault/configuration"
LISTS = ("a.json", "b.yaml", "c.yaml", "d.toml", "e.xml")
KEYED = ("f.ini", "g.properties", "h.env")
_REFERENCE = re.compile(r"(?:\$\{sec|\{ciphertool(?:-verbatim)?):([^}]+)\}|\$secret\{([^}]+)\}")
_GIVE = re.compile(r"'([^']+)' (?:the file `([^`]+)` and )?the selector `([^`]+)`")
_ROUNDS = 6
_ABSENT = dict.fromkeys((".json", ".yaml", ".toml"), "$.absent")
_ABSENT |= {".xml": "/absent", ".ini": "env/absent", ".properties": "absent", ".env": "absent"}


@dataclass
class Entry:
    """One entry as the person knows it. `alias` is what refers to it in the file, None where it stands in clear."""

    name: str
    value: str
    alias: str | None = None
    secret: bool = False
    typed: str | None = None
    """The alias that it had before it was put back in clear."""

    def raw(self, pattern: str = "$secret{{{}}}") -> str:
        """Return what stands in the file."""
        return pattern.format(self.alias) if self.alias else self.value


@dataclass
class Figures:
    """What a run of many edits found."""

    edits: Counter[str] = field(default_factory=Counter)
    runs: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    followed: Counter[str] = field(default_factory=Counter)
    lost: list[str] = field(default_factory=list)
    swapped: list[str] = field(default_factory=list)
    reset: Counter[str] = field(default_factory=Counter)


def _write(path: Path, entries: list[Entry]) -> None:
    kind = path.suffix or path.name
    if path.name == "c.yaml":
        half = (len(entries) + 1) // 2
        text = "---\n".join(_yaml(part) for part in (entries[:half], entries[half:]))
    elif kind == ".yaml":
        text = _yaml(entries)
    elif kind == ".json":
        text = json.dumps({"env": [{"name": e.name, "value": e.raw()} for e in entries]}, indent=1)
    elif kind == ".toml":
        text = "".join(f'[[env]]\nname = "{e.name}"\nvalue = "{e.raw()}"\n' for e in entries)
    elif kind == ".xml":
        inside = "".join(
            f" <P name={quoteattr(e.name)}"
            + (f' svns:secretAlias="{e.alias}">password' if e.alias else f">{escape(e.value)}")
            + "</P>\n"
            for e in entries
        )
        text = f'<R xmlns:svns="{NAMESPACE}">\n{inside}</R>\n'
    else:
        head = "[env]\n" if kind == ".ini" else ""
        pattern = "{{ciphertool:{}}}" if path.name.endswith(".env") else "$secret{{{}}}"
        text = head + "".join(f"{e.name}={e.raw(pattern)}\n" for e in entries)
    path.write_text(text)


def _yaml(entries: list[Entry]) -> str:
    lines = [f"- name: {e.name}\n  value: {e.raw('${{sec:{}}}')}\n" for e in entries]
    return f"env:\n{''.join(lines)}" if lines else "env: []\n"


def _read(path: Path) -> list[tuple[str, str]]:
    """Return name and raw value of every entry, as the format's own parser has them; `svns:` as a reference."""
    text, kind = path.read_text(), path.suffix or path.name
    if kind == ".yaml":
        return [(e["name"], str(e["value"])) for d in YAML(typ="safe", pure=True).load_all(text) for e in d["env"]]
    if kind == ".json":
        return [(e["name"], e["value"]) for e in json.loads(text)["env"]]
    if kind == ".toml":
        return [(e["name"], e["value"]) for e in tomllib.loads(text).get("env", [])]
    if kind == ".xml":
        aliases = {e: e.get(f"{{{NAMESPACE}}}secretAlias") for e in etree.fromstring(text.encode())}
        return [(str(e.get("name")), f"$secret{{{a}}}" if a else str(e.text)) for e, a in aliases.items()]
    if kind == ".ini":
        parser = RawConfigParser()
        parser.read_string(text)
        return list(parser["env"].items())
    return [(key, value.strip("'")) for key, _, value in (line.partition("=") for line in text.splitlines())]


class Person:
    """Edits files, runs `protect`, and follows hints."""

    def __init__(self, settings: Settings, key: RSAPrivateKey, seed: int, figures: Figures) -> None:
        self.settings, self.figures = settings, figures
        self.opener = Opener(DEFAULT, True, Decryptor(LocalKey(key)))
        self.sealer = Sealer(DEFAULT, True, Encryptor(key.public_key()), self.opener)
        self.seed, self.random = seed, Random(seed)  # noqa: S311 - edits, no keys
        self.numbers = count(1)
        self.root = settings.root
        names = [*self.random.sample(LISTS, 2), self.random.choice(KEYED)]
        self.files: dict[str, list[Entry]] = {name: [self.new() for _ in range(3)] for name in names}
        self.targets: list[Target] = []
        self.meant: dict[str, str] = {}  # alias → the value that it is to have
        for file, entries in self.files.items():
            for entry in entries:
                if self.random.random() < 0.6:
                    self.declare(file, entry)
        if self.random.random() < 0.25 and not names[0].endswith(".xml"):  # all of one list by one pattern
            self.targets = [target for target in self.targets if target.file != names[0]]
            for entry in self.files[names[0]]:
                entry.secret = True
            self.targets.append(Target(names[0], "$.env[*].value", "{stem}.{key}"))
        self.write()
        self.protect("first")

    # --- what the person knows ----------------------------------------------------------------------------------------

    def new(self) -> Entry:
        n = next(self.numbers)
        return Entry(f"n{n}", f"value-{n}-{self.random.randrange(10**6)}")

    def selector(self, file: str, entry: Entry) -> str:
        """Return where an entry is, by its position where the format has such."""
        entries = self.files[file]
        index = next(n for n, each in enumerate(entries) if each is entry)
        if file == "c.yaml":
            half = (len(entries) + 1) // 2
            return f"doc[{index // half if half else 0}]$['env'][{index if index < half else index - half}]['value']"
        if file.endswith(".xml"):
            return f"/R/P[{index + 1}]"
        if file in LISTS:
            return f"$['env'][{index}]['value']"
        return f"env/{entry.name}" if file.endswith(".ini") else entry.name

    def declare(self, file: str, entry: Entry) -> None:
        entry.secret = True
        alias = entry.alias or f"s.{next(self.numbers)}"
        self.targets.append(Target(file, self.selector(file, entry), alias))

    def holders(self, alias: str) -> list[tuple[str, Entry]]:
        return [(file, e) for file, entries in self.files.items() for e in entries if e.alias == alias]

    def write(self) -> None:
        for name, entries in self.files.items():
            for place, entry in enumerate(entries):
                if name in KEYED and any(entry.name == other.name for other in entries[:place]):
                    entry.name = f"d{next(self.numbers)}"
            _write(self.root / name, entries)

    # --- edits --------------------------------------------------------------------------------------------------------

    def edit(self) -> None:
        """Make one edit, run `protect`, do what it says."""
        kind = self.random.choice(
            [
                "insert",
                "insert",
                "declare",
                "delete",
                "swap",
                "rename",
                "copy",
                "move",
                "restore",
                "change",
                "block",
                "upgrade",
            ]
        )
        file = self.random.choice([*self.files])
        if len(self.files[file]) > 6:
            kind = "delete"
        done = getattr(self, f"_{kind}")(file, self.files[file])
        self.figures.edits[kind if done is not False else "nothing"] += 1
        self.write()
        self.protect(kind, done if isinstance(done, Entry) else None)

    def _insert(self, _: str, entries: list[Entry]) -> None:
        entries.insert(self.random.randint(0, len(entries)), self.new())

    def _declare(self, file: str, entries: list[Entry]) -> None:
        entry = self.new()
        entries.insert(self.random.randint(0, len(entries)), entry)
        self.declare(file, entry)

    def _delete(self, _: str, entries: list[Entry]) -> bool:
        if entries:
            entries.pop(self.random.randrange(len(entries)))
        return bool(entries)

    def _swap(self, file: str, entries: list[Entry]) -> bool:
        other = self.random.choice([*self.files.values()])
        if not entries or not other or (file in KEYED and other is not entries):
            return False
        a, b = self.random.randrange(len(entries)), self.random.randrange(len(other))
        entries[a], other[b] = other[b], entries[a]
        return True

    def _rename(self, _: str, entries: list[Entry]) -> bool:
        if entries:
            self.random.choice(entries).name = f"r{next(self.numbers)}"
        return bool(entries)

    def _copy(self, file: str, entries: list[Entry]) -> bool:
        if not entries:
            return False
        old = self.random.choice(entries)
        name = old.name if file in LISTS and self.random.random() < 0.5 else f"c{next(self.numbers)}"
        entries.insert(self.random.randint(0, len(entries)), Entry(name, old.value, old.alias, old.secret))
        return True

    def _move(self, _: str, entries: list[Entry]) -> bool:
        to = self.random.choice([*self.files.values()])
        if not entries or to is entries:
            return False
        to.insert(self.random.randint(0, len(to)), entries.pop(self.random.randrange(len(entries))))
        return True

    def _block(self, _: str, entries: list[Entry]) -> bool:
        """Move a whole list to another file of the settings."""
        to = self.random.choice([*self.files.values()])
        if to is entries:
            return False
        to[:0], entries[:] = entries, []
        return True

    def _restore(self, _: str, entries: list[Entry]) -> bool:
        protected = [entry for entry in entries if entry.alias]
        for entry in protected if self.random.random() < 0.3 else protected[:1]:
            entry.typed, entry.alias = entry.alias, None
        return bool(protected)

    def _upgrade(self, _: str, entries: list[Entry]) -> bool:
        """Put a newer default file in place: all in clear, with entries taken out, put in, and in another order."""
        for entry in entries:
            entry.typed, entry.alias = entry.alias or entry.typed, None
        if entries:
            entries.pop(self.random.randrange(len(entries)))
        if self.random.random() < 0.5:
            entries.insert(self.random.randint(0, len(entries)), self.new())
        if self.random.random() < 0.3:
            self.random.shuffle(entries)
        return bool(entries)

    def _change(self, _: str, entries: list[Entry]) -> Entry | bool:
        protected = [entry for entry in entries if entry.alias]
        if not protected:
            return False
        entry = self.random.choice(protected)
        entry.typed, entry.alias = entry.alias, None
        entry.value = f"changed-{next(self.numbers)}"
        return entry

    # --- running `protect`, and following it --------------------------------------------------------------------------

    def protect(self, kind: str, changed: Entry | None = None) -> None:
        take: Take | None = None
        problems: tuple[CipherToolError, ...] = ()
        for _ in range(_ROUNDS):
            problems = self.run(take)
            take = None
            if not problems:
                break
            for problem in problems:
                take = self.follow(problem, changed) or take
        else:
            self.figures.reset[f"{kind}: {type(problems[0]).__name__}"] += 1
            self.figures.reset["all"] += 1
            self.straighten()
            if self.run(None):
                raise AssertionError(f"a straight tree is refused: {[*map(str, self.run(None))]}")

    def run(self, take: Take | None) -> tuple[CipherToolError, ...]:
        """Run `protect`, sometimes without the private key; check what all entries are worth afterwards."""
        self.figures.runs += 1
        # All files are the settings' own, also those without a secret.
        known = [Target(file, _ABSENT[Path(file).suffix], "absent", optional=True) for file in self.files]
        settings = self.settings._replace(targets=(*self.targets, *known))
        repository = open_repository(settings.kind, settings.repository)
        sealer = self.sealer
        if self.random.random() < 0.2:
            sealer = Sealer(sealer.scheme, sealer.native, sealer.encryptor)
        work = protection.plan(settings, repository, sealer, take=take)
        for problem in work.problems:
            self.figures.refused[type(problem).__name__] += 1
        if not work.problems:
            protection.apply(settings, work)
        self.verify(f"take={take}")
        return work.problems

    def verify(self, step: str) -> None:
        stored = open_repository(self.settings.kind, self.settings.repository).entries
        values = {
            alias: self.opener.open(alias, entry.stored.ciphertext).reveal()
            for alias, entry in stored.items()
            if isinstance(entry.stored, Encrypted)
        }
        for file, entries in self.files.items():
            for entry, (name, raw) in zip(entries, _read(self.root / file), strict=True):
                found = _REFERENCE.fullmatch(raw)
                entry.alias = (found[1] or found[2]) if found else None
                value = values.get(entry.alias) if entry.alias else raw
                entry.typed = None if entry.alias else entry.typed
                if value != entry.value:
                    wrong = self.figures.lost if entry.value not in values.values() else self.figures.swapped
                    wrong.append(
                        f"tree {self.seed}: {file} {name}: {entry.alias} ({step}, edit {self.figures.edits.total()})"
                    )
                    entry.value = str(value)  # counted once

    def follow(self, problem: CipherToolError, changed: Entry | None) -> Take | None:
        """Do what a hint says, as far as the person does not know better; return what to take, if that is asked."""
        hint = problem.hint
        if "to change" in hint and changed is not None and f"to change {changed.typed!r}" in hint:
            self.figures.followed["put the new value everywhere"] += 1
            for _, entry in self.holders(changed.typed or ""):
                entry.typed, entry.alias, entry.value = changed.typed, None, changed.value
            self.write()
            return None
        given = _GIVE.findall(hint)
        if "if what stands there now is" in hint and not self.is_still(problem):
            self.figures.followed["no longer its place"] += 1
            self.part_from(problem)
            return None
        for alias, file, selector in given:
            self.figures.followed["selector"] += 1
            self.give(alias, file or self.below(problem), selector)
        if given:
            return None
        if "take file" in hint:
            return self.taken(problem, changed)
        for target in [*self.targets]:
            alias = target.alias
            named = getattr(problem, "alias", None) == alias or f"'{alias}'" in problem.message
            missed = getattr(problem, "selector", None) == target.selector and self.below(problem) == target.file
            if (named or missed) and "{" not in alias and not self.holders(alias) and not self.is_waiting(target):
                self.figures.followed["target of what is gone"] += 1
                self.targets.remove(target)
        return None

    def is_still(self, problem: CipherToolError) -> bool:
        """Tell whether what stands at a problem's place is what its alias was."""
        alias, selector, file = getattr(problem, "alias", ""), getattr(problem, "selector", ""), self.below(problem)
        places = (selector, f"{selector}[1]")  # the only one has none
        there = next(entry for entry in self.files[file] if self.selector(file, entry) in places)
        return there.secret and there.typed in (None, alias)

    def part_from(self, problem: CipherToolError) -> None:
        """Take out the target that names another entry by now; a pattern becomes a target for each entry."""
        alias, file = getattr(problem, "alias", ""), self.below(problem)
        named = [target for target in self.targets if target.alias == alias]
        patterns = [target for target in self.targets if target.file == file and "{" in target.alias]
        self.targets = [target for target in self.targets if target not in (named or patterns)]
        if not named:
            for entry in self.files[file]:
                self.declare(file, entry)

    def is_waiting(self, target: Target) -> bool:
        """Tell whether a target names an entry that the person wants to have protected under it."""
        return any(e.secret and e.alias is None and e.typed in (None, target.alias) for e in self.named(target))

    def named(self, target: Target) -> list[Entry]:
        """Return the entries that a target names, by position or by name."""
        there = self.files.get(target.file, [])
        return [
            e for e in there if self.selector(target.file, e) == target.selector or f"'{e.name}'" in target.selector
        ]

    def taken(self, problem: CipherToolError, changed: Entry | None) -> Take | None:
        alias = getattr(problem, "alias", "")
        target = next((t for t in self.targets if t.alias == alias), None)
        if changed is not None and alias == changed.typed:
            self.figures.followed["--take file"] += 1
            return Take.FILE
        if "at this position" in problem.hint and target is not None and not self.is_waiting(target):
            self.figures.followed["no longer its place"] += 1
            self.targets.remove(target)
            return None
        if target is not None and self.is_waiting(target) and not self.is_worth(alias, target):
            return Take.FILE  # this value is to be kept, and there is another in the vault
        self.figures.followed["--take either"] += 1
        return Take.FILE if self.random.random() < 0.5 else Take.REPOSITORY

    def is_worth(self, alias: str, target: Target) -> bool:
        """Tell whether the vault has the value of what a target names."""
        stored = open_repository(self.settings.kind, self.settings.repository).get(alias).stored
        assert isinstance(stored, Encrypted)
        value = self.opener.open(alias, stored.ciphertext).reveal()
        return any(e.value == value for e in self.named(target))

    def give(self, alias: str, file: str, selector: str) -> None:
        own = [n for n, target in enumerate(self.targets) if target.alias == alias]
        if not own:
            self.targets = [t for t in self.targets if not (t.file == file and "{" in t.alias)]
            self.targets.append(Target(file, selector, alias))
        for n in own:
            self.targets[n] = Target(file, selector, alias)

    def below(self, problem: CipherToolError) -> str:
        return Path(problem.path).name if problem.path else ""

    def straighten(self) -> None:
        """Name every secret by where it stands, once."""
        self.targets = []
        for file, entries in self.files.items():
            for entry in entries:
                if entry.secret:
                    self.declare(file, entry)


def worlds(edits: int, each: int, seed: int, figures: Figures, key: RSAPrivateKey) -> None:
    """Make so many edits, `each` of them to one tree, in temporary directories; each tree has a seed of its own."""
    for number in range(0, edits, each):
        with TemporaryDirectory() as directory:
            root = Path(directory)
            sibling = root / "ciphertool.toml"
            sibling.touch(0o600)
            repository = RepositorySettings(root / "vault.properties", "native", sibling)
            settings = Settings(sibling, root, KeystoreSettings(), repository, EncryptionSettings(DEFAULT.name))
            person = Person(settings, key, seed + number, figures)
            for _ in range(each):
                person.edit()
