"""HCL: the same bodies as python-hcl2 reads, the same strings as Terraform evaluates, and every byte back."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from typing import TYPE_CHECKING, Any

import hcl2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ciphertool.errors import ConfigSyntaxError, SelectorError, UnrepresentableValueError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters.base import Change, rewrite
from ciphertool.rewriters.hcl import HclRewriter
from ciphertool.testing import RewriterContract

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

REWRITER = HclRewriter()
TERRAFORM = shutil.which("terraform")
_PIECES = ("a", "$", "$$", "{", "}", "%", '"', "\\", "\n", "\t", "é", "😀", "u0041", "EOT", "#", "//", " ", "'", "x}")
_VALUES = st.lists(st.sampled_from(_PIECES), max_size=8).map("".join)


def _leaves(node: Any, path: str = "$") -> Iterator[tuple[str, Any]]:
    if isinstance(node, dict):
        for key, child in node.items():
            if key != "__is_block__":
                name = key[1:-1] if key.startswith('"') else key
                yield from _leaves(child, f"{path}['{name}']")
    elif isinstance(node, list):
        blocks = all(isinstance(each, dict) and "__is_block__" in json.dumps(each) for each in node)
        for index, child in enumerate(node):
            yield from _leaves(child, path if blocks and len(node) == 1 else f"{path}[{index}]")
    else:
        yield path, node


def _string(spelled: str) -> str | None:
    """What a string stands for that python-hcl2 returns as it is spelled; None for a template."""
    if not spelled.startswith('"') or re.search(r"(?<!\$)\$\{|(?<!%)%\{", spelled):
        return None
    text: str = json.loads(re.sub(r"\\U000(.)(....)", lambda m: json.dumps(chr(int(m[1] + m[2], 16)))[1:-1], spelled))
    return text.replace("$${", "${").replace("%%{", "%{")


class TestContract(RewriterContract):
    rewriter = REWRITER
    documents = (
        b'# c\nregion = "eu" // d\n/* e\n*/ db_password="s3\\"cret $x" # f\nn = 12\nlist = ["a", /* x */ "b",\n "c"]\n',
        b'resource "aws_db" "main" {\n  password = "p" \n  tags = { k = "v", "q" = "w"\n r : "s" }\n  o = var.x\n}\n',
        b'release r {\n  set {\n    name = "a"\n    value = "1"\n  }\n  set {\n    name = "b"\n    value = "2"\n  }\n}',
        b'\xef\xbb\xbfa = "\\u00e9\\n"\r\nb { c = "d" }\r\nt = true ? "x" : "y"\r\nw = "w\xc3\xb6rd $${x} %%{y}"\r\n',
        b'a = jsonencode({\n  b = "c"\n})\nd = [for x in ["e"] : x]\nf = "g${h}"\ni = "j"\nk = -1.5e3\nl = null\n',
    )
    damaged = (
        b'a = "c4n4ry-7d1f\n',
        b'a = "c4n4ry-7d1f',
        b"a = <<EOT\nc4n4ry-7d1f\n",
        b'a { b = "c4n4ry-7d1f"\n',
        b'"c4n4ry-7d1f" = 1\n',
        b"c4n4ry-7d1f\n",
        b'a = "c4n4ry-7d1f"\na = "b"\n',
        b'a = "c4n4ry-7d1f\\q"\n',
        b"a = \n",
        b'a = "${c4n4ry-7d1f"\n',
        b"a = (c4n4ry-7d1f\n",
        b"}\n",
        b"\xff",
        b"a = " + b"[" * 3000,
        b"a {\n" * 3000,
        b'a = "' + b'${"' * 3000,
    )

    def reference_values(self, data: bytes) -> Mapping[str, str]:
        text = data.decode("utf-8-sig").replace("\r\n", "\n")
        found = dict(_leaves(hcl2.loads(text if text.endswith("\n") else text + "\n")))
        values = {path: _string(value) for path, value in found.items() if isinstance(value, str)}
        return {path: value for path, value in values.items() if value is not None}


def _evaluated(directory: Path, text: str) -> Any:
    (directory / "main.tf").write_bytes(f"locals {{\n{text}}}\n".encode())
    environment = {**os.environ, "TF_CLI_CONFIG_FILE": os.devnull, "CHECKPOINT_DISABLE": "1"}
    asked = "jsonencode({" + ",".join(f"{name}=local.{name}" for name in REWRITER.parse(text.encode()).data) + "})"
    run = subprocess.run(
        [TERRAFORM or "", "console"], input=asked, cwd=directory, env=environment, capture_output=True, text=True
    )
    assert run.returncode == 0, run.stderr + run.stdout
    return json.loads(json.loads(run.stdout))


@pytest.mark.skipif(TERRAFORM is None, reason="no terraform to judge by")
def test_strings_are_what_terraform_makes_of_them(tmp_path: Path) -> None:
    text = (
        'a = "x$${y} \\u00e9 \\" \\\\ %%{z} $x % {"\nb = "$$${q}"\nc = "\\u0024{x}"\nl = "\\U0001F600 \\t$"\n'
        'd = <<EOT\n line $${a}\n   two\\n "x"\nEOT\n'
        "e = <<-EOT\n      one\n        two\n\n   \n      \tthree\n    EOT\n"
        'f = { k = "v", "l m" : [1, "s",] }\ng = <<-X\n\ttab\n\t  tab2\n\tX\nh = <<A\nA\n'
    )
    assert _evaluated(tmp_path, text) == REWRITER.parse(text.encode()).data


@pytest.mark.skipif(TERRAFORM is None, reason="no terraform to judge by")
def test_what_is_written_is_what_terraform_reads(tmp_path: Path) -> None:
    pieces = ["", "${", "$${", "%{x}", "$%{", '"\\', "\n\t\r", "é😀\u2028", "\\u0041", "\x01", "$", "%%", "${}$"]
    values = {f"v{n}": one + other for n, (one, other) in enumerate((a, b) for a in pieces for b in pieces)}
    document = REWRITER.parse("".join(f'{name} = "x"\n' for name in values).encode())
    written = rewrite(REWRITER, document, [Change(site, values[site.key]) for site in document.sites()])
    assert _evaluated(tmp_path, written.decode()) == values


@given(_VALUES)
def test_any_value_is_read_back(value: str) -> None:
    document = REWRITER.parse(b'a = "x"\nb = "y"\n')
    site = next(document.sites())
    assert REWRITER.parse(rewrite(REWRITER, document, [Change(site, value)])).data == {"a": value, "b": "y"}


@pytest.mark.parametrize(
    ("text", "selector", "reason"),
    [
        (b'a = "x-${var.b}"\n', "$.a", "a has a template, ${…} or %{…}"),
        (b"a = <<E\n%{if x}y%{endif}\nE\n", "$.a", "a has a template, ${…} or %{…}"),
        (b"a = var.b\n", "$.a", "a is an expression, not a string"),
        (b'a = upper("c4n4ry")\n', "$.a", "a is an expression, not a string"),
        (b"a = 1\n", "$.a", "a is a number; write it as a string first"),
        (b'a { b = "c" }\n', "$.a", "a is a table"),
    ],
)
def test_what_is_refused(text: bytes, selector: str, reason: str) -> None:
    found = REWRITER.parse(text).locate([selector])[0]
    assert isinstance(found, SelectorError)
    assert (found.reason, found.line) == (reason, None if "table" in reason else 1)


def test_a_reference_in_a_template_is_not_written_over() -> None:
    document = REWRITER.parse(b'a = "$secret{x}@${var.b}"\n')
    with pytest.raises(UnrepresentableValueError):
        document.edits([Change(next(document.sites()), "y")])


@pytest.mark.parametrize(
    ("text", "line"), [('a "b" {}\na "b" "c" {}\n', 3), ('a = 1\na "b" {}\n', 3), ("a {}\na = 1\n", 3)]
)
def test_bodies_that_are_not_one_tree_are_refused(text: str, line: int) -> None:
    with pytest.raises(ConfigSyntaxError) as caught:
        REWRITER.parse(text.encode())
    assert caught.value.line == line


def test_blocks_of_equal_names_have_selectors_by_name() -> None:
    document = REWRITER.parse(TestContract.documents[2])
    site = next(site for site in document.sites() if site.value == "2")
    assert document.stable_selectors([site]) == ["$.release.r.set[?@.name=='b'].value"]


def test_a_heredoc_comes_back_as_it_was(project: Path, run: Run) -> None:
    data = b'key = <<-EOT\n    -----BEGIN\n      x\n    -----END\n  EOT\nother = {\n  p = "a\\u00e9\\"b" # c\n}\n'
    (project / "a.tfvars").write_bytes(data)
    settings = (project / "ciphertool.toml").read_text().partition("[[target]]")[0]
    targets = "".join(f"[[target]]\nfile='a.tfvars'\nselector='$.{s}'\nalias='{s}'\n" for s in ("key", "other.p"))
    (project / "ciphertool.toml").write_text(settings + targets)
    assert run("protect").status == 0
    expected = b'key = "$secret{key}"\nother = {\n  p = "$secret{other.p}" # c\n}\n'
    assert (project / "a.tfvars").read_bytes() == expected
    assert run("check").status == 0
    assert run("resolve", "a.tfvars").out.encode() == data
    assert run("get", "key").out == "-----BEGIN\n  x\n-----END\n\n"


def test_load_gives_expressions_as_the_json_of_hcl_has_them() -> None:
    data = b'a = "$secret{x}"\nb = var.c\nd = "e-${var.f}"\ng { h = [1, true, null] }\n'
    found = REWRITER.load(data, lambda reference: reference.alias.upper())
    assert found == {"a": "X", "b": "${var.c}", "d": "e-${var.f}", "g": {"h": [1, True, None]}}


def test_a_changed_expression_is_not_proved() -> None:
    before = REWRITER.parse(b'a = "x"\nb = var.c\n')
    change = Change(next(before.sites()), Reference("r", Syntax.SECRET))
    assert REWRITER.parse(b'a = "$secret{r}"\nb = var.c\n').proves(before, [change])
    for other in (b'a = "$secret{r}"\nb = var.d\n', b'a = "$secret{r}"\nb = "var.c"\n', b'a = "x"\nb = var.c\n'):
        assert not REWRITER.parse(other).proves(before, [change])
    assert "var" not in repr(before.data)
