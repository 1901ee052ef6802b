"""Opens a file for an audit: as a document of its format, as plain text, or not at all. Executes nothing."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING

from ciphertool import rewriters
from ciphertool.audit.scope.surroundings import Surroundings
from ciphertool.detection import hints
from ciphertool.errors import CipherToolError, UnknownFormatError
from ciphertool.rewriters.base import Outline

if TYPE_CHECKING:
    from collections.abc import Collection
    from pathlib import Path, PurePath

    from ciphertool.plugins import Extensions
    from ciphertool.rewriters.base import Document, Rewriter, Site
    from ciphertool.settings.targets import Reading

_SNIFFED = 8192
_BOMS = (b"\xff\xfe", b"\xfe\xff")
# Names under which people keep a known format, and copies of files by editors and by hand.
_BACKUP = re.compile(
    r"(?i)(?:~|\.(?:bak|backup|orig|old|save|saved|copy|tmp|swp|disabled|rpmnew|rpmsave|dpkg-old|\d{1,8}))+$"
)
_TEMPLATE = re.compile(r"(?i)\.(?:j2|jinja2?|gotmpl|tmpl|tpl|erb|epp|ejs|template|example|sample|dist|default)$")
_ASSIGNS = re.compile(
    r"(?i)\.(?:conf|cnf|cfg|config|rc|txt|env|tf|tfvars|hcl|nomad|pgpass|sh|bash|zsh|bat|cmd|ps1|php|jaas|groovy|gradle|credentials"
    r"|netrc|reg|pp|rb)$|^\.[\w-]+rc$|^\.(?:credentials|netrc|_netrc|pgpass|ftpconfig|htpasswd)$|^_netrc$"
    r"|^(?:docker|container|jenkins|vagrant|make)file\b|^(?:hosts|inventory)$"
)
_ENV = re.compile(r"(?i)(?:^|[\w-])\.env(?:\.[\w-]+)*$|^\.?env(?:\.[\w-]+)*$")
"""Of `.env` files people make copies under more names than are certain to be theirs."""
_NOTHING = Outline((), (), (), ())


@dataclass(frozen=True)
class FileReading:
    """One file as an audit reads it. Without a `document` it is plain text; `problem` says why."""

    path: Path
    relative: str
    text: str = field(repr=False)
    backup: bool
    rewriter: Rewriter | None = None
    document: Document | None = field(default=None, repr=False)
    outline: Outline = field(default=_NOTHING, repr=False)
    assigns: bool = False
    """Whether lines of the text are likely to assign values to names, as in a `.conf` of no known grammar."""
    problem: str = ""
    line: int | None = None
    plain: set[bytes] = field(default_factory=set, repr=False)
    """Words of this file and of those read before that are neither tokens nor keys, as `hints.in_text` takes them."""

    @property
    def is_text(self) -> bool:
        """Whether the file has no grammar that is known, whatever targets name in it."""
        return self.document is None or self.document.is_text

    @cached_property
    def around(self) -> Surroundings:
        """What stands at each place and around it."""
        return Surroundings(self.text, self.rewriter, self.outline)

    @cached_property
    def hints(self) -> list[int]:
        """Where in the text a token, a key or the password of a URL may stand."""
        return hints.in_text(self.text, self.plain)

    @cached_property
    def is_verbatim(self) -> bool:
        """Whether each word of a key or a value of the document stands as it is in the text."""
        escapes = None if self.document is None else self.document.escapes
        return escapes is not None and escapes.search(self.text) is None

    @property
    def is_tokenless(self) -> bool:
        """Whether none of the document's values can be a token or a key."""
        return not self.hints and self.is_verbatim

    def pick(self, selectors: Collection[str]) -> list[Site]:
        """Return the document's sites with these selectors, which it has, in document order."""
        found = self.document.pick(selectors) if self.document and selectors else []
        return sorted(found, key=attrgetter("start"))


def is_binary(data: bytes) -> bool:
    """Return whether a file is not text, by its first bytes."""
    return b"\0" in data[:_SNIFFED] and not data.startswith(_BOMS)


def format_of(path: PurePath, encoding: str | None = None) -> Rewriter | None:
    """Return the rewriter for a file's name without backup and template endings, or None.

    Raises `ConfigError` for an encoding that files of the format cannot have.
    """
    name = _TEMPLATE.sub("", _BACKUP.sub("", path.name))
    try:
        return rewriters.for_path(path.parent / name, encoding)
    except UnknownFormatError:
        return rewriters.by_name("env", encoding) if _ENV.search(name) else None


def rewriter_of(path: Path, said: Reading, extensions: Extensions) -> Rewriter | None:
    """Return the stated rewriter, or else that of the file's name by `format_of`."""
    return said.rewriter(path, extensions) if said.format else format_of(path, said.encoding)


def open_text(
    path: Path, relative: str, data: bytes, said: Reading, extensions: Extensions, plain: set[bytes] | None = None
) -> FileReading:
    """Return a file as a document of its stated format or that of its name, or else as plain text.

    The stated format may be one of `extensions`. `plain` is what `FileReading` says, shared by the files of a batch.
    """
    plain = set() if plain is None else plain
    backup = _BACKUP.search(path.name) is not None
    rewriter = None
    problem, line = "", None
    assigns = _ASSIGNS.search(_TEMPLATE.sub("", path.name)) is not None
    try:
        rewriter = rewriter_of(path, said, extensions)
        if rewriter is not None:
            document = rewriter.parse(data)
            text, outline = document.source.text, document.outline()
            return FileReading(path, relative, text, backup, rewriter, document, outline, assigns, plain=plain)
    except CipherToolError as error:
        what = "as its targets say" if rewriter is None else f"as {rewriter.name}"
        problem, line = f"not readable {what}: {error.message}", error.line
    text = data.decode("utf-16" if data.startswith(_BOMS) else said.encoding or "utf-8-sig", "replace")
    assigns = assigns or rewriter is not None
    return FileReading(path, relative, text, backup, rewriter, assigns=assigns, problem=problem, line=line, plain=plain)
