"""scripts/measure-real and scripts/label-real, on a made repository with made labels."""

from __future__ import annotations

import hashlib
import importlib
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest

SCRIPTS = Path(__file__).resolve().parents[2] / "scripts"
PROGRAM = str(Path(sys.executable).with_name("ciphertool"))
LINES = ["password: hunter2-Zx9k", "adminPassword: tr0ub4dor&3", "colour: blue", "# password: hunter2-Zx9k", "size: 3"]


def run(script: str, *arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, SCRIPTS / script, "--ciphertool", PROGRAM, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def digest(text: str, path: str = "app.yaml") -> str:
    return hashlib.blake2b(f"{path}\0{text}".encode(), key=b"acme/shop", digest_size=8).hexdigest()


@pytest.fixture
def checkouts(tmp_path: Path) -> Path:
    (tmp_path / "real" / "acme+shop").mkdir(parents=True)
    (tmp_path / "real" / "acme+shop" / "app.yaml").write_text("\n".join(LINES) + "\n")
    (tmp_path / "real" / "acme+shop" / "README.md").write_text("postgres://app:hunter2-Zx9k@db/app\n")
    return tmp_path / "real"


def label(checkouts: Path, name: str, *rows: tuple[str, str, str, float]) -> Path:
    file = checkouts.parent / "labels" / name / "acme+shop.tsv"
    file.parent.mkdir(parents=True)
    lines = ["\t".join(map(str, row)) for row in (("digest", "label", "kind", "weight"), *rows)]
    file.write_text("\n".join(["# acme/shop@0123456789abcdef", *lines]) + "\n")
    return checkouts.parent / "labels"


def test_precision_and_recall_are_sums_of_weights(checkouts: Path) -> None:
    labels = label(
        checkouts,
        "tuning",
        (digest(LINES[0]), "true", "password", 4),
        (digest(LINES[1]), "false", "password", 1),
        (digest(LINES[2]), "true", "other", 2),
        (digest(LINES[3]), "true", "comment", 8),
        (digest("postgres://app:hunter2-Zx9k@db/app", "README.md"), "example", "url", 1),
    )
    done = run("measure-real", checkouts, "--labels", labels, "--json")
    assert done.returncode == 0, done.stderr
    figures = json.loads(done.stdout)["tuning"]
    assert figures["to_find"] == 6  # neither the comment nor the example
    name = {"reported": 2, "read": 2, "precision": 4 / 5, "strict": 4 / 5, "recall": 4 / 6}
    mean = {"mean_precision": 4 / 5, "mean_recall": 4 / 6}
    assert figures["rows"]["name"] == name | mean
    assert figures["rows"]["ciphertool"] == name | mean
    repository = figures["repositories"]["acme+shop"]["rows"]
    assert repository["name"] == name
    assert repository["other files"] == {"reported": 1, "read": 1, "precision": 1, "strict": None, "recall": 0}


def test_what_was_missed_or_found_wrongly_is_listed(checkouts: Path) -> None:
    labels = label(
        checkouts, "tuning", (digest(LINES[1]), "false", "password", 1), (digest(LINES[2]), "true", "other", 2)
    )
    listed = run("measure-real", checkouts, "--labels", labels, "--show").stderr
    assert "wrong, name: acme/shop:app.yaml:2 (1)" in listed
    assert "missed: acme/shop:app.yaml:3 (2)" in listed


def test_nothing_of_the_held_out_set_is_listed(checkouts: Path) -> None:
    labels = label(checkouts, "held-out", (digest(LINES[2]), "true", "other", 2))
    done = run("measure-real", checkouts, "--labels", labels, "--show")
    assert done.returncode == 1
    assert "colour" not in done.stdout + done.stderr


def test_another_commit_than_the_labelled_one_is_refused(checkouts: Path) -> None:
    labels = label(checkouts, "tuning", (digest("colour: green"), "true", "other", 2))
    done = run("measure-real", checkouts, "--labels", labels)
    assert done.returncode == 1
    assert "none of the labelled lines is there" in done.stderr


def test_marks_of_a_sheet_become_labels(tmp_path: Path) -> None:
    (tmp_path / "sheet").write_text(
        "== app.yaml\n   1 password: hunter2-Zx9k\n--- do not read on: number, digest, weight, kind of acme/shop\n"
        "1 00000000000000d1 2.5 password\n2 00000000000000d2 1 url\n3 00000000000000d3 1 password\n"
        "4 00000000000000d4 1 password\n5 00000000000000d5 1 name\n"
    )
    (tmp_path / "marks").write_text("t 1 3-4\ne 2\nb 3\nc 4\n")
    done = run("label-real", "take", tmp_path / "sheet", "0123456789abcdef", tmp_path / "marks")
    assert done.stdout.splitlines() == [
        "# acme/shop@0123456789abcdef",
        "digest\tlabel\tkind\tweight",
        "00000000000000d1\ttrue\tpassword\t2.5",
        "00000000000000d2\texample\turl\t1",
        "00000000000000d3\ttrue\tblock\t1",
        "00000000000000d4\ttrue\tcomment\t1",
        "00000000000000d5\tfalse\tname\t1",
    ]


def test_what_a_later_version_reports_and_no_sheet_could_have_had_has_a_sheet_of_its_own(checkouts: Path) -> None:
    earlier = checkouts.parent / "earlier"
    earlier.write_text("""#!/bin/sh\necho '{"values": [], "findings": []}'\n""")
    earlier.chmod(0o755)
    rows = {}
    for before in (earlier, PROGRAM):
        # A program that prints nothing stands for a detect-secrets that reports nothing.
        done = run("label-real", "--python", "true", "--before", before, "sheet", checkouts / "acme+shop")
        rows[before] = done.stdout.splitlines()
    assert [row for row in rows[earlier] if row.startswith("==")] == ["== README.md"]
    assert rows[earlier][-1].split() == ["1", digest("postgres://app:hunter2-Zx9k@db/app", "README.md"), "1", "url"]
    assert rows[PROGRAM] == ["--- do not read on: number, digest, weight, kind of acme/shop"]


def test_labels_are_kept_beside_those_taken(tmp_path: Path) -> None:
    (tmp_path / "sheet").write_text("--- do not read on: number, digest, weight, kind of acme/shop\n1 d1 2 url\n")
    (tmp_path / "marks").write_text("t 1\n")
    labels = label(tmp_path / "checkouts", "tuning", ("d0", "false", "name", 1.5)) / "tuning" / "acme+shop.tsv"
    done = run("label-real", "--beside", labels, "take", tmp_path / "sheet", "0123456789abcdef", tmp_path / "marks")
    assert done.stdout.splitlines()[2:] == ["d0\tfalse\tname\t1.5", "d1\ttrue\turl\t2"]


def test_a_line_of_one_long_word_takes_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(SCRIPTS)
    kind_of = importlib.import_module("real_data").kind_of
    start = time.process_time()
    assert kind_of(f'"data": "{"Zm9v" * 10_000}"') is None
    assert kind_of(f"{'Zm9v' * 10_000} amqp://app:hunter2@queue") == "url"
    assert time.process_time() - start < 2


def test_the_committed_labels_hold_digests_alone() -> None:
    files = sorted((SCRIPTS.parent / "tests" / "vectors" / "labels").glob("*/*.tsv"))
    assert len([file for file in files if file.parent.name == "held-out"]) >= 10
    for file in files:
        head, columns, *rows = file.read_text().splitlines()
        assert head.startswith(f"# {file.stem.replace('+', '/', 1)}@")
        assert columns == "digest\tlabel\tkind\tweight"
        for row in rows:
            digest_, label_, kind, weight = row.split("\t")
            assert len(bytes.fromhex(digest_)) == 8
            assert label_ in ("true", "example", "false")
            assert kind.isalpha()
            assert float(weight) >= 1
