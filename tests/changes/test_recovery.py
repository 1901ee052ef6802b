"""What a killed run leaves is completed with the certificate alone, unless somebody interfered: then it is safe."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import stat
import subprocess
import time
from typing import TYPE_CHECKING, Any

import pytest

from ciphertool import Vault, files
from ciphertool.settings.targets import paths
from tests.changes.kills import Fault, run_forked
from tests.conftest import APP_YAML, SECRETS, SERVER_XML

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")

REPOSITORY = "security/vault.properties"
JOURNAL = "security/.ciphertool-journal"
APP = "conf/app.yaml"


@pytest.fixture
def certified(certified: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The project, of which only the certificate is at hand."""
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    return certified


def _interrupt(project: Path, until: Callable[[], bool], *arguments: str) -> None:
    """Kill `protect` at the first of its calls at which this holds."""
    before = {path: path.read_bytes() for path in project.rglob("*") if path.is_file()}
    for number in range(1, 100):
        run_forked(project, ["protect", *arguments], with_key=False, fault=Fault(number))
        if until():
            return
        for path in [path for path in project.rglob("*") if path.is_file()]:
            if path not in before:
                path.unlink()
        for path, data in before.items():
            path.write_bytes(data)
    pytest.fail("never came to that")


def _after_repository(project: Path) -> Callable[[], bool]:
    old = (project / REPOSITORY).read_bytes() if (project / REPOSITORY).exists() else b""
    app = (project / APP).read_bytes()

    def reached() -> bool:
        saved = (project / REPOSITORY).exists() and (project / REPOSITORY).read_bytes() != old
        return saved and (project / APP).read_bytes() == app and (project / JOURNAL).exists()

    return reached


@pytest.fixture
def interrupted(certified: Path) -> Path:
    """The project after a run that was killed when it had saved the repository, and nothing else."""
    _interrupt(certified, _after_repository(certified))
    return certified


@pytest.fixture
def changed(certified: Path, run: Run) -> Path:
    """The project protected, another value put in its file by hand, and `--take file` killed after the repository."""
    assert run("protect").status == 0
    (certified / APP).write_text(APP_YAML.replace("c4n4ry", "n3w"), encoding="utf-8")
    _interrupt(certified, _after_repository(certified), "--take", "file")
    return certified


def _values(project: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", "a keystore password")
    vault = Vault.open(project / "ciphertool.toml")
    return {alias: vault[alias].reveal() for alias in SECRETS}


def _tree(project: Path) -> dict[str, tuple[bytes, int]]:
    found = (path for path in project.rglob("*") if path.is_file())
    return {str(path): (path.read_bytes(), path.stat().st_ctime_ns) for path in found}


def _edit_journal(project: Path, edit: Callable[[dict[str, Any]], None]) -> None:
    document = json.loads((project / JOURNAL).read_bytes())
    edit(document)
    (project / JOURNAL).write_text(json.dumps(document))


def test_a_journal_holds_no_plaintext_and_is_as_private_as_the_repository(interrupted: Path) -> None:
    journal, repository = (interrupted / JOURNAL).stat(), (interrupted / REPOSITORY).stat()
    assert stat.S_IMODE(journal.st_mode) == stat.S_IMODE(repository.st_mode)
    assert (journal.st_uid, journal.st_gid) == (repository.st_uid, repository.st_gid)
    document = json.loads((interrupted / JOURNAL).read_bytes())
    assert document["repository"] == "vault.properties"
    assert document["identity"] is None
    assert document["entries"].keys() == SECRETS.keys()
    assert all(stored.startswith("ENC[RSA-OAEP-256,") and new for stored, new in document["entries"].values())
    status = (interrupted / APP).stat()
    identity, *reading, places = document["files"]["../conf/app.yaml"]
    assert identity == [status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns, status.st_ctime_ns]
    assert reading == ["yaml", "utf-8"]
    starts = [APP_YAML.index('"c4n4ry-yaml-1'), APP_YAML.index("'c4n4ry''yaml-2")]
    assert places == [["app.datasource.password", starts[0], None], ["app.smtp.password", starts[1], None]]


def test_one_file_alone_is_not_protected_before_the_run_is_completed(interrupted: Path, run: Run) -> None:
    before = _tree(interrupted)
    outcome = run("protect", APP)
    assert outcome.status == 7
    assert f"{JOURNAL}: an earlier run was interrupted; nothing was written" in outcome.err
    assert "run `ciphertool protect` without files first" in outcome.err
    assert _tree(interrupted) == before


def test_the_mode_of_the_journal_is_that_of_a_repository_that_is_there(certified: Path) -> None:
    (certified / REPOSITORY).write_bytes(b"")
    (certified / REPOSITORY).chmod(0o640)
    _interrupt(certified, lambda: (certified / JOURNAL).exists())
    assert stat.S_IMODE((certified / JOURNAL).stat().st_mode) == 0o640


def test_a_dry_run_says_so_and_changes_nothing(interrupted: Path, run: Run) -> None:
    before = _tree(interrupted)
    outcome = run("protect", "--dry-run")
    assert outcome.status == 1
    assert f"{JOURNAL}: an earlier run was interrupted" in outcome.err
    assert "to write: conf/app.yaml, conf/server.xml" in outcome.err
    assert _tree(interrupted) == before


def test_what_has_changed_since_is_made_anew_where_nothing_refers_to_it(
    interrupted: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    (interrupted / APP).write_text(APP_YAML.replace("c4n4ry-yaml-1", "n3w"), encoding="utf-8")
    assert run("protect").status == 0
    assert not (interrupted / JOURNAL).exists()
    assert _values(interrupted, monkeypatch) == {**SECRETS, "app.datasource.password": "n3w"}


def test_what_replaced_a_value_is_not_made_anew_without_the_key(
    changed: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.utime(changed / APP)  # and only its times have changed
    before = _tree(changed)
    outcome = run("protect")
    assert outcome.status == 7
    assert "since a run was interrupted; " in outcome.err
    assert f"{APP} has changed since" in outcome.err
    assert "--take file" in outcome.err
    assert _tree(changed) == before
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", "a keystore password")
    assert run("protect").status == 0
    assert not (changed / JOURNAL).exists()
    assert _values(changed, monkeypatch)["app.datasource.password"] == "n3w-yaml-1"


def test_what_was_decided_stays_decided(changed: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("protect").status == 0
    assert _values(changed, monkeypatch)["app.datasource.password"] == "n3w-yaml-1"


def test_what_the_repository_was_to_win_it_wins(certified: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("protect").status == 0
    for name, text in ((APP, APP_YAML), ("conf/server.xml", SERVER_XML)):
        (certified / name).write_text(text.replace("c4n4ry", "n3w"), encoding="utf-8")
    assert run("protect").status == 3
    app = (certified / APP).read_bytes()
    _interrupt(certified, lambda: (certified / APP).read_bytes() != app, "--take", "repository")
    assert b"n3w" in (certified / "conf/server.xml").read_bytes()
    assert run("protect").status == 0
    assert b"n3w" not in (certified / "conf/server.xml").read_bytes()
    assert _values(certified, monkeypatch) == SECRETS


def test_a_repository_that_was_put_back_gets_its_entries_again(
    certified: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = (certified / APP).read_bytes()
    (certified / REPOSITORY).write_text("# ours\n")
    _interrupt(certified, lambda: (certified / APP).read_bytes() != app and (certified / JOURNAL).exists())
    (certified / REPOSITORY).write_text("# ours\n")
    outcome = run("protect")
    assert outcome.status == 0, outcome.err
    assert _values(certified, monkeypatch) == SECRETS


def test_a_repository_that_was_exchanged_is_named(changed: Path, run: Run) -> None:
    text = (changed / REPOSITORY).read_text()
    old = next(line for line in text.splitlines() if line.startswith("app.smtp.password"))
    cipher = old.split("=", 1)[1]
    new = next(line for line in text.splitlines() if line.startswith("app.datasource.password")).split("=", 1)[1]
    (changed / REPOSITORY).write_text(text.replace(new, cipher))
    outcome = run("protect")
    assert outcome.status == 7
    assert f"app.datasource.password: in clear since a run was interrupted; {changed / REPOSITORY} has" in (outcome.err)


def test_a_value_is_known_by_its_place_and_not_by_its_file(
    interrupted: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The targets were exchanged meanwhile: what stands in the unchanged file is another secret."""
    settings = (interrupted / "ciphertool.toml").read_text()
    first, second = ('"$.datasource.password"', '"$.smtp.password"')
    own = settings[: settings.index("[[target]]")]
    for alias, selector in (("app.smtp.password", first), ("app.datasource.password", second)):
        own += f'[[target]]\nfile = "conf/app.yaml"\nselector = {selector}\nalias = "{alias}"\n'
    (interrupted / "ciphertool.toml").write_text(own)
    assert run("protect").status == 0
    swapped = {
        "app.smtp.password": SECRETS["app.datasource.password"],
        "app.datasource.password": SECRETS["app.smtp.password"],
    }
    assert _values(interrupted, monkeypatch) == {**SECRETS, **swapped}


def _garble(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-40])


def _of_another_version(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"ciphertool": 1', b'"ciphertool": 2'))


def _lead_elsewhere(path: Path) -> None:
    path.rename(path.with_name("moved"))
    path.symlink_to("moved")


def _link_twice(path: Path) -> None:
    os.link(path, path.with_name("again"))


def _make_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def _make_directory(path: Path) -> None:
    path.unlink()
    path.mkdir()


def _let_others_write(path: Path) -> None:
    path.chmod(0o622)


def _name_another_repository(path: Path) -> None:
    path.write_bytes(path.read_bytes().replace(b'"vault.properties"', b'"other.properties"'))


def _nest_deeply(path: Path) -> None:
    path.write_bytes(b"[" * 100_000)


def _hold_other_types(path: Path) -> None:
    path.write_bytes(b'{"ciphertool": 1, "repository": 5, "identity": {}, "entries": [], "files": 7}')


@pytest.mark.parametrize(
    ("harm", "reason"),
    [
        (_garble, "is damaged or written by another version"),
        (_of_another_version, "is damaged or written by another version"),
        (_nest_deeply, "is damaged or written by another version"),
        (_hold_other_types, "is damaged or written by another version"),
        (_lead_elsewhere, "cannot be read as a file"),
        (_make_pipe, "cannot be read as a file"),
        (_make_directory, "cannot be read as a file"),
        (_link_twice, "can be changed by more users than the repository"),
        (_let_others_write, "can be changed by more users than the repository"),
        (_name_another_repository, "belongs to another repository in this directory, 'other.properties'"),
    ],
)
def test_a_journal_that_cannot_be_believed_stops_everything(
    interrupted: Path, run: Run, harm: Callable[[Path], None], reason: str
) -> None:
    harm(interrupted / JOURNAL)
    before = _tree(interrupted)
    for arguments in (["protect"], ["protect", "--dry-run"]):
        outcome = run(*arguments)
        assert outcome.status == 7
        assert f"{JOURNAL}: the journal of an interrupted run {reason}" in outcome.err
        assert "remove the journal" in outcome.err
    assert _tree(interrupted) == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root")
def test_a_strangers_journal_is_not_believed(interrupted: Path, run: Run) -> None:
    os.chown(interrupted / JOURNAL, 65534, 65534)
    outcome = run("protect")
    assert outcome.status == 7
    assert "belongs to another user than the repository" in outcome.err
    os.chown(interrupted / REPOSITORY, 65534, 65534)
    assert run("protect").status == 0  # it is the owner's


def test_a_made_up_journal_leads_nowhere(interrupted: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may come with a checkout: no path of it is opened, and no alias of it that nobody names is written."""
    pipe = interrupted / "pipe"
    os.mkfifo(pipe)

    def edit(document: dict[str, Any]) -> None:
        stored, other = (document["entries"][alias] for alias in ("app.smtp.password", "app.datasource.password"))
        document["entries"] = {"app.datasource.password": stored, "not.named": other}
        for path in ("../pipe", "/etc/shadow", "../../../../../etc/passwd", "a\0b"):
            document["files"][path] = document["files"]["../conf/app.yaml"]
        document["files"]["../conf/app.yaml"][0][1] += 1

    _edit_journal(interrupted, edit)
    before = _tree(interrupted)
    outcome = run("protect")
    assert outcome.status == 7
    assert "app.datasource.password: in clear since a run was interrupted" in outcome.err
    assert _tree(interrupted) == before
    (interrupted / REPOSITORY).unlink()
    assert run("protect").status == 0
    assert _values(interrupted, monkeypatch) == SECRETS
    assert "not.named" not in (interrupted / REPOSITORY).read_text()
    assert not (interrupted / JOURNAL).exists()


def test_another_run_is_waited_for(certified: Path, run: Run) -> None:
    descriptor = os.open(certified / "security", os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    if os.fork() == 0:
        time.sleep(1)  # the lock is this process's too
        os._exit(0)
    os.close(descriptor)
    begun = time.monotonic()
    assert run("protect").status == 0
    assert time.monotonic() - begun > 0.9
    os.wait()


def test_a_run_with_nothing_to_do_clears_away_what_is_left(protected: Path, run: Run) -> None:
    left = [protected / "conf" / ".app.yaml.ciphertool-0123456789ab", protected / f"{JOURNAL}.ciphertool-0123456789ab"]
    left[1] = left[1].with_name(f".{left[1].name}")
    other = protected / "conf" / ".theirs.ciphertool-0123456789ab"
    for path in (*left, other):
        path.write_bytes(b"left")
    assert run("protect").status == 0
    assert not any(path.exists() for path in left)
    assert other.exists()


def test_a_journal_is_nobodys_configuration(interrupted: Path, run: Run) -> None:
    shutil.copy(interrupted / JOURNAL, interrupted / "conf" / files.JOURNAL)
    (interrupted / "conf" / ".app.yaml.ciphertool-0123456789ab").write_bytes(b"password: x\n")
    for pattern in ("conf/*", "conf/.*", "**/*", f"conf/{files.JOURNAL}"):
        found = paths(interrupted, pattern, within=True).found
        assert not [path for path in found if "ciphertool-" in path.name], pattern
    report = json.loads(run("audit", "--json", str(interrupted)).out)
    assert not [value for value in report["values"] if "journal" in value["path"]]
    assert not [finding for finding in report["findings"] if "journal" in finding["path"]]


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_git_is_kept_from_it(tmp_path: Path, interrupted: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    git = ["git", "-c", "user.name=t", "-c", "user.email=t@t"]
    subprocess.run([*git, "init", "-q"], check=True, cwd=interrupted)
    assert "git tracks this journal" not in run("protect", "--dry-run").err
    subprocess.run([*git, "add", JOURNAL], check=True, cwd=interrupted)
    assert "git tracks this journal" in run("protect", "--dry-run").err
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", "a keystore password")
    made = tmp_path / "made"
    made.mkdir()
    assert run("init", str(made)).status == 0
    for name in (
        files.JOURNAL,
        f".{files.JOURNAL}.ciphertool-0123456789ab",
        ".vault.properties.ciphertool-0123456789ab",
    ):
        ignored = subprocess.run([*git, "check-ignore", "-q", f"made/security/{name}"], check=False, cwd=interrupted)
        assert ignored.returncode == 0, name


# --- envelopes ---------------------------------------------------------------------------------------------------


@pytest.fixture
def enveloped(certified: Path) -> Path:
    """The project, whose values are to become envelopes."""
    settings = certified / "ciphertool.toml"
    settings.write_text(f'[encryption]\nscheme = "envelope"\n{settings.read_text()}')
    return certified


def _recorded(project: Path) -> set[str]:
    """Return the ciphertexts and the content keys of a journal, as a vault has them."""
    document = json.loads((project / JOURNAL).read_bytes())
    keys = {f"{{{key}}}{one}={token}" for key, found in document["keys"].items() for one, token in found.items()}
    assert len(keys) == 1
    return keys | {f"{alias}={stored}" for alias, (stored, _) in document["entries"].items()}


@pytest.mark.parametrize("saved", [False, True])
def test_envelopes_of_an_interrupted_run_are_completed_with_the_certificate_alone(
    enveloped: Path, run: Run, monkeypatch: pytest.MonkeyPatch, saved: bool
) -> None:
    """Also if the run did not get to write the repository: the journal has the content key too."""
    reached = _after_repository(enveloped) if saved else (enveloped / JOURNAL).exists
    _interrupt(enveloped, reached)
    assert (enveloped / REPOSITORY).exists() == saved
    recorded = _recorded(enveloped)
    assert b"c4n4ry" not in (enveloped / JOURNAL).read_bytes()
    outcome = run("protect")
    assert outcome.status == 0, outcome.err
    assert not (enveloped / JOURNAL).exists()
    assert recorded <= set((enveloped / REPOSITORY).read_text().splitlines())
    assert b"c4n4ry" not in (enveloped / APP).read_bytes()
    assert _values(enveloped, monkeypatch) == SECRETS


@pytest.mark.parametrize("saved", [False, True])
def test_an_envelope_that_replaces_another_is_completed(
    enveloped: Path, run: Run, monkeypatch: pytest.MonkeyPatch, saved: bool
) -> None:
    """The vault has the content key of the earlier run still, which other values need."""
    assert run("protect").status == 0
    (enveloped / APP).write_text(APP_YAML.replace("c4n4ry", "n3w"), encoding="utf-8")
    reached = _after_repository(enveloped) if saved else (enveloped / JOURNAL).exists
    _interrupt(enveloped, reached, "--take", "file")
    outcome = run("protect")
    assert outcome.status == 0, outcome.err
    found = _values(enveloped, monkeypatch)
    assert found == {
        alias: text.replace("c4n4ry", "n3w") if alias.startswith("app.") else text for alias, text in SECRETS.items()
    }


@pytest.mark.parametrize(
    "edit",
    [
        lambda document: document.pop("keys"),
        lambda document: document["keys"].clear(),
        lambda document: next(iter(document["keys"].values())).update(x="c4n4ry"),
        lambda document: next(iter(document["keys"].values())).update(x=["c4n4ry"]),
        lambda document: document.update(keys=[]),
    ],
)
def test_a_journal_without_its_content_keys_is_not_believed(
    enveloped: Path, run: Run, edit: Callable[[dict[str, Any]], None]
) -> None:
    _interrupt(enveloped, (enveloped / JOURNAL).exists)
    _edit_journal(enveloped, edit)
    outcome = run("protect")
    assert outcome.status == 7
    assert "is damaged or written by another version" in outcome.err
    assert "c4n4ry" not in outcome.err
    assert not (enveloped / REPOSITORY).exists()
