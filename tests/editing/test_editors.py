"""Which editor is started, with which arguments; and that real ones leave nothing of what they edit."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING

import pytest

from ciphertool.editing import editors
from ciphertool.editing.session import Session
from ciphertool.errors import EditorError
from tests.conftest import SECRETS
from tests.editing.conftest import PROGRAM, environment, script
from tests.editing.editing import YAML, values
from tests.editing.typing import type_at

if TYPE_CHECKING:
    from pathlib import Path

_TYPED = "# typed by a person"
_VIMRC = """\
set backup writebackup undofile swapfile patchmode=.orig backupskip= backupcopy=yes
set backupdir=~ undodir=~ directory=~ updatecount=1
"""
_EMACS = """\
(setq backup-directory-alist '(("." . "~/")) auto-save-file-name-transforms '((".*" "~/" t)) auto-save-interval 20)
(savehist-mode 1) (save-place-mode 1) (recentf-mode 1)
"""
_KEEPING = {
    ".vimrc": f"{_VIMRC}set viminfo='100,<50,s10,n~/.viminfo\n",
    ".config/nvim/init.vim": _VIMRC,
    ".config/micro/settings.json": '{"savehistory": true, "saveundo": true, "savecursor": true, "permbackup": true}',
    ".emacs": _EMACS,
    ".nanorc": "set backup\nset historylog\nset positionlog\n",
}
"""Settings with which editors keep as much as they can."""
_INSERT = f"{_TYPED}\r".encode()
_VI = [(b"c4n4ry", b"O" + _INSERT.rstrip() + b"\x1b"), (b"typed", b":%s/yaml-1/yaml-3/\r:w\r"), (b"written", b":q\r")]
_REAL = {
    "vi": _VI,
    "vim": _VI,
    "nvim": _VI,
    "nano": [(b"c4n4ry", _INSERT), (b"typed", b"\x0f\r"), (b"Wrote", b"\x18")],
    "micro": [(b"c4n4ry", _INSERT), (b"typed", b"\x13"), (b"Saved", b"\x11")],
    "emacs": [(b"c4n4ry", _INSERT), (b"typed", b"\x18\x13"), (b"Wrote", b"\x18\x03")],
    "joe": [(b"c4n4ry", _INSERT), (b"typed", b"\x0bx")],
    "ed": [(b"", f"0a\n{_TYPED}\n.\n".encode()), (b"", b"w\nq\n")],
}
_OPTIONS = {"emacs": " -nw"}


@pytest.mark.parametrize("name", list(_REAL))
def test_a_real_editor_leaves_nothing(protected: Path, memory: Path, home: Path, name: str) -> None:
    if shutil.which(name) is None:
        pytest.skip(f"no {name} on this machine")
    for path, text in _KEEPING.items():
        (home / path).parent.mkdir(parents=True, exist_ok=True)
        (home / path).write_text(text)
    before = (protected / YAML).read_text()
    given = environment(home, name + _OPTIONS.get(name, ""))
    status, shown = type_at([*PROGRAM, "edit", YAML], _REAL[name], given, protected)
    assert status == 0, shown
    assert (protected / YAML).read_text() == f"{_TYPED}\n{before}"
    expected = {**SECRETS, "app.datasource.password": "c4n4ry-yaml-3"} if _REAL[name] is _VI else SECRETS
    assert values(protected) == expected
    assert list(memory.iterdir()) == []
    kept = [path for path in (*home.rglob("*"), *protected.rglob("*")) if path.is_file()]
    assert [path for path in kept if b"c4n4ry" in path.read_bytes()] == []
    assert not {path.name for path in kept} & {".viminfo", "app.yaml~", "app.yaml.orig", "history", "DEADJOE"}


@pytest.mark.parametrize("name", list(editors.QUIET))
def test_an_editor_gets_the_arguments_that_keep_it_quiet(tmp_path: Path, memory: Path, name: str) -> None:
    record = tmp_path / "record"
    program = script(tmp_path / name, f'exec {sys.executable} -c "{_RECORD}" {record} "$@"')
    command = editors.quiet(editors.named({"EDITOR": f"'{program}' --own 'x y'", "PATH": ""}), trusted=False)
    with Session(command, {"LANG": "C"}) as session:
        assert session.edit("app.yaml", b"text\n") == b"text\nmore\n"
    arguments, environment_, directory = json.loads(record.read_text())
    assert arguments[:2] == ["--own", "x y"]
    assert arguments[2:-1] == list(editors.QUIET[name])
    assert arguments[-1].endswith("/app.yaml")
    assert directory == arguments[-1].removesuffix("/app.yaml")
    assert environment_ == "C"
    assert list(memory.iterdir()) == []


_RECORD = (
    "import json, os, sys; out, *argv = sys.argv[1:]; open(argv[-1], 'a').write('more\\n');"
    " json.dump([argv, os.environ['LANG'], os.getcwd()], open(out, 'w'))"
)


def test_an_editor_is_chosen_as_git_does(tmp_path: Path) -> None:
    for name in ("vim", "nano", "vi"):
        script(tmp_path / name, "true")
    given = {"PATH": str(tmp_path), "TERM": "xterm", "VISUAL": "vim -X", "EDITOR": "nano"}
    assert editors.named(given) == [f"{tmp_path}/vim", "-X"]
    assert editors.named({**given, "TERM": "dumb"}) == [f"{tmp_path}/nano"]
    assert editors.named({**given, "VISUAL": " "}) == [f"{tmp_path}/nano"]
    assert editors.named({"PATH": str(tmp_path), "TERM": "xterm"}) == [f"{tmp_path}/vi"]
    for wrong in ({"PATH": str(tmp_path)}, {"PATH": "", "TERM": "xterm"}, {**given, "VISUAL": "'vim"}):
        with pytest.raises(EditorError):
            editors.named(wrong)


def test_no_shell_reads_the_command(tmp_path: Path) -> None:
    script(tmp_path / "vim", "true")
    given = {"PATH": str(tmp_path), "EDITOR": "vim $HOME;rm"}
    assert editors.named(given) == [f"{tmp_path}/vim", "$HOME;rm"]


def test_an_editor_behind_a_link_is_known_by_its_own_name(tmp_path: Path) -> None:
    script(tmp_path / "vim.basic", "true")
    (tmp_path / "editor").symlink_to("vim.basic")
    assert editors.quiet([f"{tmp_path}/editor"], trusted=False)[1:] == list(editors.QUIET["vim"])


@pytest.mark.parametrize("name", ["code", "subl", "gedit", "my-editor", "nvi", "emacsclient"])
def test_an_editor_that_may_keep_copies_has_to_be_trusted(tmp_path: Path, name: str) -> None:
    program = str(script(tmp_path / name, "true"))
    with pytest.raises(EditorError, match="may keep copies"):
        editors.quiet([program], trusted=False)
    assert editors.quiet([program, "--wait"], trusted=True) == [program, "--wait"]


def test_one_that_does_not_wait_is_of_no_use(tmp_path: Path) -> None:
    program = str(script(tmp_path / "code", "true"))
    with pytest.raises(EditorError, match="does not wait"):
        editors.quiet([program], trusted=True)
    assert editors.quiet([program, "-w"], trusted=True) == [program, "-w"]
