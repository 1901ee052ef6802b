"""Where passwords come from, and that they show nowhere."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from ciphertool.errors import NoPasswordError, PasswordSourceError
from ciphertool.passwords import (
    CarbonHome,
    Command,
    Environment,
    Keyring,
    MasterKeys,
    MountedSecret,
    PasswordChain,
    PasswordFile,
    Passwords,
    PasswordSource,
    Prompt,
    SystemdCredential,
)

if TYPE_CHECKING:
    from collections.abc import Callable

CANARY = "c4n4ry-päss"


def _file(path: Path, content: bytes | str, mode: int = 0o600) -> Path:
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    path.chmod(mode)
    return path


def _master_keys(keystore: str | None = None, key: str | None = None, **more: object) -> str:
    lines = [f"{name}: {value}" for name, value in more.items()] + ["masterKeys:"]
    for name, value in (("keyStorePassword", keystore), ("privateKeyPassword", key)):
        if value is not None:
            lines.append(f"  {name}: !!binary {base64.b64encode(value.encode()).decode()}")
    return "\n".join(lines) + "\n"


# --- the chain ---------------------------------------------------------------------------------------------------


def test_the_first_source_that_has_a_password_wins(tmp_path: Path) -> None:
    empty, full = Environment({}), Environment({"CIPHERTOOL_KEYSTORE_PASSWORD": "a"})
    chain = PasswordChain([empty, CarbonHome(tmp_path), full, PasswordFile(tmp_path / "absent")])
    assert chain.read() == Passwords("a")


def test_a_person_is_asked_once_and_only_when_a_password_is_needed() -> None:
    asked = []

    def ask() -> str:
        asked.append(1)
        return "typed"

    chain = PasswordChain([Environment({}), Prompt(ask)])
    assert not asked
    assert chain.read() == chain.read() == Passwords("typed")
    assert len(asked) == 1


def test_without_any_password_the_error_lists_what_was_tried(tmp_path: Path) -> None:
    sources: list[PasswordSource] = [
        Environment({}),
        CarbonHome(tmp_path),
        MasterKeys(tmp_path / "master-keys.yaml", {}),
        Prompt(lambda: None),
    ]
    with pytest.raises(NoPasswordError) as e:
        PasswordChain(sources).read()
    assert e.value.tried == tuple(source.name for source in sources)
    for fact in ("CIPHERTOOL_KEYSTORE_PASSWORD", "password-tmp", str(tmp_path), "keyStorePassword", "prompt"):
        assert fact in str(e.value)
    assert "--password-file" in e.value.hint


def test_the_key_password_is_the_keystore_password_unless_it_is_told() -> None:
    assert Passwords("a").for_key == "a"
    assert Passwords("a", "b").for_key == "b"


# --- the environment ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keystore", "key", "expected"),
    [("a", None, Passwords("a")), ("a", "b", Passwords("a", "b")), (" a ", "", Passwords(" a ")), ("", None, None)],
)
def test_the_environment(keystore: str, key: str | None, expected: Passwords | None) -> None:
    environment = {"CIPHERTOOL_KEYSTORE_PASSWORD": keystore}
    if key is not None:
        environment["CIPHERTOOL_KEY_PASSWORD"] = key
    assert Environment(environment).read() == expected


def test_a_key_password_alone_is_not_silently_ignored() -> None:
    with pytest.raises(PasswordSourceError) as e:
        Environment({"CIPHERTOOL_KEY_PASSWORD": CANARY}).read()
    assert "CIPHERTOOL_KEYSTORE_PASSWORD is not set" in e.value.reason
    assert CANARY not in str(e.value)


def test_the_process_environment_is_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CIPHERTOOL_KEYSTORE_PASSWORD", "from the process")
    assert Environment().read() == Passwords("from the process")


@pytest.mark.skipif(os.name != "posix", reason="other bytes in the environment exist on POSIX only")
def test_other_bytes_in_the_environment_are_refused() -> None:
    with pytest.raises(PasswordSourceError) as e:
        Environment({"CIPHERTOOL_KEYSTORE_PASSWORD": os.fsdecode(b"c4n4ry\xff")}).read()
    assert e.value.reason == "not UTF-8 text"
    assert e.value.__suppress_context__


# --- files -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("a", Passwords("a")),
        ("a\n", Passwords("a")),
        ("a\r\n", Passwords("a")),
        ("a\n\n", Passwords("a")),
        ("a\nb", Passwords("a", "b")),
        ("a\r\nb\r\n", Passwords("a", "b")),
        ("a\rb\r", Passwords("a", "b")),
        (" a \n\tb \n", Passwords(" a ", "\tb ")),
        ("a\nb\nanything\n", Passwords("a", "b")),
        ("\ufeffpäss€\u2028\x0b\n", Passwords("päss€\u2028\x0b")),
    ],
)
def test_the_lines_of_a_password_file(tmp_path: Path, content: str, expected: Passwords) -> None:
    assert PasswordFile(_file(tmp_path / "passwords", content)).read() == expected


@pytest.mark.parametrize("content", [b"", b"\n\n", b"\nsecond\n", b"c4n4ry\xff\n", b"c4n4ry" * 11_000])
def test_a_file_that_is_none_of_passwords_is_refused(tmp_path: Path, content: bytes) -> None:
    path = _file(tmp_path / "passwords", content)
    with pytest.raises(PasswordSourceError) as e:
        PasswordFile(path).read()
    assert e.value.source == str(path)
    assert "c4n4ry" not in str(e.value)
    assert e.value.__suppress_context__ or e.value.__context__ is None


def test_a_named_file_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(PasswordSourceError) as e:
        PasswordFile(tmp_path / "absent").read()
    assert e.value.reason == "no such file"


def test_a_directory_or_a_device_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PasswordSourceError) as e:
        PasswordFile(tmp_path).read()
    assert "cannot be read" in e.value.reason
    if Path("/dev/zero").exists():
        with pytest.raises(PasswordSourceError) as e:
            PasswordFile(Path("/dev/zero")).read()
        assert "too long" in e.value.reason


@pytest.mark.skipif(os.name != "posix", reason="POSIX modes")
@pytest.mark.parametrize(("mode", "exposed"), [(0o600, False), (0o640, False), (0o604, True), (0o644, True)])
def test_a_file_that_everybody_can_read_is_told(tmp_path: Path, mode: int, exposed: bool) -> None:
    path = _file(tmp_path / "password", "a", mode)
    keys = _file(tmp_path / "master-keys.yaml", _master_keys("a"), mode)
    for source, file in ((PasswordFile(path), path), (CarbonHome(tmp_path), path), (MasterKeys(keys, {}), keys)):
        passwords = source.read()
        assert passwords is not None
        assert passwords.exposed == (file if exposed else None)


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no /dev/fd on this machine")
def test_a_pipe_may_stand_for_the_file() -> None:
    program = "from pathlib import Path; from ciphertool.passwords import PasswordFile; "
    program += "p = PasswordFile(Path('/dev/fd/0')).read(); print(p.keystore, p.key, p.exposed)"
    done = subprocess.run([sys.executable, "-c", program], input="a\nb\n", capture_output=True, text=True, check=True)
    assert done.stdout == "a b None\n"


def test_the_files_of_a_carbon_home_are_read_in_order_and_kept(tmp_path: Path) -> None:
    home = CarbonHome(tmp_path)
    assert home.read() is None
    for file in ("password-persist", "password-tmp", "password"):
        _file(tmp_path / file, f"{file} keystore\n{file} key\n")
        assert home.read() == Passwords(f"{file} keystore", f"{file} key")
    assert len(list(tmp_path.iterdir())) == 3


def test_an_empty_file_of_a_carbon_home_does_not_make_room_for_the_next(tmp_path: Path) -> None:
    """Its runtime takes the first file that is there, too."""
    _file(tmp_path / "password", "")
    _file(tmp_path / "password-persist", "a")
    with pytest.raises(PasswordSourceError) as e:
        CarbonHome(tmp_path).read()
    assert e.value.source == str(tmp_path / "password")


# --- Carbon 5's master keys ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "expected"),
    [
        ({}, Passwords("file store", "file key")),
        ({"keyStorePassword": "store"}, Passwords("store", "file key")),
        ({"privateKeyPassword": "key"}, Passwords("file store", "key")),
        ({"keyStorePassword": "store", "privateKeyPassword": "key"}, Passwords("store", "key")),
        ({"keyStorePassword": "", "KEYSTOREPASSWORD": "x"}, Passwords("file store", "file key")),
    ],
)
def test_a_variable_of_the_same_name_comes_before_the_file(
    tmp_path: Path, environment: dict[str, str], expected: Passwords
) -> None:
    path = _file(tmp_path / "master-keys.yaml", _master_keys("file store", "file key", permanent="true"))
    assert MasterKeys(path, environment).read() == expected


def test_without_a_file_the_variables_serve(tmp_path: Path) -> None:
    path = tmp_path / "absent"
    assert MasterKeys(path, {}).read() is None
    assert MasterKeys(path, {"privateKeyPassword": "key"}).read() is None
    assert MasterKeys(path, {"keyStorePassword": "store"}).read() == Passwords("store")


def test_a_relocation_is_followed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for folder in ("conf", "elsewhere", "working"):
        (tmp_path / folder).mkdir()
    monkeypatch.chdir(tmp_path / "working")
    first = _file(tmp_path / "conf" / "master-keys.yaml", _master_keys("not this", relocation="../elsewhere/next.yaml"))
    _file(tmp_path / "elsewhere" / "next.yaml", _master_keys(relocation="last.yaml"))
    last = _file(tmp_path / "elsewhere" / "last.yaml", _master_keys("beside the file"), 0o644)
    assert MasterKeys(first, {}).read() == Passwords("beside the file", exposed=last if os.name == "posix" else None)
    _file(tmp_path / "working" / "last.yaml", _master_keys("in the working directory"))
    assert MasterKeys(first, {}).read() == Passwords("in the working directory")


@pytest.mark.parametrize(
    ("relocation", "reason"),
    [
        ("absent.yaml", "does not exist"),
        ("master-keys.yaml", "form a loop"),
        ("../conf/master-keys.yaml", "form a loop"),
        ("back.yaml", "form a loop"),
        ("[a]", "not a path"),
        ('"a\\0b"', "not a path"),
        (".", "cannot be read"),
    ],
)
def test_a_relocation_that_leads_nowhere_is_refused(tmp_path: Path, relocation: str, reason: str) -> None:
    (tmp_path / "conf").mkdir()
    path = _file(tmp_path / "conf" / "master-keys.yaml", _master_keys("a", relocation=relocation))
    _file(tmp_path / "conf" / "back.yaml", _master_keys("a", relocation="master-keys.yaml"))
    with pytest.raises(PasswordSourceError) as e:
        MasterKeys(path, {}).read()
    assert str(tmp_path) in e.value.source
    assert reason in e.value.reason


@pytest.mark.parametrize(
    "content",
    [
        "",
        "- c4n4ry",
        f"masterKeys: {{keyStorePassword: {CANARY}}}",
        "masterKeys: {keyStorePassword: !!binary /w==}",
        "masterKeys: {keyStorePassword: !!binary ''}",
        "masterKeys: {privateKeyPassword: !!binary YQ==}",
        "masterKeys: c4n4ry",
        f"masterKeys: {{keyStorePassword: {CANARY}",
        f"masterKeys: !!python/object:os.system {CANARY}",
        "masterKeys: {keyStorePassword: '${sec:c4n4ry}'}",
        "a: &a [*a]",
        "[" * 10_000,
    ],
)
def test_damaged_master_keys_are_refused_and_never_quoted(tmp_path: Path, content: str) -> None:
    path = _file(tmp_path / "master-keys.yaml", content)
    with pytest.raises(PasswordSourceError) as e:
        MasterKeys(path, {}).read()
    assert e.value.source == str(path)
    assert "c4n4ry" not in str(e.value)
    assert e.value.__suppress_context__ or e.value.__context__ is None


@pytest.mark.corpus
def test_real_master_keys(corpus: Path) -> None:
    passwords = MasterKeys(corpus / "carbon-5-secvault/securevault/conf/master-keys.yaml", {}).read()
    assert passwords is not None
    assert (passwords.keystore, passwords.key) == ("wso2carbon", "wso2carbon")


# --- nothing shows -------------------------------------------------------------------------------------------------


def test_no_password_shows_in_a_repr(tmp_path: Path) -> None:
    environment = {"CIPHERTOOL_KEYSTORE_PASSWORD": CANARY, "keyStorePassword": CANARY}
    _file(tmp_path / "password", CANARY)
    sources: list[PasswordSource] = [
        Environment(environment),
        MasterKeys(tmp_path / "absent", environment),
        CarbonHome(tmp_path),
        PasswordFile(tmp_path / "password"),
        Prompt(lambda: CANARY),
    ]
    for source in sources:
        chain = PasswordChain([source])
        assert chain.read().keystore == CANARY
        assert CANARY not in f"{source!r}{source.name}{chain!r}{vars(chain)!r}{chain.read()!r}"


def test_importing_the_module_imports_no_yaml() -> None:
    program = "import sys, ciphertool.passwords; print([m for m in sys.modules if 'yaml' in m or 'cryptography' in m])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


# --- what a platform mounts, what a command prints, what the keyring holds ------------------------------------------


@pytest.mark.parametrize("mode", [0o640, 0o620, 0o610, 0o604, 0o602, 0o601])
def test_a_private_file_that_others_can_reach_is_refused(tmp_path: Path, mode: int) -> None:
    file = _file(tmp_path / "p", CANARY, mode=mode)
    with pytest.raises(PasswordSourceError) as e:
        PasswordFile(file, private=True).read()
    assert (e.value.source, e.value.hint) == (str(file), f"chmod 600 {file}")
    assert f"{mode:o}" in e.value.reason
    assert CANARY not in str(e.value)
    file.chmod(0o600)
    assert PasswordFile(file, private=True).read() == Passwords(CANARY)


def test_mounted_secrets_are_whole_files(tmp_path: Path) -> None:
    _file(tmp_path / "store", " store \n", mode=0o444)
    _file(tmp_path / "key", "key")
    assert MountedSecret(tmp_path, "store", "key").read() == Passwords(" store ", "key")
    assert MountedSecret(tmp_path, "store", "absent").read() == Passwords(" store ")
    assert MountedSecret(tmp_path, "absent").read() is None


@pytest.mark.parametrize(
    ("content", "reason"), [("", "it is empty"), (f"{CANARY}\nb", "not one line"), ("\n", "empty")]
)
def test_a_mounted_secret_of_no_or_several_lines_is_an_error(tmp_path: Path, content: str, reason: str) -> None:
    with pytest.raises(PasswordSourceError) as e:
        MountedSecret(_file(tmp_path / "store", content).parent, "store").read()
    assert reason in e.value.reason
    assert CANARY not in str(e.value)


def test_a_systemd_credential_is_found_in_its_directory(tmp_path: Path) -> None:
    _file(tmp_path / "store", CANARY)
    assert SystemdCredential("store", environment={"CREDENTIALS_DIRECTORY": str(tmp_path)}).read() == Passwords(CANARY)
    assert SystemdCredential("store", environment={}).read() is None


def test_a_command_prints_the_passwords() -> None:
    assert Command(("printf", "store\\nkey\\n")).read() == Passwords("store", "key")
    assert Command(("printf", "store")).read() == Passwords("store")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("sh", "-c", f"echo {CANARY}; exit 3"), "status 3"),
        (("true",), "printed nothing"),
        (("printf", "\\377"), "UTF-8"),
        (("/absent/program", CANARY), "cannot be started"),
    ],
)
def test_a_command_that_fails_is_an_error_that_shows_no_argument(arguments: tuple[str, ...], reason: str) -> None:
    with pytest.raises(PasswordSourceError) as e:
        Command(arguments).read()
    assert reason in e.value.reason
    assert e.value.source == f"the command {arguments[0]}"
    assert CANARY not in f"{e.value}{e.value!r}"


def test_the_keyring_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    keyring = pytest.importorskip("keyring")
    from keyring.backends.fail import Keyring as Failing

    held = {("app", "store"): "a", ("app", "key"): "b"}

    class Held(Failing):
        def get_password(self, service: str, username: str, msg: str | None = None) -> str | None:  # noqa: ARG002
            return held.get((service, username))

    previous = keyring.get_keyring()
    keyring.set_keyring(Held())  # type: ignore[no-untyped-call]
    try:
        assert Keyring("app", "store", "key").read() == Passwords("a", "b")
        assert Keyring("app", "absent").read() is None
        keyring.set_keyring(Failing())  # type: ignore[no-untyped-call]
        with pytest.raises(PasswordSourceError, match="the keyring failed"):
            Keyring("app", "store").read()
        monkeypatch.setitem(sys.modules, "keyring", None)
        with pytest.raises(PasswordSourceError, match="not installed"):
            Keyring("app", "store").read()
    finally:
        keyring.set_keyring(previous)


def test_carbon_files_are_renamed_and_deleted_only_on_request(tmp_path: Path) -> None:
    _file(tmp_path / "password", "a")
    assert CarbonHome(tmp_path).read() == Passwords("a")
    assert (tmp_path / "password").exists()
    assert CarbonHome(tmp_path, consume=True).read() == Passwords("a")
    assert not (tmp_path / "password").exists()
    assert CarbonHome(tmp_path, consume=True).read() == Passwords("a")
    assert not (tmp_path / "password-tmp").exists()
    assert CarbonHome(tmp_path, consume=True).read() is None
    _file(tmp_path / "password-persist", "b")
    assert CarbonHome(tmp_path, consume=True).read() == Passwords("b")
    assert (tmp_path / "password-persist").exists()


def test_a_link_to_the_carbon_file_is_renamed_itself(tmp_path: Path) -> None:
    home, elsewhere = tmp_path / "home", tmp_path / "elsewhere"
    home.mkdir()
    _file(elsewhere, "a")
    (home / "password").symlink_to(elsewhere)
    assert CarbonHome(home, consume=True).read() == Passwords("a")
    assert (home / "password-tmp").readlink() == elsewhere
    assert CarbonHome(home, consume=True).read() == Passwords("a")
    assert list(home.iterdir()) == []
    assert elsewhere.read_text() == "a"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="needs root, to play another user")
def test_a_carbon_file_behind_a_strangers_link_is_not_renamed(tmp_path: Path) -> None:
    real, theirs = tmp_path / "real", tmp_path / "theirs"
    real.mkdir()
    _file(real / "password", "a")
    theirs.mkdir()
    os.chown(theirs, 65534, 65534)
    (theirs / "home").symlink_to(real)
    os.chown(theirs / "home", 65534, 65534, follow_symlinks=False)
    with pytest.raises(PasswordSourceError, match="belongs to another user"):
        CarbonHome(theirs / "home", consume=True).read()
    assert (real / "password").read_text() == "a"


def test_passwords_are_no_tuple_and_show_nothing() -> None:
    passwords = Passwords("c4n4ry", "c4n4ry")
    assert "c4n4ry" not in f"{passwords!r}{passwords}"
    uses: list[Callable[[Any], object]] = [tuple, hash, json.dumps]
    for use in uses:
        with pytest.raises(TypeError):
            use(passwords)
