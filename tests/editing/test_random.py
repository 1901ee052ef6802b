"""Lists of entries are edited at random: an edit is refused, or every secret has its own value, and no other's."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING, Any, NamedTuple

from ciphertool import Vault
from ciphertool.errors import CipherToolError
from tests.editing.editing import edit, values

if TYPE_CHECKING:
    from collections.abc import Sequence

_ROUNDS = 40


class Entry(NamedTuple):
    """An entry: who it is, whether the file says so, and its secret."""

    who: int
    named: bool
    value: str


def _text(entries: Sequence[Entry]) -> str:
    lines = ["users:"]
    for entry in entries:
        first = f"name: u{entry.who}" if entry.named else "role: none"
        lines += [f"  - {first}", f"    password: {entry.value}"]
    return "\n".join([*lines, ""])


def _edited(entries: list[Entry], chance: random.Random) -> list[Entry]:
    made = list(entries)
    for _ in range(chance.randint(1, 3)):
        at = chance.randrange(len(made) + 1)
        what = chance.choice(["insert", "delete", "change", "change", "move", "copy"])
        here = made[at] if at < len(made) else None
        if what == "insert" or here is None:
            named = chance.random() < 0.5
            made.insert(at, Entry(100 + chance.randrange(900), named, f"n{chance.randrange(10**6)}"))
        elif what == "delete" and len(made) > 1:
            made.pop(at)
        elif what == "change":
            made[at] = here._replace(value=f"n{chance.randrange(10**6)}")
        elif what == "move":
            made.insert(chance.randrange(len(made)), made.pop(at))
        elif what == "copy":  # another entry with the value of this one
            made.insert(at, Entry(100 + chance.randrange(900), here.named, here.value))
    return made


def test_no_secret_ever_gets_the_value_of_another(project: Any, run: Any) -> None:
    chance = random.Random(3)  # noqa: S311 - nothing secret
    settings = project / "ciphertool.toml"
    head = settings.read_text().partition("\n[[target]]")[0]
    taken = 0
    for number in range(_ROUNDS):
        same = chance.random() < 0.2
        entries = [
            Entry(who, chance.random() < 0.6, f"c4n4ry-{0 if same else who}") for who in range(chance.randint(2, 4))
        ]
        tables = [
            f'\n[[target]]\nfile = "users.yaml"\nselector = "{selector}"\nalias = "u{entry.who}"\noptional = true\n'
            for at, entry in enumerate(entries)
            for selector in [f"$.users[?@.name=='u{entry.who}'].password" if entry.named else f"$.users[{at}].password"]
        ]
        settings.write_text(head + "".join(tables))
        (project / "security/vault.properties").unlink(missing_ok=True)
        (project / "users.yaml").write_text(_text(entries))
        if run("protect").status:
            continue
        protected, kept = (project / "users.yaml").read_bytes(), values(project)
        after = _edited(entries, chance)
        text = _text(after)
        try:
            made = edit(project, "users.yaml", lambda _: text, with_key=True)  # noqa: B023
        except CipherToolError:
            assert (project / "users.yaml").read_bytes() == protected
            assert values(project) == kept
            continue
        if made is None:
            continue
        taken += 1
        about = f"round {number}: {entries} → {after}"
        assert Vault.open(settings).resolve_file(project / "users.yaml") == text.encode(), about
        for alias, value in values(project).items():
            before = [entry for entry in entries if f"u{entry.who}" == alias]
            now = [entry.value for entry in after if f"u{entry.who}" == alias]
            if before:
                others = {entry.value for entry in entries if f"u{entry.who}" != alias}
                assert value == before[0].value or value not in others, f"{alias} of {about}"
                assert not before[0].named or value in {before[0].value, *now}, f"{alias} of {about}"
    assert taken > _ROUNDS // 5
