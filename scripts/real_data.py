"""What scripts/measure-real and scripts/label-real share: lines of checkouts, who reports them, and hand labels.

A checkout is a directory called OWNER+NAME. Its labels are tests/vectors/labels/SET/OWNER+NAME.tsv, where a line of the
repository stands as a digest of its path and text, keyed by the repository's name: nothing of the repository is kept.
"""

from __future__ import annotations

import csv
import hashlib
import json
import math
import re
import subprocess
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

LABELS = Path(__file__).resolve().parent.parent / "tests" / "vectors" / "labels"
LARGEST = 1 << 20
SUFFIX = re.compile(
    r"(?i)ya?ml|json|toml|xml|properties|env|ini|cfg|cnf|conf|config|cf|service|sh|bash|j2|jinja2?|erb|tpl|tmpl|gotmpl|tf"
    r"|tfvars|hcl|plist|groovy|npmrc|yarnrc|netrc|pgpass|credentials|dockercfg|s3cfg|ftpconfig|htpasswd|key|pem|ldif|dsc"
    r"|dist|example|sample|template|default|prod|production|dev|local|staging|bak"
)
NAME = re.compile(
    r"(?i)(?:docker|container|jenkins|vagrant|proc|make)file.*|credentials|secrets?|config|\.?env(?:\..*)?"
)

Spot = tuple[str, int]


@dataclass(frozen=True)
class Label:
    """What a person found a line to be: `true`, `example` or `false`; and for how many lines its sample stands."""

    label: str
    kind: str
    weight: float


def is_configuration(path: str) -> bool:
    """Tell whether a file is one whose every line is a candidate, not only those that are reported."""
    name = PurePosixPath(path).name
    return any(each is not None for each in (SUFFIX.fullmatch(name.rpartition(".")[2]), NAME.fullmatch(name)))


class Checkout:
    """The files of one repository: their lines, and a digest for each."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.name = root.name.replace("+", "/", 1)
        files = (path for path in sorted(root.rglob("*")) if path.is_file() and not path.is_symlink())
        self.files = [str(path.relative_to(root)) for path in files if path.stat().st_size <= LARGEST]
        self.configuration = [path for path in self.files if is_configuration(path)]
        self._known = frozenset(self.files)
        self._lines: dict[str, list[str]] = {}

    def lines(self, path: str) -> list[str]:
        """Return the lines of a text file; none of a binary one."""
        if path not in self._lines:
            data = (self.root / path).read_bytes() if path in self._known else b""
            codec = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8"
            text = data.decode(codec, "replace")
            self._lines[path] = [] if "\0" in text else re.split(r"\r\n|\n|\r", text)
        return self._lines[path]

    def text(self, spot: Spot) -> str:
        """Return a line; an empty one where there is none."""
        lines = self.lines(spot[0])
        return lines[spot[1] - 1] if 0 < spot[1] <= len(lines) else ""

    def spots(self) -> Iterator[Spot]:
        """Yield all lines of configuration."""
        for path in self.configuration:
            yield from ((path, number) for number in range(1, len(self.lines(path)) + 1))

    def digest(self, spot: Spot) -> str:
        """Return what stands for a line among the labels. Equal lines of one file are one."""
        message = f"{spot[0]}\0{self.text(spot).strip()}".encode()
        return hashlib.blake2b(message, key=self.name.encode()[:64], digest_size=8).hexdigest()

    def settled(self, spot: Spot) -> Spot:
        """Return the line that a report means: the head of a PEM block where the report is at the key above it."""
        below = (spot[0], spot[1] + 1)
        return below if re.search(r"-----BEGIN [A-Z ]*PRIVATE KEY", self.text(below)) else spot


# --- candidates that no tool has chosen ---------------------------------------------------------------------------

WORD = (
    r"pass(?:w|phrase|code|$|[\W_])|pwd|\bpw\b|secret|token|credential"
    r"|api[_-]?key|access[_-]?key|private[_-]?key|account[_-]?key"
)
KINDS = {
    "pem": re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY"),
    "url": re.compile(r"[a-z][a-z0-9+.-]{1,30}://[^\s/:@\"']*:[^\s/@\"']+@", re.I),
    "token": re.compile(
        r"\b(?:AKIA[0-9A-Z]{16}|gh[pousr]_\w{20,}|glpat-[\w-]{16,}|xox[abprs]-[\w-]{10,}|eyJ[\w-]{10,}\.eyJ[\w-]{10,}"
        r"|AIza[\w-]{30,}|[sr]k_(?:live|test)_\w{10,}|npm_\w{30,}|pypi-\w{20,}|hv[sb]\.\w{20,}|SG\.[\w-]{16,}\.)"
    ),
    "password": re.compile(rf"(?:{WORD})[\w.-]*[\"']?\]?\s*(?::|=>?|>|\s--?>|,|\s)\s*[\"']?[^\s\"'<>,;)]{{3,}}", re.I),
    "name": re.compile(
        r"(?:pass|key|auth|salt|sign|pin|cert|user|login|hash)[\w.-]*[\"']?\s*(?::|=>?|>)\s*[\"']?\S{3,}", re.I
    ),
}
DYNAMIC = re.compile(r"[:=>]\s*[\"']?(?:\$[({\w]|\{\{|<%|%[({]|true\b|false\b|null\b|!\w|/|@)", re.I)
WORDS = re.compile(r"[A-Za-z0-9+/=_-]{20,}")


def _random(text: str) -> bool:
    def entropy(word: str) -> float:
        return -sum(word.count(c) / len(word) * math.log2(word.count(c) / len(word)) for c in set(word))

    return any(re.search(r"\d", word) and entropy(word) > 4.2 for word in WORDS.findall(text))


def kind_of(text: str) -> str | None:
    """Return what makes a line a candidate, or None if nothing does."""
    for kind, expression in KINDS.items():
        if expression.search(text):
            return kind
    return "random" if len(text) < 400 and _random(text) else None


def is_likely(text: str) -> bool:
    """Tell whether a candidate is of the sort of which many are secrets: more of these are labelled."""
    return kind_of(text) in ("pem", "url", "token", "password") and not DYNAMIC.search(text)


# --- reports ------------------------------------------------------------------------------------------------------


def ciphertool(checkout: Checkout, command: list[str]) -> dict[Spot, str]:
    """Return the evidence by which each line is reported by `ciphertool audit`; `note` for what is no more than one."""
    done = subprocess.run([*command, "audit", "--json", str(checkout.root)], capture_output=True, check=False)
    if done.returncode not in (0, 1):
        raise SystemExit(f"{checkout.name}: {done.stderr.decode()}")
    report = json.loads(done.stdout)
    evidence = {(value["path"], value["selector"]): value["evidence"] for value in report["values"]}
    found: dict[Spot, str] = {}
    for finding in report["findings"]:
        if finding["rule"] not in ("CT003", "CT004", "CT005"):
            continue
        spot = checkout.settled((finding["path"], finding["line"] or 1))
        selector = finding["selector"]
        kind = evidence.get((finding["path"], selector), "text") if selector is not None else "text"
        if finding["level"] != "note":
            found[spot] = kind
        else:
            found.setdefault(spot, "note")
    return found


SCAN = """
import sys
from detect_secrets.core.scan import scan_file
from detect_secrets.settings import default_settings
with default_settings():
    for path in sys.stdin.read().split("\\0"):
        for secret in scan_file(path):
            print(path, secret.line_number, sep="\\0")
"""


def detect_secrets(checkout: Checkout, python: str) -> dict[Spot, str] | None:
    """Return the lines of configuration that detect-secrets reports; None if that is not installed."""
    done = subprocess.run(
        [python, "-c", SCAN], cwd=checkout.root, input="\0".join(checkout.configuration), capture_output=True, text=True
    )
    if done.returncode:
        return None
    rows = (row.split("\0") for row in done.stdout.splitlines())
    return {checkout.settled((path, int(line))): "detect-secrets" for path, line in rows}


# --- labels -------------------------------------------------------------------------------------------------------


def read_labels(file: Path) -> tuple[str, dict[str, Label]]:
    """Return the commit that was labelled and the label of each digest."""
    with file.open(encoding="utf-8", newline="") as stream:
        commit = stream.readline().split("@")[1].strip()
        rows = csv.DictReader(stream, delimiter="\t")
        return commit, {row["digest"]: Label(row["label"], row["kind"], float(row["weight"])) for row in rows}


def write_labels(stream: TextIO, name: str, commit: str, labels: dict[str, Label]) -> None:
    """Write labels, in the order of their digests, which tells nothing of the order in the files."""
    stream.write(f"# {name}@{commit}\n")
    writer = csv.writer(stream, delimiter="\t", lineterminator="\n")
    writer.writerow(["digest", "label", "kind", "weight"])
    for digest in sorted(labels):
        label = labels[digest]
        writer.writerow([digest, label.label, label.kind, f"{label.weight:.4g}"])
