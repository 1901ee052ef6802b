"""`protect` begins again after a conflict, as long as it has written nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ciphertool.changes import commit
from ciphertool.changes.changeset import Replacement

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import pytest

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

VAULT = "security/vault.properties"


class Editor:
    """Somebody who saves a file just before a run writes, so many times, or after its first write."""

    def __init__(self, path: Path, monkeypatch: pytest.MonkeyPatch, times: int = 0, *, amid: bool = False) -> None:
        self.path, self.left, self.saved = path, times, 0
        apply, replace = commit.Transaction.apply, Replacement.apply

        def applied(transaction: commit.Transaction, *arguments: Any) -> None:
            if self.left:
                self.left -= 1
                self.save()
            apply(transaction, *arguments)

        def replaced(replacement: Replacement) -> None:
            replace(replacement)
            if amid:
                self.save()

        monkeypatch.setattr(commit.Transaction, "apply", applied)
        monkeypatch.setattr(Replacement, "apply", replaced)

    def save(self) -> None:
        self.saved += 1
        self.path.write_text(f"# saved {self.saved}\n{self.path.read_text()}")


def test_a_run_that_has_written_nothing_begins_again(project: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    path = project / "conf/app.yaml"
    clear = path.read_text()
    editor = Editor(path, monkeypatch, 2)
    assert run("protect").status == 0
    assert editor.left == 0
    assert path.read_text().startswith("# saved 2\n# saved 1\n")
    assert run("resolve", "conf/app.yaml").out == f"# saved 2\n# saved 1\n{clear}"
    assert not [*project.rglob(".ciphertool-journal")]


def test_a_run_that_is_always_disturbed_ends_with_a_conflict(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project / "conf/app.yaml"
    clear = path.read_text()
    editor = Editor(path, monkeypatch, 9)
    assert run("protect").status == 7
    assert (editor.saved, (project / VAULT).exists()) == (3, False)
    assert path.read_text() == f"# saved 3\n# saved 2\n# saved 1\n{clear}"


def test_a_run_that_has_begun_to_write_is_not_begun_again(
    project: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = project / "conf/app.yaml"
    clear = path.read_text()
    with monkeypatch.context() as patch:
        editor = Editor(path, patch, amid=True)
        assert run("protect").status == 7
        assert (editor.saved, (project / VAULT).exists()) == (1, True)
        assert path.read_text() == f"# saved 1\n{clear}"
    assert run("protect").status == 0
    assert run("resolve", "conf/app.yaml").out == f"# saved 1\n{clear}"
