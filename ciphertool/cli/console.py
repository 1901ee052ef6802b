"""What a person sees: messages on stderr, data on stdout, one exit status for each kind of failure."""

from __future__ import annotations

import os
import sys
import time
import traceback
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from ciphertool import layout
from ciphertool.errors import (
    CipherToolError,
    ConfigError,
    ConflictError,
    DecryptionError,
    FoundSettingsError,
    KeystoreError,
    ProblemsError,
    UnknownAliasError,
    WriteError,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from rich.progress import TaskID

    from ciphertool.changes.plan import Note
    from ciphertool.files import Snapshot
    from ciphertool.workers import Progress

_PATIENCE = 0.5
"""Seconds of silence before a bar is drawn."""
_INDENT = "  "
"""Before the lines that continue one."""
FINDINGS = 1
BUG = 70
_STATUS: tuple[tuple[type[CipherToolError], int], ...] = (
    (ConfigError, 3),
    (KeystoreError, 4),
    (DecryptionError, 5),
    (UnknownAliasError, 5),
    (WriteError, 6),
    (ConflictError, 7),
)
_STYLES = {"error": "31", "hint": "36", "warning": "33", "note": "2", "done": "32", "head": "1"}


class Volume:
    """How much is said: below 0 only warnings and errors, above 0 also what is used."""

    def __init__(self) -> None:
        self.level = 0

    def set(self, level: int) -> None:
        """Set it for the rest of the run."""
        self.level = level


volume = Volume()


class Answer:
    """Whether stdout still owes a JSON document: with `--json` it gets one, if only that of the errors."""

    def __init__(self) -> None:
        self.owed = False

    def promise(self, as_json: bool) -> None:
        """Set it for a command whose arguments are about to be parsed."""
        self.owed = as_json


answer = Answer()
_ALWAYS = {"error", "hint", "warning"}


def status(error: CipherToolError) -> int:
    """Return the exit status of an error; of several, that of the first."""
    if isinstance(error, ProblemsError):
        return status(error.problems[0]) if error.problems else BUG
    return next((code for kind, code in _STATUS if isinstance(error, kind)), 3)


def has_colours(stream: TextIO) -> bool:
    """Tell whether a stream is a terminal that shows colours, and nobody asks for none (`NO_COLOR`)."""
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb" and stream.isatty()


def _styled(style: str, text: str) -> str:
    return f"\x1b[{_STYLES[style]}m{text}\x1b[0m" if has_colours(sys.stderr) else text


def display_path(path: Path | str) -> str:
    """Return a path as a person finds it: relative to the working directory where it lies below that.

    The name of a storage that is no file stays as it is.
    """
    if isinstance(path, str):
        return path
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def say(style: str, text: str, *, label: bool = True, public: bool = False) -> None:
    """Write one message to stderr. A name that is a secret by itself is masked, unless the whole text is `public`."""
    if volume.level < 0 and style not in _ALWAYS:
        return
    label_ = f"{style}:" if label else ""
    text = visible(text if public else masked(text))
    first, *more = wrapped(f"{label_} {text}" if label else text, sys.stderr)
    if label:
        print("\n".join([_styled(style, label_) + first.removeprefix(label_), *more]), file=sys.stderr)
    else:
        print(_styled(style, "\n".join([first, *more])), file=sys.stderr)


def out(text: str = "", *, indent: str = _INDENT) -> None:
    """Write one line to stdout. A name that is a secret by itself is masked.

    On a terminal that is narrower, it is several lines, those after the first with an indent.
    """
    out_raw("\n".join(wrapped(masked(text), sys.stdout, indent)) + "\n")


def out_json(value: object) -> None:
    """Write plain data to stdout as JSON, masked as by `out`: its strings, and not its keys, come from files."""
    import json

    answer.promise(False)
    out_raw(f"{json.dumps(_masked(value), indent=2)}\n")


def out_json_line(value: object) -> None:
    """Write plain data to stdout as one line of JSON, masked as by `out_json`, and pass it on at once."""
    import json

    answer.promise(False)
    out_raw(f"{json.dumps(_masked(value))}\n")
    sys.stdout.flush()


def out_written(written: Iterable[Snapshot], entries: Iterable[dict[str, object]]) -> None:
    """Write to stdout as JSON which files were written, by what they were before, and the entries of their keystore."""
    changes = [
        {"path": display_path(before.path), "change": "created" if before.data is None else "changed"}
        for before in written
    ]
    out_json({"written": changes, "entries": list(entries)})


def out_raw(text: str, *, commands: bool = False, painted: bool = False) -> None:
    """Write a text to stdout as it is, but for what would steer a terminal or a CI system; see `visible`.

    A `painted` text has colours, and nothing else from files that would steer a terminal.
    """
    sys.stdout.write(visible(text, keep="\n\t\x1b" if painted else "\n\t", commands=commands))


def visible(text: str, *, keep: str = "", commands: bool = False) -> str:
    """Return a text without what would steer a terminal or a CI system; see `redaction.visible`."""
    from ciphertool.redaction import visible as texts  # as below

    return texts.visible(text, keep=keep, commands=commands)


def masked(text: str) -> str:
    """Return a message with every secret in it as `****`."""
    from ciphertool.detection import hints  # takes its time, and a run without a message does not need it

    if not hints.is_candidate(text):
        return text
    from ciphertool.detection import patterns  # takes ten times as long

    return patterns.masked(text)


def _masked(value: object) -> object:
    match value:
        case str():
            return masked(value)
        case dict():
            return {key: _masked(item) for key, item in value.items()}
        case list() | tuple():
            return [_masked(item) for item in value]
    return value


def show_problems(problems: Sequence[CipherToolError], consequence: str) -> int:
    """Write problems and what follows from them to stderr; return the exit status."""
    error = ProblemsError(problems)
    show_error(error)
    say("error", f"{len(problems)} problem{'s' if len(problems) != 1 else ''}: {consequence}")
    return status(error)


def _place(path: Path | str | None, line: int | None) -> str:
    return f"{display_path(path)}{f':{line}' if line else ''}: " if path else ""


def show_note(style: str, note: Note) -> None:
    """Write a note of a plan to stderr."""
    say(style, f"{_place(note.path, note.line)}{note.message}")


def show_error(error: CipherToolError) -> None:
    """Write an error to stderr, or all of several, each hint once."""
    problems = _problems(error)
    for problem in problems:
        say("error", f"{_place(problem.path, problem.line)}{problem.message}")
    for hint in dict.fromkeys(_hint(problem) for problem in problems if problem.hint):
        say("hint", hint)


def _problems(error: CipherToolError) -> Sequence[CipherToolError]:
    return error.problems if isinstance(error, ProblemsError) else [error]


def as_data(problem: CipherToolError) -> dict[str, object]:
    """Return an error as every JSON output has it: its message, place, hint and exit status."""
    path = display_path(problem.path) if problem.path else None
    return _as_data(problem.message, status(problem), _hint(problem), path, problem.line)


def _as_data(
    message: str, code: int, hint: str = "", path: str | None = None, line: int | None = None
) -> dict[str, object]:
    return {"message": message, "path": path, "line": line, "hint": hint, "status": code}


def answer_with(*errors: dict[str, object]) -> None:
    """Write the errors that end the program to stdout as JSON, if that is owed; say nothing if it cannot be written."""
    if answer.owed:
        with suppress(WriteError):
            out_json({"error": errors[0] if errors else None, "errors": errors})
            sys.stdout.flush()


def show_misuse(message: str, hint: str, code: int) -> None:
    """Write what is wrong with a command line to stderr, and to stdout if JSON is owed."""
    say("error", message)
    if hint:
        say("hint", hint)
    answer_with(_as_data(message, code, hint))


def _hint(problem: CipherToolError) -> str:
    if isinstance(problem, FoundSettingsError):
        return f"if you trust these settings, name them: {naming(problem.settings)}"
    return problem.hint


def naming(settings: Path, leaving_out: Iterable[str] = ()) -> str:
    """Return this run's command line with the settings named, without some of its arguments and `run`'s command."""
    import shlex

    option = "--home" if settings.is_dir() else "--config"
    command, *rest = [*sys.argv[1:], ""] if len(sys.argv) < 2 else sys.argv[1:]
    own = rest[: rest.index("--")] if "--" in rest else rest
    left = [argument for argument in own if argument not in leaving_out]
    line = shlex.join(["ciphertool", command, option, display_path(settings), *left])
    return f"{line} -- …" if "--" in rest else line


def report(error: Exception) -> int:
    """Write an error that ends the program to stderr; return its exit status. Any but our own is a bug."""
    if isinstance(error, CipherToolError):
        show_error(error)
        answer_with(*map(as_data, _problems(error)))
        return status(error)
    show_bug(error)
    answer_with(_as_data(_bug(error), BUG))
    return BUG


def _bug(error: BaseException) -> str:
    return f"a bug in ciphertool: {type(error).__name__}; nothing more was written"


def show_bug(error: BaseException) -> None:
    """Write where a bug of ours is: no message, no source line, no local variable, for each may hold a secret."""
    say("error", _bug(error))
    for frame in traceback.extract_tb(error.__traceback__)[-6:]:
        say("note", f"  {Path(frame.filename).name}:{frame.lineno} in {frame.name}", label=False)


@contextmanager
def progress() -> Iterator[Progress]:
    """Give a `Progress` that draws a bar on a terminal when work lasts longer than half a second."""
    from ciphertool.workers import no_progress

    if not sys.stderr.isatty():
        yield no_progress
        return
    from rich.console import Console
    from rich.progress import Progress as Bars

    with Bars(console=Console(stderr=True), transient=True) as bars:
        tasks: dict[str, TaskID] = {}
        begun = time.monotonic()

        def tell(step: str, done: int, total: int) -> None:
            if time.monotonic() - begun > _PATIENCE:
                if step not in tasks:
                    tasks[step] = bars.add_task(step)
                bars.update(tasks[step], completed=done, total=total)

        yield tell


def columns(rows: Iterable[Sequence[str]], stream: TextIO) -> list[str]:
    """Return rows as lines with aligned columns for a stream; on a terminal they fit it.

    A name that is a secret by itself is masked here already: what is left of a shortened one would not be found.
    """
    return layout.columns([[visible(masked(cell)) for cell in row] for row in rows], width(stream))


def width(stream: TextIO) -> int | None:
    """Return how many columns a terminal has, or `COLUMNS` if that is set; None for a stream that is none."""
    if not stream.isatty():
        return None
    stated = os.environ.get("COLUMNS", "")
    known = int(stated) if stated.isdecimal() else 0
    if not known:
        with suppress(OSError, ValueError, AttributeError):
            known = os.get_terminal_size(stream.fileno()).columns
    return max(known or 80, layout.NARROWEST)


def wrapped(text: str, stream: TextIO, indent: str = _INDENT) -> list[str]:
    """Return a text as lines for a stream: on a terminal they fit it."""
    return layout.wrapped(text, width(stream), indent)
