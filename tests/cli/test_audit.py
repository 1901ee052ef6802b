"""`ciphertool audit` and `explain` as people and pipelines use them; no value is ever in what they print."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import tomllib
from typing import TYPE_CHECKING, Any

import pytest

from ciphertool.audit.reports import Format
from tests.conftest import APP_YAML

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

VAULT = "security/vault.properties"
SECRET_YAML = "db:\n  password: c4n4ry-more\n"


def _report(run: Run, *arguments: str) -> tuple[int, dict[str, Any]]:
    outcome = run("audit", "--json", *arguments)
    report: dict[str, Any] = json.loads(outcome.out)
    return outcome.status, report


def _rules(report: dict[str, Any]) -> list[str]:
    return [finding["rule"] for finding in report["findings"]]


def _states(report: dict[str, Any]) -> dict[str, str]:
    return {value["alias"]: value["state"] for value in report["values"]}


def test_before_protect_every_target_is_unprotected(project: Path, run: Run) -> None:
    status, report = _report(run, "--config", str(project / "ciphertool.toml"))
    assert status == 1
    assert set(_states(report).values()) == {"unprotected"}
    assert _rules(report).count("CT001") == 4
    assert {"path": "conf/app.yaml", "line": 3}.items() <= report["values"][0].items()


def test_after_protect_everything_is_protected_and_no_password_was_needed(
    protected: Path, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CIPHERTOOL_KEYSTORE_PASSWORD")
    status, report = _report(run)
    assert status == 0, report["findings"]
    assert len(report["values"]) == 4
    assert set(_states(report).values()) == {"protected"}
    assert str(protected) == report["root"]
    assert "CT025" in _rules(report)  # its certificate cannot be read without the password, which is said


def test_a_reference_without_a_secret_dangles_and_a_secret_without_one_is_orphaned(protected: Path, run: Run) -> None:
    file = protected / "conf/app.yaml"
    file.write_text(file.read_text().replace("${sec:app.smtp.password}", "${sec:other}"))
    status, report = _report(run)
    assert status == 1
    assert _states(report)["other"] == "dangling"
    assert _states(report)["app.smtp.password"] == "orphaned"
    assert {"CT006", "CT007", "CT029"} <= set(_rules(report))


def test_a_placeholder_is_listed_and_is_no_failure(protected: Path, run: Run) -> None:
    (protected / "conf/more.yaml").write_text("password: ${env:DB}\n")
    status, report = _report(run)
    assert status == 0
    assert [v["path"] for v in report["values"] if v["state"] == "placeholder"] == ["conf/more.yaml"]


def test_plaintext_beside_a_reference_is_unprotected(protected: Path, run: Run) -> None:
    file = protected / "conf/server.xml"
    file.write_text(file.read_text().replace(">password<", ">c4n4ry<"))
    status, report = _report(run)
    assert status == 1
    assert "CT002" in _rules(report)
    assert _states(report)["server.admin.password"] == "unprotected"


def test_a_repository_value_in_clear_and_a_copied_ciphertext_are_found(protected: Path, run: Run) -> None:
    vault = protected / VAULT
    line = next(line for line in vault.read_text().splitlines() if line.startswith("app.smtp"))
    vault.write_text(vault.read_text() + f"copy={line.partition('=')[2]}\nplain=[c4n4ry]\nbad=nonsense\n")
    _, report = _report(run)
    assert {"CT008", "CT009", "CT020"} <= set(_rules(report))


@pytest.mark.parametrize("name", [name.value for name in Format])
def test_no_report_holds_a_value(project: Path, run: Run, name: str) -> None:
    (project / "conf/pairs.json").write_text(
        '[{"key": "c4n4ryPassword1", "value": "c4n4ry=="}, {"auth": "c4n4rypass=="}]'
    )
    (project / "conf/old.yaml.bak").write_text(SECRET_YAML)
    (project / "conf/x.properties").write_text("# password=c4n4ry\n#c4n4rypassword==\nurl=http://a:c4n4ry@host/\n")
    outcome = run("audit", "--format", name)
    assert outcome.status == 1
    assert outcome.out
    assert "c4n4ry" not in outcome.out + outcome.err


def test_a_baseline_accepts_what_is_there_and_fails_on_what_is_new(project: Path, run: Run) -> None:
    assert run("audit", "--baseline", "accepted.json", "--accept", "a test system").status == 0
    status, report = _report(run, "--baseline", "accepted.json")
    assert status == 0
    assert {f["suppression"]["reason"] for f in report["findings"]} == {"a test system"}
    assert run("audit", "--baseline", "accepted.json", "--no-suppressions").status == 1
    (project / "conf/more.yaml").write_text(SECRET_YAML)
    status, report = _report(run, "--baseline", "accepted.json")
    assert status == 1
    assert [f["path"] for f in report["findings"] if f["suppression"] is None] == ["conf/more.yaml"]


def test_a_baseline_without_a_reason_is_refused(project: Path, run: Run) -> None:
    entry = {"rule": "CT003", "path": "a.yaml", "mark": "0" * 3, "reason": " ", "date": "2026-01-01"}
    document = {"version": "2.0", "marked_by": "0" * 32, "accepted": [entry]}
    (project / "accepted.json").write_text(json.dumps(document))
    outcome = run("audit", "--baseline", "accepted.json")
    assert outcome.status == 3
    assert "entry 1" in outcome.err
    wrongs: list[dict[str, Any]] = [{"marked_by": "0"}, {"marked_by": None}, {"version": "3.0"}, {"accepted": {}}]
    for wrong in wrongs:
        (project / "accepted.json").write_text(json.dumps({**document, **wrong}))
        assert run("audit", "--baseline", "accepted.json").status == 3


@pytest.mark.parametrize("former", ["version", "entry"])
def test_a_baseline_of_an_earlier_version_accepts_nothing_and_says_so(project: Path, run: Run, former: str) -> None:
    file = project / "accepted.json"
    assert run("audit", "--baseline", "accepted.json", "--accept", "known").status == 0
    document = json.loads(file.read_text())
    if former == "version":
        document["version"] = "1.0"
    for entry in document["accepted"]:
        del entry["mark"]
        entry["fingerprint"] = "0" * 32
    file.write_text(json.dumps(document))
    status, report = _report(run, "--baseline", "accepted.json")
    assert status == 1
    assert not [f for f in report["findings"] if f["suppression"]]
    (told,) = [f for f in report["findings"] if f["rule"] == "CT034"]
    assert (told["path"], told["level"]) == ("accepted.json", "note")
    assert f"{len(document['accepted'])} entries of an earlier version" in told["message"]
    assert "--accept" in told["message"]
    assert run("audit", "--baseline", "accepted.json", "--accept", "looked at again").status == 0
    status, report = _report(run, "--baseline", "accepted.json")
    assert status == 0
    assert {f["suppression"]["reason"] for f in report["findings"]} == {"looked at again"}


def test_an_entry_whose_value_is_protected_is_stale_until_it_is_accepted_anew(project: Path, run: Run) -> None:
    assert run("audit", "--baseline", "accepted.json", "--accept", "for now").status == 0
    first = json.loads((project / "accepted.json").read_text())
    assert run("protect").status == 0
    status, report = _report(run, "--baseline", "accepted.json")
    stale = [f["message"] for f in report["findings"] if f["rule"] == "CT034"]
    assert status == 0
    assert len([message for message in stale if message.startswith("CT001 at conf/app.yaml ")]) == 2
    assert all("no more found" in message for message in stale)
    assert len({f["fingerprint"] for f in report["findings"]}) == len(report["findings"])
    _, report = _report(run, "conf/app.yaml", "--baseline", "accepted.json")
    assert "CT034" not in _rules(report)  # of a part it is not known what is gone
    assert run("audit", "--baseline", "accepted.json", "--accept", "later").status == 0
    last = json.loads((project / "accepted.json").read_text())
    assert last["marked_by"] == first["marked_by"]
    assert {entry["rule"] for entry in first["accepted"]} > {entry["rule"] for entry in last["accepted"]}
    _, report = _report(run, "--baseline", "accepted.json")
    assert "CT034" not in _rules(report)


def test_a_declared_value_beside_or_without_a_reference_is_noticed_if_it_changes(protected: Path, run: Run) -> None:
    yaml, xml = protected / "conf/app.yaml", protected / "conf/server.xml"
    yaml.write_text(yaml.read_text().replace("${sec:app.smtp.password}", "kX9tea4two7Lq"))
    xml.write_text(xml.read_text().replace(">password<", ">kX9tea4two7Lq<"))
    vault = protected / VAULT
    vault.write_text(vault.read_text() + "plain=[kX9tea4two7Lq]\n")
    assert run("audit", "--baseline", "accepted.json", "--accept", "for now").status == 0
    for file, rule in ((yaml, "CT001"), (xml, "CT002"), (vault, "CT008")):
        before = file.read_text()
        accepted = json.loads((protected / "accepted.json").read_text())
        assert accepted["marked_by"] != "0" * 32
        file.write_text(before.replace("kX9tea4two7Lq", "Zq8vN2mK5xWt7"))
        status, report = _report(run, "--baseline", "accepted.json")
        assert status == 1, rule
        assert rule in [f["rule"] for f in report["findings"] if f["suppression"] is None]
        file.write_text(before)
    assert run("audit", "--baseline", "accepted.json").status == 0


def test_what_was_accepted_before_keeps_its_reason(project: Path, run: Run) -> None:
    assert run("audit", "--baseline", "accepted.json", "--accept", "first").status == 0
    (project / "conf/more.yaml").write_text(SECRET_YAML)
    assert run("audit", "--baseline", "accepted.json", "--accept", "second").status == 0
    reasons = {e["path"]: e["reason"] for e in json.loads((project / "accepted.json").read_text())["accepted"]}
    assert reasons["conf/more.yaml"] == "second"
    assert reasons["conf/app.yaml"] == "first"


def test_what_only_history_shows_is_not_stale_without_it(protected: Path, run: Run) -> None:
    entry = {"rule": "CT022", "path": "conf/app.yaml", "mark": "abc", "reason": "known", "date": "2026-01-01"}
    document = {"version": "2.0", "marked_by": "0" * 32, "accepted": [entry]}
    (protected / "accepted.json").write_text(json.dumps(document))
    assert "CT034" not in _rules(_report(run, "--baseline", "accepted.json")[1])
    assert run("audit", "--baseline", "accepted.json", "--accept", "more").status == 0
    assert entry | {"selector": None} in json.loads((protected / "accepted.json").read_text())["accepted"]


def test_a_comment_allows_one_rule_on_its_line_for_a_reason(protected: Path, run: Run) -> None:
    file = protected / "conf/more.yaml"
    file.write_text("db:\n  password: c4n4ry  # ciphertool: allow CT003 a public demo account\n")
    status, report = _report(run)
    assert status == 0
    (finding,) = [f for f in report["findings"] if f["path"] == "conf/more.yaml" and f["rule"] == "CT003"]
    assert finding["suppression"] == {"kind": "inline", "reason": "a public demo account", "date": None}
    assert run("audit", "--no-suppressions").status == 1
    for nothing in ("allow CT003", "allow CT003 -->", "allow CT004 another rule", "allow CT999 no rule"):
        file.write_text(f"db:\n  password: c4n4ry  # ciphertool: {nothing}\n")
        assert run("audit").status == 1
    file.write_text("db:\n  # ciphertool: allow unprotected-secret a demo\n  password: c4n4ry\n")
    assert run("audit").status == 0


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("yaml", 'password: "c4n4ry-7d1f # {allow}"\n'),
        ("yaml", "a: |\n  b\n  # {allow}\npassword: c4n4ry-7d1f\n"),
        ("xml", '<a password="c4n4ry-7d1f # {allow}"/>'),
        ("properties", "password = c4n4ry-7d1f # {allow}\n"),
        ("json", '{{"a": ["# {allow}"], "password": "c4n4ry-7d1f"}}'),
    ],
)
def test_what_stands_in_a_value_allows_nothing(tmp_path: Path, run: Run, name: str, text: str) -> None:
    (tmp_path / f"a.{name}").write_text(text.format(allow="ciphertool: allow CT003 no comment at all"))
    assert run("audit", str(tmp_path)).status == 1


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("yaml", 'password: "c4n4ry-7d1f" # {allow}\n'),
        ("xml", "<a><password>c4n4ry-7d1f</password><!-- {allow} --></a>"),
        ("properties", "# {allow}\npassword = c4n4ry-7d1f\n"),
        ("json", '{{"password": "c4n4ry-7d1f" /* {allow} */}}'),
        ("conf", "password = c4n4ry-7d1f # {allow}\n"),
    ],
)
def test_a_comment_of_any_format_allows(tmp_path: Path, run: Run, name: str, text: str) -> None:
    (tmp_path / f"a.{name}").write_text(text.format(allow="ciphertool: allow CT003 a demo account"))
    assert run("audit", str(tmp_path)).status == 0
    assert run("audit", str(tmp_path), "--no-suppressions").status == 1


def test_fail_on_sets_the_threshold(protected: Path, run: Run) -> None:
    (protected / "conf/more.yaml").write_text(SECRET_YAML)
    assert run("audit", "--fail-on", "warning").status == 1
    assert run("audit", "--fail-on", "error").status == 0


def test_several_outputs_are_written_at_once(project: Path, run: Run) -> None:
    outcome = run("audit", "-o", "r.json", "-o", "r.sarif", "-o", "r.html", "-o", "r.csv", "-o", "r.md")
    assert outcome.status == 1
    assert outcome.out == ""
    assert json.loads((project / "r.sarif").read_text())["version"] == "2.1.0"
    assert json.loads((project / "r.json").read_text())["version"] == "1.3"


def test_targets_that_are_proposed_can_be_protected(protected: Path, run: Run) -> None:
    (protected / "conf/more.yaml").write_text(SECRET_YAML)
    (protected / "conf/users.xml").write_text('<u><user name="a" password="c4n4ry-u"/></u>')
    proposed = run("audit", "--write-targets")
    assert proposed.status == 0
    with (protected / "ciphertool.toml").open("a") as settings:
        settings.write("\n" + proposed.out)
    assert run("protect").status == 0
    assert "c4n4ry" not in (protected / "conf/more.yaml").read_text() + (protected / "conf/users.xml").read_text()
    assert run("audit").status == 0
    assert run("audit", "--write-targets").out == ""


def test_targets_are_proposed_by_name(protected: Path, run: Run) -> None:
    (protected / "conf/values.yaml").write_text(
        "env:\n- {name: user, value: app}\n- {name: nacos_password, value: c4n4ry-7d1f-a}\n"
        "users: [{id: 7, password: c4n4ry-7d1f-b}, {id: 8, password: c4n4ry-7d1f-c}]\n"
    )
    (protected / "conf/realm.xml").write_text(
        '<R><Property name="ConnectionName">app</Property><Property name="ConnectionPassword">c4n4ry-7d1f</Property>'
        "<server><id>a</id><password>c4n4ry-7d1e</password></server>"
        "<server><id>b</id><password>c4n4ry-7d1d</password></server></R>"
    )
    proposed = run("audit", "--write-targets").out
    assert {target["selector"]: target["alias"] for target in tomllib.loads(proposed)["target"]} == {
        "$.env[?@.name=='nacos_password'].value": "values.nacos_password",
        "$.users[?@.id==7].password": "values.users.7.password",
        "$.users[?@.id==8].password": "values.users.8.password",
        "/R/Property[@name='ConnectionPassword']": "realm.ConnectionPassword",
        "/R/server[id='a']/password": "realm.a.password",
        "/R/server[id='b']/password": "realm.b.password",
    }
    with (protected / "ciphertool.toml").open("a") as settings:
        settings.write("\n" + proposed)
    assert run("protect").status == 0
    assert run("audit").status == 0
    assert run("audit", "--write-targets").out == ""


def test_targets_are_proposed_for_what_the_settings_can_name(protected: Path, run: Run) -> None:
    (protected / "conf/more[1].yaml").write_text(SECRET_YAML)
    (protected / os.fsdecode(b"conf/bad\xff.yaml")).write_text(SECRET_YAML)
    inner = protected / "a/inner"
    inner.mkdir(parents=True)
    shutil.copy(protected / "ciphertool.toml", inner)
    (inner / "app.yaml").write_text(SECRET_YAML)
    proposed = run("audit", "--write-targets")
    assert [target["file"] for target in tomllib.loads(proposed.out)["target"]] == ["conf/more[[]1].yaml"]
    assert proposed.err.splitlines() == [
        "warning: left out: a/inner: has settings of its own, where its targets belong; audit it by itself",
        "warning: left out: conf/bad\\udcff.yaml:2: has a name that is no Unicode text, which no target can hold",
        "note: targets: 1",
    ]
    with (protected / "ciphertool.toml").open("a") as settings:
        settings.write("\n" + proposed.out)
    assert run("protect").status == 0
    assert "c4n4ry" not in (protected / "conf/more[1].yaml").read_text()


def test_the_help_shows_what_is_printed(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    assert "Print [[target]] tables" in run("audit", "--help").out


def test_decrypt_tells_a_damaged_value_and_one_that_stands_in_clear_elsewhere(protected: Path, run: Run) -> None:
    (protected / "conf/copy.properties").write_text("note=c4n4ry-yaml-1\n")
    vault = protected / VAULT
    lines = vault.read_text().splitlines()
    damaged = next(n for n, line in enumerate(lines) if line.startswith("server.admin"))
    middle = len(lines[damaged]) // 2
    swapped = "A" if lines[damaged][middle] != "A" else "B"
    lines[damaged] = lines[damaged][:middle] + swapped + lines[damaged][middle + 1 :]
    vault.write_text("\n".join(lines) + "\n")
    assert "CT026" not in _rules(_report(run)[1])
    status, report = _report(run, "--decrypt")
    assert status == 1
    assert {"CT021", "CT026"} <= set(_rules(report))
    assert "c4n4ry" not in json.dumps(report)


def _git(directory: Path, *arguments: str) -> None:
    identity = ("-c", "user.name=t", "-c", "user.email=t@example.org")
    subprocess.run(["git", *identity, *arguments], cwd=directory, check=True, capture_output=True)


def test_history_tells_where_a_protected_secret_stood_in_clear(project: Path, run: Run) -> None:
    _git(project, "init", "-q")
    _git(project, "add", "conf")
    _git(project, "commit", "-q", "-m", "clear")
    assert run("protect").status == 0
    assert "CT022" not in _rules(_report(run)[1])
    status, report = _report(run, "--history")
    assert status == 1
    found = [finding["message"] for finding in report["findings"] if finding["rule"] == "CT022"]
    assert len(found) == 4
    _git(project, "commit", "-q", "-a", "-m", "protected")
    assert all("in 1 earlier version, last" in message for message in found)
    assert _report(run, "--history")[1]["findings"] == report["findings"]


def test_a_history_that_is_not_there_is_a_finding(protected: Path, run: Run) -> None:  # noqa: ARG001
    status, report = _report(run, "--history")
    assert status == 1
    found = [finding for finding in report["findings"] if "history" in finding["message"]]
    assert len(found) == 2  # of the files that hold secrets, and of the primary key
    for finding in found:
        assert (finding["rule"], finding["level"]) == ("CT024", "warning")
        assert "is not wholly judged: git failed" in finding["message"]


def test_staged_judges_what_the_next_commit_holds(protected: Path, run: Run) -> None:
    _git(protected, "init", "-q")
    _git(protected, "add", "conf")
    assert run("audit", "--staged").status == 0
    file = protected / "conf/app.yaml"
    after = file.read_text()
    file.write_text(APP_YAML)
    assert run("audit", "--staged").status == 0
    _git(protected, "add", "conf")
    file.write_text(after)
    status, report = _report(run, "--staged")
    assert status == 1
    assert _rules(report).count("CT001") == 2


def test_what_git_ignores_is_counted_and_looked_at_on_request(protected: Path, run: Run) -> None:
    _git(protected, "init", "-q")
    (protected / ".gitignore").write_text("local.yaml\n")
    (protected / "local.yaml").write_text(SECRET_YAML)
    status, report = _report(run)
    assert status == 0
    assert {"reason": "ignored by git", "count": 1, "examples": ["local.yaml"]} in report["skipped"]
    assert run("audit", "--no-suppressions").status == 1


def test_a_directory_without_settings_is_audited_too(tmp_path: Path, run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.yaml").write_text(SECRET_YAML)
    (tmp_path / "b.yaml").write_text("password: ${sec:x}\n")
    status, report = _report(run, str(tmp_path))
    assert status == 1
    assert [(v["path"], v["state"]) for v in report["values"]] == [("a.yaml", "unprotected"), ("b.yaml", "unjudged")]


def test_a_link_does_not_lead_out_of_the_tree(tmp_path: Path, run: Run) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside/a.yaml").write_text(SECRET_YAML)
    (tmp_path / "tree").mkdir()
    (tmp_path / "tree/link").symlink_to(tmp_path / "outside")
    (tmp_path / "tree/file.yaml").symlink_to(tmp_path / "outside/a.yaml")
    os.mkfifo(tmp_path / "tree/pipe.yaml")
    status, report = _report(run, str(tmp_path / "tree"))
    assert status == 0
    assert {item["reason"]: item["count"] for item in report["skipped"]} == {"link": 2, "no regular file": 1}


def test_an_open_repository_is_told(protected: Path, run: Run) -> None:
    (protected / VAULT).chmod(0o666)
    assert VAULT in [f["path"] for f in _report(run)[1]["findings"] if f["rule"] == "CT017"]


def test_a_password_beside_the_keystore_is_told(protected: Path, run: Run) -> None:
    (protected / "security/keystore-password").write_text("c4n4ry\n")
    assert "CT018" in _rules(_report(run)[1])


def test_explain_says_what_a_rule_means(run: Run) -> None:
    outcome = run("explain", "ct016")
    assert outcome.status == 0
    assert outcome.out.startswith("CT016 public-default-key (error, CWE-1394)")
    assert run("explain", "CT999").status == 2
    assert "CT001" in run("explain").out


def test_git_diff_shows_which_alias_changed(protected: Path, run: Run) -> None:
    before = run("textconv", VAULT).out
    (protected / "conf/app.yaml").write_text(APP_YAML.replace("c4n4ry-yaml-1", "c4n4ry-new"), encoding="utf-8")
    assert run("protect", "--take", "file").status == 0
    after = run("textconv", VAULT).out
    changed = set(before.splitlines()) ^ set(after.splitlines())
    assert {line.partition(":")[0] for line in changed} == {"app.datasource.password"}
    assert "ENC[" not in after


@pytest.mark.parametrize("link", [False, True])
def test_a_target_does_not_lead_out_of_the_tree(protected: Path, run: Run, link: bool) -> None:
    outside = protected.parent / f"{protected.name}-outside.yaml"
    outside.write_text(SECRET_YAML)
    if link:
        (protected / "conf/linked.yaml").symlink_to(outside)
    file = "conf/linked.yaml" if link else f"../{outside.name}"
    with (protected / "ciphertool.toml").open("a") as settings:
        settings.write(f'\n[[target]]\nfile = "{file}"\nselector = "$.db.password"\nalias = "x"\n')
    status, report = _report(run)
    assert status == 1
    assert "x" not in _states(report)
    (finding,) = [f for f in report["findings"] if f["level"] == "warning"]
    assert (finding["rule"], finding["message"]) == (
        "CT024",
        "the target 'x' of this vault leads out of the tree; not looked at",
    )
