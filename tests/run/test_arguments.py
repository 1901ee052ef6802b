"""Where a command names a file: every spelling of its path, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from ciphertool.run.arguments import replaced

PLACE = Path("/memory/0/app.yaml")


@pytest.mark.parametrize(
    ("argument", "expected"),
    [
        ("conf/app.yaml", "{}"),
        ("./conf/app.yaml", "{}"),
        ("conf/../conf//app.yaml", "{}"),
        ("{here}/conf/app.yaml", "{}"),
        ("--config=conf/app.yaml", "--config={}"),
        ("-Dconfig=x=./conf/app.yaml", "-Dconfig=x={}"),
        ("--spring.config.location=file:conf/app.yaml", "--spring.config.location=file:{}"),
        ("--spring.config.location=file:./conf/app.yaml", "--spring.config.location=file:{}"),
        ("--spring.config.location=file://{here}/conf/app.yaml", "--spring.config.location=file://{}"),
        ("-Dc=classpath:/,optional:file:conf/app.yaml;file:b", "-Dc=classpath:/,optional:file:{};file:b"),
        ("conf/app.yaml,conf/b.yaml", "{},conf/b.yaml"),
    ],
)
def test_a_spelling_is_replaced(argument: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for path in (Path("conf/app.yaml"), tmp_path / "conf/app.yaml"):
        found = replaced(["java", argument.format(here=tmp_path), "x"], path, PLACE)
        assert found == ["java", expected.format(PLACE), "x"]


@pytest.mark.parametrize(
    "argument",
    [
        "conf",
        "conf/",
        "app.yaml",
        "conf/app.yaml.bak",
        "myconf/app.yaml",
        "classpath:conf/app.yaml",
        "file://host/app.yaml",
        "",
        "=",
        "--config",
        "file:",
        "http://conf/app.yaml",
    ],
)
def test_what_names_another_file_stays(argument: str) -> None:
    command = ["conf/app.yaml", argument]  # and the command itself is not one of its arguments
    assert replaced(command, Path("conf/app.yaml"), PLACE) == command


def test_a_path_may_hold_what_separates_others() -> None:
    for path in (Path("a=b,c.yaml"), Path("a;b.yaml")):
        assert replaced(["c", str(path), f"--f={path}"], path, PLACE) == ["c", str(PLACE), f"--f={PLACE}"]


def test_the_working_directory_is_the_one_of_the_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert replaced(["c", str(tmp_path / "f")], Path("f"), PLACE) == ["c", str(PLACE)]
