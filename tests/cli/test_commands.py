"""The commands: each is listed as its docstring begins, and none is imported before it is called."""

from __future__ import annotations

import inspect
import subprocess
import sys
from importlib import import_module

import pytest

from ciphertool.cli.commands import COMMANDS, GROUPS, Listed

NESTED = [(group, name) for group, commands in GROUPS.items() for name in commands]
LISTED = [*COMMANDS.values(), *(GROUPS[group][name] for group, name in NESTED)]
LISTED = [listed for listed in LISTED if ":" in listed.place]


@pytest.mark.parametrize("listed", LISTED, ids=lambda listed: listed.place)
def test_a_command_is_listed_as_its_docstring_begins(listed: Listed) -> None:
    module, _, name = listed.place.partition(":")
    docstring = inspect.getdoc(getattr(import_module(f"ciphertool.cli.{module}"), name)) or ""
    assert " ".join(docstring.split()).startswith(listed.summary)


@pytest.mark.parametrize(("of", "name"), NESTED)
def test_the_help_of_a_command_in_a_group_has_examples_of_it(of: str, name: str) -> None:
    command = [sys.executable, "-m", "ciphertool", of, name]
    shown = subprocess.run([*command, "--help"], capture_output=True, text=True, check=True).stdout
    examples = shown.partition("Examples:\n")[2].partition("\n\n")[0].splitlines()
    assert examples
    for example in examples:
        program, group, own, *arguments = example.split()
        assert (program, group, own) == ("ciphertool", of, name)
        assert all(shown.count(f"{argument} ") > 1 for argument in arguments if argument.startswith("-"))
        tried = subprocess.run([*command, *arguments, "--help"], capture_output=True, text=True, check=False)
        assert (tried.returncode, tried.stdout) == (0, shown)


def _loaded(*arguments: str) -> set[str]:
    """Return the modules that a run of the program has imported at its end."""
    program = (
        "import sys\nfrom ciphertool.cli import main\n"
        f"sys.argv = ['ciphertool', *{arguments!r}]\n"
        "try: main()\nexcept SystemExit: pass\n"
        "sys.stderr.write('\\n' + ' '.join(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    return set(done.stderr.splitlines()[-1].split())


def _present(loaded: set[str], *names: str) -> list[str]:
    return [module for module in loaded for name in names if module == name or module.startswith(f"{name}.")]


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["keystore", "--help"]])
def test_what_opens_no_vault_imports_no_command(arguments: list[str]) -> None:
    loaded = _loaded(*arguments)
    own = {module for module in loaded if module.startswith("ciphertool.")}
    assert own - {"ciphertool.cli.streams", "ciphertool.core_dumps"} == {
        "ciphertool.cli",
        "ciphertool.cli.app",
        "ciphertool.cli.commands",
        "ciphertool.cli.help_text",
        "ciphertool.cli.misuse",
    }
    assert _present(loaded, "rich", "cryptography", "json", "lxml", "ruamel", "jinja2", "jsonpath_rfc9535") == []
    assert "typer" in loaded


@pytest.mark.usefixtures("protected")
def test_getting_a_secret_imports_neither_other_commands_nor_parsers() -> None:
    loaded = _loaded("get", "app.smtp.password")
    assert "cryptography.hazmat.primitives.asymmetric.rsa" in loaded, "the vault was opened"
    unwanted = ["rich", "lxml", "ruamel", "jsonpath_rfc9535", "jinja2", "Cryptodome", "multiprocessing"]
    unwanted += [f"ciphertool.{name}" for name in ("audit", "detection", "changes", "protection", "run")]
    assert _present(loaded, *unwanted) == []
    assert _present(loaded, "ciphertool.rewriters.xml", "ciphertool.rewriters.yaml") == []
