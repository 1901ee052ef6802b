"""Which program edits, and what keeps it from leaving copies. Starts none."""

from __future__ import annotations

import os
import shlex
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from ciphertool.errors import EditorError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

DEFAULTS = ("vi", "vim", "nvim", "nano")
"""What is tried if no variable names an editor."""
_VIM = ("-n", "-i", "NONE", "-c", "set nobackup nowritebackup noundofile patchmode=")
_EMACS = (
    "--eval",
    "(progn (setq make-backup-files nil auto-save-default nil auto-save-list-file-prefix nil create-lockfiles nil"
    " delete-auto-save-files t undo-tree-auto-save-history nil) (setq-default backup-inhibited t)"
    " (dolist (mode '(savehist-mode save-place-mode recentf-mode desktop-save-mode auto-save-visited-mode))"
    " (when (fboundp mode) (funcall mode -1))))",
)
_MICRO = ("-backup=false", "-savecursor=false", "-saveundo=false", "-savehistory=false")
_JOE = ("-nobackups", "-nodeadjoe", "--joe_state")
QUIET: Mapping[str, Sequence[str]] = {
    **dict.fromkeys(("vim", "vim.basic", "vim.tiny", "vim.nox", "vim.gtk3", "nvim", "rvim"), _VIM),
    "gvim": ("-f", *_VIM),
    **dict.fromkeys(("nano", "rnano"), ("--ignorercfiles",)),
    **dict.fromkeys(("emacs", "emacs-nox", "emacs-gtk"), _EMACS),
    "micro": _MICRO,
    **dict.fromkeys(("joe", "jmacs", "jpico", "jstar", "rjoe"), _JOE),
    **dict.fromkeys(("ed", "red", "sed", "busybox"), ()),
}
"""The editors that can be kept from leaving copies of a file, and the arguments that do it."""
_WAIT = {
    **dict.fromkeys(("code", "code-insiders", "codium", "cursor", "zed"), "--wait"),
    **dict.fromkeys(("subl", "sublime_text", "atom", "mate", "gedit", "xed"), "--wait"),
    "kate": "--block",
}
"""Editors with copies of their own that come back at once unless they are told to wait."""


def named(environment: Mapping[str, str]) -> list[str]:
    """Return the command of the editor that the environment names, as git chooses it.

    That is `VISUAL` on a terminal that is not dumb, then `EDITOR`, then one of `DEFAULTS`. Its words are split as a
    shell does, but no shell is started. Raises `EditorError` if it names none that there is.
    """
    dumb = environment.get("TERM", "dumb") == "dumb"
    for name in ("EDITOR",) if dumb else ("VISUAL", "EDITOR"):
        if text := environment.get(name, "").strip():
            return _words(name, text, environment)
    if not dumb:
        for default in DEFAULTS:
            if found := shutil.which(default, path=environment.get("PATH")):
                return [found]
    reason = "the terminal is dumb, and EDITOR is not set" if dumb else "no editor is there, and EDITOR is not set"
    raise EditorError(reason, hint="set EDITOR to a program that edits the file in its last argument")


def _words(name: str, text: str, environment: Mapping[str, str]) -> list[str]:
    try:
        words = shlex.split(text)
    except ValueError:
        words = []
    program = shutil.which(words[0], path=environment.get("PATH")) if words else None
    if program is None:
        raise EditorError(
            f"{name} does not name a program that can be started",
            hint=f"set {name} to a program and its options; no shell reads it: put anything else into a script",
        )
    return [str(Path(program).absolute()), *words[1:]]


def quiet(command: Sequence[str], *, trusted: bool) -> list[str]:
    """Return a command with what keeps its editor from leaving backups, swap files and histories.

    Raises `EditorError` for an editor of which that is not known, unless it is `trusted`.
    """
    own, real = Path(command[0]).name, Path(os.path.realpath(command[0])).name
    for name in (own, real):
        if name in QUIET:
            return [*command, *QUIET[name]]
    if not trusted:
        raise EditorError(
            f"{own} may keep copies of what it edits, and so leave secrets in clear on the disk",
            hint="set EDITOR to vim, nano, emacs, micro or joe, or use --trust-editor if its copies may hold secrets",
        )
    wait = _WAIT.get(own)
    if wait is not None and not {wait, wait[1:3]}.intersection(command[1:]):
        raise EditorError(
            f"{own} does not wait until the file is closed", hint=f"set EDITOR='{own} {wait}' and use --trust-editor"
        )
    return list(command)
