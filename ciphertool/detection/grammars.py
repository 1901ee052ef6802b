"""How products spell what they fill in, and in which files each of them looks for it. Knows no names of secrets.

A value is a placeholder only as a whole. Text beside placeholders, and the default of one, is literal text that other
modules judge.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple

from ciphertool import references
from ciphertool.detection.names import reads_as_label, reads_as_name

_ANY = r""
_YAML = r"\.ya?ml\b"
_SHELL = (
    r"(?:^|[/.])(?:env|envrc|sh|bash|profile)\b|(?:^|/)(?:Docker|Make|Jenkins)file"
    r"|(?:compose|gitlab-ci)[\w.-]*\.ya?ml\b"
)
_TEXT = (
    r"\.(?:mdx?|rst|adoc|html?|conf|cnf|cfg|config|rc|txt|sh|py|rb|js|ts|php|go|java|groovy|kts?|gradle|pp|tf|tfvars|hcl|"
    r"lua|toml)\b"
)


class Grammar(NamedTuple):
    """One way in which one or more products spell a placeholder.

    `files` is a pattern that a file's path matches if the product reads it; "" is any file. `spelled` is a pattern for
    one placeholder, whose groups `default` and `other` are its literal text and whose group `name` reads as a name.
    Without `within`, it must be the whole value.
    """

    product: str
    files: str
    spelled: str
    within: bool = True


_NAME = r"[A-Za-z_][\w.\-/]*"
_QUOTED = r"\"(?P<default>[^\"]*)\"|'(?P<other>[^']*)'"
_DEFAULT = rf"(?:(?!\}}\}}).)*?\b(?:default|d|or)\b\s*\(?\s*(?:{_QUOTED})(?:(?!\}}\}}).)*"

GRAMMARS: tuple[Grammar, ...] = (
    # A brace within a default ends nothing: `_braces` counts braces before these patterns see the text.
    Grammar("github, azure pipelines", _YAML, r"\$\{\{.*\}\}"),
    Grammar("jinja, helm, go templates", _ANY, rf"\{{\{{(?:{_DEFAULT}|(?:(?!\}}\}}).)*)\}}\}}"),
    Grammar("jinja blocks", _ANY, r"\{%(?:(?!%\}).)*%\}"),
    Grammar("erb", _ANY, rf"<%(?:(?:(?!%>).)*?(?:,|\|\|)\s*(?:{_QUOTED})(?:(?!%>).)*|(?:(?!%>).)*)%>"),
    Grammar("carbon, log4j, config providers", _ANY,
            r"\$\{(?:env|sys|java|ctx|main|file|vault|VAULT|secrets?|ssm|sm|aws|gcp|azure|op|directory|decrypt|docker|k8s|"
            r"jndi|bundle|obfuscated)[:.](?:(?!:-)[^{},])+(?:(?:,|:-)(?P<default>.*))?\}"),
    Grammar("carbon", _ANY, r"\$(?:env|sys|ref|secret)\{[^{}]+\}"),
    Grammar("grafana", _ANY, r"\$__(?:env|file|vault)\{[^{}]+\}"),
    Grammar("shell, compose", _ANY, r"\$\{(?:[A-Za-z_]\w*(?::[-=+](?P<default>.*)|:\?.*)"
            r"|[A-Z_][A-Z0-9_]*(?:[-=+](?P<other>.*)|(?:\?|[#%/^,@!]).*))\}"),
    Grammar("serverless", _YAML,
            r"\$\{(?:self|opt|cf|s3|ssm|param|sls|custom|file\([^()]*\))(?:\([\w-]+\))?(?::[^,]*)?"
            r"(?:,\s*(?:'(?P<default>[^']*)'|[^']*))?\}"),
    Grammar("visual studio code", r"(?:^|/)\.vscode/|\.code-workspace$",
            r"\$\{(?:input|config|env|command|workspaceFolder)(?::[^{}]*)?\}"),
    Grammar("spring, quarkus, openshift", _ANY, rf"\$\{{\??{_NAME}(?:\[\w+\])*(?::`?(?P<default>.*?)`?)?\}}"),
    Grammar("terraform, groovy", r"\.(?:tf|tfvars|hcl|json|groovy|gradle)\b", r"\$\{[a-z_][\w.]*[\[(.].*\}"),
    Grammar("kubernetes, msbuild, azure pipelines", _ANY, r"\$\((?P<name>[A-Za-z_][\w.\-]*)\)"),
    Grammar("command substitution", rf"{_SHELL}|{_TEXT}|{_YAML}", r"\$\([a-z./][\w./-]*\s[^()]*\)"),
    Grammar("begin of a command", rf"{_SHELL}|{_TEXT}|{_YAML}", r"\$\([a-z./][\w./-]*\s[^)]*", within=False),
    Grammar("spel, octopus, ruby", _ANY,
            r"#\{\s*(?:T(?=\()|[@'\"]?(?P<name>[A-Za-z_][\w.\-]*))(?:[\[(.'\"?!|:\s][^{}]*)?\}#?"),
    Grammar("puppet, logstash, apache", r"\.(?:ya?ml|conf|json|cfg)\b", r"%\{[^{}]+\}"),
    Grammar("python", _ANY, r"%\((?P<name>[A-Za-z_]\w*)\)[sdr]"),
    Grammar("shell", rf"{_SHELL}|\.(?:conf|pp|php|pl)\b", r"(?:pass:)?\$\$?(?P<name>[A-Za-z_]\w*)", within=False),
    Grammar("argument of a script", _SHELL, r"(?:pass:)?\$(?:\{?[\d@*#]\}?|\{\d+:?[?-][^{}]*\})", within=False),
    Grammar("parameter expansion", _SHELL, r"\$\{[A-Za-z_]\w*[#%/^,@\[].*\}"),
    Grammar("openssl", _SHELL, r"env:\w+|fd:\d+|stdin", within=False),
    Grammar("envsubst", _ANY, r"\$(?P<name>[A-Z_][A-Z0-9_]*)", within=False),
    Grammar("backticks", _SHELL, r"`[^`]+`", within=False),
    Grammar("symfony, windows", _ANY, r"%(?:env\([\w:]+\)|(?P<name>[A-Za-z_][\w.]*))%", within=False),
    Grammar("systemd", r"\.(?:service|socket|mount|timer)\b", r"%[a-zA-Z](?:/[\w.\-]+)*", within=False),
    Grammar("maven, ant, autoconf", _ANY, r"@(?P<name>[A-Za-z_][\w.\-]*)@", within=False),
    Grammar("replace tokens", _ANY, r"__(?P<name>[A-Za-z][\w.\-]*?)__", within=False),
    Grammar("format strings", _ANY, r"\{\s*\$?(?P<label>[A-Za-z_][\w.\-]*)\s*\}|\{\d\}", within=False),
    Grammar("caddy", r"caddyfile|\.json\b", r"\{(?:\$|env\.)[A-Za-z_]\w*\}", within=False),
    Grammar("circleci", _YAML, r"<<\s*[\w.\-]+\s*>>", within=False),
    Grammar("arm templates", r"\.(?:json|bicep)\b",
            r"\[(?:parameters|variables|reference|concat|list\w+|resourceId|uniqueString|guid|newGuid)\(.*\)\]",
            within=False),
    Grammar("cloudformation, home assistant, gitlab", _YAML,
            r"!(?:Ref|Sub|GetAtt|ImportValue|Join|FindInMap|Select|If|Base64|Cidr|Transform|aws\S*|ENV|env_var|env|secret|"
            r"vault|reference|include)\b.*", within=False),
    Grammar("a secret store", _ANY,
            r"(?:(?:vault|secretsmanager|ssm|op|kms|gcpsm|azurekeyvault|awssm|k8s|akeyless|doppler|bws|keeper|sm|secret|"
            r"ref\+\w+)://|arn:aws[\w-]*:|vault:(?!v\d)\w[\w.-]*/|projects/[\w-]+/secrets/|@Microsoft\.KeyVault\().*",
            within=False),
    Grammar("environment of a program", _TEXT, r"(?:process\.env|os\.environ|ENV|\$_ENV|\$_SERVER|System\.getenv|"
            r"Environment\.GetEnvironmentVariable|(?:os\.)?getenv|(?:non)?sensitive|env|config|lookup|file|var\.\w+|local\.\w+|data\.\w+|"
            r"module\.\w+)(?:[.\[(]\S*|\b)", within=False),
    Grammar("terraform", r"\.(?:tf|tfvars|hcl)\b", r"[a-z]\w*(?:\.[a-z]\w*|\[[^\]]*\])+|[a-z]\w*\(.*\)", within=False),
)  # fmt: skip


REFERENCE = "reference"
"""The product's name for a value that refers to a secret of the repository."""


class Filled(NamedTuple):
    """A value with placeholders: the `product` that spells the first one like this, and the remaining literal text.

    `defaults` are values that a product uses if it has no other; `rest` is the text around the placeholders.
    """

    product: str
    defaults: tuple[str, ...]
    rest: str


_COMPILED = [(each, re.compile(each.files, re.IGNORECASE), re.compile(each.spelled, re.DOTALL)) for each in GRAMMARS]
_LONGEST = 4096  # more is a text, not a value that a product fills in; some patterns take quadratic time
_SIGNS = re.compile(r"[$%#<{@!`\[:/_.(]")
_BACKTICKS = re.compile(r"`[^`]+`")
_OPENING = re.compile(r"\$(?:__|env|sys|ref|secret)?\w*\{|\$\(|\{\{|\{%|<%|#\{|%[({]")


@lru_cache(maxsize=256)
def _of_file(path: str) -> tuple[list[tuple[Grammar, re.Pattern[str]]], list[tuple[Grammar, re.Pattern[str]]]]:
    """Return the grammars of a file: those of whole values, and those of placeholders within one."""
    found = [(grammar, spelled) for grammar, files, spelled in _COMPILED if files.search(path)]
    return [each for each in found if not each[0].within], [each for each in found if each[0].within]


def read(value: str, path: str = "") -> Filled | None:
    """Return what a product that reads this file fills in within a value, or None if there is nothing of that kind."""
    if references.parse(value, whole=True):
        return Filled(REFERENCE, (), "")
    if len(value) > _LONGEST or not _SIGNS.search(value):
        return None
    whole, within = _of_file(path)
    for grammar, spelled in whole:
        if (match := spelled.fullmatch(value)) and _is_named(match):
            return Filled(grammar.product, (), "")
    product, defaults, rest, position = "", [], [], 0
    for opening in _OPENING.finditer(value):
        start = opening.start()
        if start < position:
            continue
        end = _end(value, opening)
        found = _placeholder(value[start:end], within) if end else None
        if found is not None:
            product = product or found[0]
            defaults += found[1]
            rest.append(value[position:start])
            position = end
    return Filled(product, tuple(defaults), "".join((*rest, value[position:]))) if product else None


def at(value: str, start: int) -> str:
    """Return the text that begins there in a value and looks like a placeholder, or ""."""
    opening = _OPENING.match(value, start)
    if opening is None:
        backticks = _BACKTICKS.match(value, start)
        return backticks[0] if backticks else ""
    end = _end(value, opening)
    return value[start:end] if value[end : end + 1] in ("", *"@\"';,&/? )") else ""


def _placeholder(text: str, grammars: list[tuple[Grammar, re.Pattern[str]]]) -> tuple[str, list[str]] | None:
    if next(references.find(text), None) is not None:
        return REFERENCE, []
    for grammar, spelled in grammars:
        if (match := spelled.fullmatch(text)) and _is_named(match):
            groups = match.groupdict()
            return grammar.product, [text.strip("\"'") for text in (groups.get("default"), groups.get("other")) if text]
    return None


def _is_named(match: re.Match[str]) -> bool:
    """Return whether what stands where a grammar has a name can be one; a `label` has no sign before its braces."""
    groups = match.groupdict()
    if (label := groups.get("label")) is not None:
        return reads_as_label(label)
    return (name := groups.get("name")) is None or reads_as_name(name)


_CLOSING = {"{{": "}}", "{%": "%}", "<%": "%>"}


def _end(value: str, opening: re.Match[str]) -> int:
    """Return the offset at which the placeholder with this opening ends, or 0."""
    text = opening[0]
    if text in _CLOSING:
        end = value.find(_CLOSING[text], opening.end())
        return end + 2 if end >= 0 else 0
    left, right = text[-1], ")" if text[-1] == "(" else "}"
    depth, position = 1, opening.end()
    while depth:
        closing = value.find(right, position)
        if closing < 0:
            return 0
        depth += value.count(left, position, closing) - 1
        position = closing + 1
    return (
        position + (text == "%(" and value[position : position + 1] in ("s", "d", "r")) + _hash(value, text, position)
    )


def _hash(value: str, text: str, position: int) -> int:
    return text == "#{" and value.startswith("#", position)
