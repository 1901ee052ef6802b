"""What scripts/bench measures: files of records with a password each, and what else would edit or parse them."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Record = dict[str, str]
LINE = 45  # characters of an average entry, by which the file's size is reached


def records(targets: int, size: int) -> Iterator[Record]:
    """Yield one record a secret: its password among as many other entries as make up the size."""
    for number in range(targets):
        record = {"name": f"service {number}", "url": f"jdbc:postgresql://db{number}.example.com:5432/app"}
        others = max(1, (size // targets - 120) // LINE)
        record |= {f"option_{n}": "v" * (12 + (number + 7 * n) % 37) for n in range(others // 2)}
        record["password"] = f"s3cr3t-{number}"
        yield record | {f"setting_{n}": "w" * (12 + (number + 5 * n) % 37) for n in range(others - others // 2)}


def as_xml(all_records: Iterator[Record]) -> str:
    def element(number: int, record: Record) -> str:
        inner = "".join(f"    <{key}>{value}</{key}>\n" for key, value in record.items())
        return f'  <service id="s{number}">\n    <!-- its settings -->\n{inner}  </service>\n'

    return f"<services>\n{''.join(element(*each) for each in enumerate(all_records))}</services>\n"


def as_yaml(all_records: Iterator[Record]) -> str:
    def item(record: Record) -> str:
        return "  # its settings\n  - " + "".join(f'{key}: "{value}"\n    ' for key, value in record.items()).rstrip(
            " "
        )

    return "services:\n" + "".join(map(item, all_records))


def as_toml(all_records: Iterator[Record]) -> str:
    def table(record: Record) -> str:
        return "[[services]] # its settings\n" + "".join(f'{key} = "{value}"\n' for key, value in record.items())

    return "\n".join(map(table, all_records))


def as_json(all_records: Iterator[Record]) -> str:
    return json.dumps({"services": list(all_records)}, indent=2)


def as_lines(pattern: str, all_records: Iterator[Record], *, upper: bool = False) -> str:
    entries = (
        pattern.format(number=number, key=key.upper() if upper else key, value=value)
        for number, record in enumerate(all_records)
        for key, value in record.items()
    )
    return "# services\n" + "".join(entries)


def as_ini(all_records: Iterator[Record]) -> str:
    def section(number: int, record: Record) -> str:
        return f"[s{number}]\n; its settings\n" + "".join(f"{key} = {value}\n" for key, value in record.items())

    return "\n".join(section(*each) for each in enumerate(all_records))


def edit_by_lxml(text: str) -> object:
    from lxml import etree

    root = etree.fromstring(text.encode())
    for password in root.iter("password"):
        password.text = "x"
    return etree.tostring(root)


def events_of_libyaml(text: str) -> object:
    from ruamel.yaml import CParser

    parser = CParser(text)
    while parser.get_event():
        pass
    return None


def edit_by_ruamel(text: str) -> object:
    from ruamel.yaml import YAML

    yaml = YAML()
    data = yaml.load(text)
    for service in data["services"]:
        service["password"] = "x"
    yaml.dump(data, out := io.StringIO())
    return out


def parse_by_tomllib(text: str) -> object:
    import tomllib

    return tomllib.loads(text)


def edit_by_tomlkit(text: str) -> object:
    import tomlkit

    document: Any = tomlkit.parse(text)
    for service in document["services"]:
        service["password"] = "x"
    return tomlkit.dumps(document)


def loads_and_dumps(text: str) -> object:
    return json.dumps(json.loads(text))


def parse_by_javaproperties(text: str) -> object:
    import javaproperties

    return javaproperties.loads(text)


def parse_by_dotenv(text: str) -> object:
    import dotenv

    return dotenv.dotenv_values(stream=io.StringIO(text), interpolate=False)


def parse_by_configparser(text: str) -> object:
    import configparser

    parser = configparser.ConfigParser(interpolation=None)
    parser.read_string(text)
    return parser


def edit_by_configupdater(text: str) -> object:
    import configupdater

    updater = configupdater.ConfigUpdater()
    updater.read_string(text)
    for section in updater.sections():
        updater.set(section, "password", "x")
    return str(updater)


@dataclass(frozen=True)
class Peer:
    """What ours is compared with: it may take `at_most` times the peer's time, or be `faster` times as fast."""

    name: str
    module: str
    run: Callable[[str], object]
    at_most: float = 0
    faster: float = 0


@dataclass(frozen=True)
class Case:
    """One format: how its file is made, what finds the secrets in it, and what it may cost."""

    write: Callable[[Iterator[Record]], str]
    each: str
    every: str | None
    memory: int
    peers: tuple[Peer, ...]


CASES = {
    "xml": Case(as_xml, "/services/service[@id='s{}']/password", "//service/password", 25,
                (Peer("lxml parse + edit + serialise", "lxml", edit_by_lxml, at_most=3),)),
    "yaml": Case(as_yaml, "$.services[{}].password", "$.services[*].password", 25,
                 (Peer("libyaml's events", "ruamel.yaml", events_of_libyaml, at_most=4),
                  Peer("ruamel.yaml round trip", "ruamel.yaml", edit_by_ruamel, faster=15))),
    "toml": Case(as_toml, "$.services[{}].password", "$.services[*].password", 25,
                 (Peer("tomllib parse", "tomllib", parse_by_tomllib, at_most=2.5),
                  Peer("tomlkit edit", "tomlkit", edit_by_tomlkit, faster=3))),
    "json": Case(as_json, "$.services[{}].password", "$.services[*].password", 25,
                 (Peer("json loads + dumps", "json", loads_and_dumps, at_most=4),)),
    "properties": Case(lambda r: as_lines("s{number}.{key}={value}\n", r), "s{}.password", None, 20,
                       (Peer("javaproperties parse", "javaproperties", parse_by_javaproperties, at_most=0.6),)),
    "env": Case(lambda r: as_lines("S{number}_{key}={value!r}\n", r, upper=True), "S{}_PASSWORD", None, 20,
                (Peer("python-dotenv parse", "dotenv", parse_by_dotenv, at_most=0.6),)),
    "ini": Case(as_ini, "s{}/password", None, 20,
                (Peer("configparser parse", "configparser", parse_by_configparser, at_most=2),
                 Peer("configupdater edit", "configupdater", edit_by_configupdater, faster=20))),
}  # fmt: skip
