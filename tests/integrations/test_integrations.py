"""Each integration with the real framework, on a vault protected by the program."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from ciphertool import CipherToolError, Vault

if TYPE_CHECKING:
    from pathlib import Path

VALUE = "c4n4ry-yaml-1"
REFERENCE = "$secret{app.datasource.password}"
UNKNOWN = "$secret{no.such.alias}"

pytestmark = pytest.mark.usefixtures("protected")


def test_pydantic_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("pydantic_settings")
    from pydantic import BaseModel, SecretStr, ValidationError
    from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

    from ciphertool.integrations.pydantic_settings import ResolvedSource, VaultFileSource

    class Source(BaseModel):
        user: str
        password: SecretStr

    class Settings(BaseSettings):
        model_config = SettingsConfigDict(extra="ignore", hide_input_in_errors=True, env_prefix="app_")
        datasource: Source
        token: SecretStr
        retries: int = 3

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,
            file_secret_settings: PydanticBaseSettingsSource,
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            del dotenv_settings, file_secret_settings
            vault = Vault.open()
            file = VaultFileSource(settings_cls, "conf/app.yaml", vault)
            return init_settings, ResolvedSource(env_settings, vault), file

    make: Any = Settings  # what it requires comes from its sources, which mypy does not know
    monkeypatch.setenv("APP_TOKEN", REFERENCE)
    settings = make()
    assert settings.datasource.password.get_secret_value() == settings.token.get_secret_value() == VALUE
    assert VALUE not in repr(settings)
    monkeypatch.setenv("APP_RETRIES", REFERENCE)
    with pytest.raises(ValidationError) as wrong:
        make()
    assert VALUE not in str(wrong.value)
    monkeypatch.setenv("APP_TOKEN", UNKNOWN)
    with pytest.raises(CipherToolError, match=r"no\.such\.alias"):
        make()


def test_django(tmp_path: Path) -> None:
    pytest.importorskip("django")
    settings = (
        "from ciphertool.integrations.django import resolve_settings\n"
        f"SECRET_KEY = {REFERENCE!r}\n"
        f"DATABASES = {{'default': {{'ENGINE': 'django.db.backends.sqlite3', 'PASSWORD': {REFERENCE!r}, 'PORT': 1}}}}\n"
        f"lower = {UNKNOWN!r}\n"
        "resolve_settings(globals())\n"
    )
    (tmp_path / "app_settings.py").write_text(settings)
    program = (
        "import django; from django.conf import settings; django.setup()\n"
        f"assert settings.SECRET_KEY == settings.DATABASES['default']['PASSWORD'] == {VALUE!r}\n"
        "assert settings.DATABASES['default']['PORT'] == 1"
    )
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "app_settings", "PYTHONPATH": str(tmp_path)}
    subprocess.run([sys.executable, "-c", program], env=environment, check=True)
    from ciphertool.integrations.django import resolve_settings

    names: dict[str, Any] = {"A": REFERENCE, "B": UNKNOWN}
    with pytest.raises(CipherToolError):
        resolve_settings(names)
    assert names["A"] == REFERENCE


def test_flask() -> None:
    flask = pytest.importorskip("flask")
    from ciphertool.integrations.flask import resolve_config

    app = flask.Flask("app")
    app.config.from_mapping(SECRET_KEY=REFERENCE, NESTED={"list": [REFERENCE, 1]})
    resolve_config(app)
    assert app.config["SECRET_KEY"] == VALUE
    assert app.config["NESTED"] == {"list": [VALUE, 1]}


def test_dotenv(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("dotenv")
    from ciphertool.integrations.dotenv import dotenv_values, load_dotenv

    (tmp_path / ".env").write_text(
        f"PASSWORD='{REFERENCE}'\nURL=\"db://app:${{PASSWORD}}@h\"\nSEC=${{sec:app.datasource.password}}\nALONE\n"
    )
    expected = {"PASSWORD": VALUE, "URL": f"db://app:{VALUE}@h", "SEC": VALUE, "ALONE": None}
    assert dotenv_values(vault=Vault.open()) == expected
    for name in expected:
        monkeypatch.setenv(name, "")  # so that it is gone again afterwards
        monkeypatch.delenv(name)
    monkeypatch.setenv("SEC", "kept")
    assert load_dotenv()
    assert (os.environ["URL"], os.environ["SEC"]) == (f"db://app:{VALUE}@h", "kept")
    assert load_dotenv(override=True)
    assert os.environ["SEC"] == VALUE


def test_sqlalchemy() -> None:
    sqlalchemy = pytest.importorskip("sqlalchemy")
    from ciphertool.integrations.sqlalchemy import url

    vault = Vault.open()
    made = url(f"postgresql://app:{REFERENCE}@host:5432/db?sslpassword={REFERENCE}", vault)
    assert (made.username, made.password, made.host, made.port, made.database) == ("app", VALUE, "host", 5432, "db")
    assert made.query == {"sslpassword": VALUE}
    assert VALUE not in repr(made).partition("?")[0]
    assert url("postgresql://app:${sec:app.smtp.password}@host").password == "c4n4ry'yaml-2"
    engine = sqlalchemy.create_engine(url("sqlite://"))
    with engine.connect() as connection:
        assert connection.scalar(sqlalchemy.text("select 1")) == 1
    engine.dispose()
    with pytest.raises(CipherToolError):
        url(f"postgresql://app:{UNKNOWN}@host", vault)


def test_dynaconf(tmp_path: Path) -> None:
    dynaconf = pytest.importorskip("dynaconf")
    from ciphertool.integrations.dynaconf import resolve

    (tmp_path / "settings.toml").write_text(f'name = "app"\n[db]\npassword = "{REFERENCE}"\nhosts = ["a", "b"]\n')
    settings = dynaconf.Dynaconf(settings_files=[str(tmp_path / "settings.toml")], post_hooks=[resolve])
    assert settings.db.password == VALUE
    assert settings.db.hosts == ["a", "b"]
    assert settings.name == "app"


def test_omegaconf() -> None:
    omegaconf = pytest.importorskip("omegaconf")
    from ciphertool.integrations.omegaconf import register

    register()
    config = omegaconf.OmegaConf.create({"db": {"password": "${sec:app.datasource.password}", "bad": "${sec:no.such}"}})
    assert config.db.password == VALUE
    assert VALUE not in omegaconf.OmegaConf.to_yaml(config)
    with pytest.raises(omegaconf.errors.InterpolationResolutionError, match=r"no\.such"):
        _ = config.db.bad


def test_keyring(tmp_path: Path, run: Any) -> None:
    keyring = pytest.importorskip("keyring")
    from keyring.errors import PasswordDeleteError, PasswordSetError

    (tmp_path / "conf/app.env").write_text("PASSWORD=of-the-service\n")
    with (tmp_path / "ciphertool.toml").open("a") as config:
        config.write('\n[[target]]\nfile = "conf/app.env"\nselector = "PASSWORD"\nalias = "smtp/app"\n')
    assert run("protect").status == 0
    from ciphertool.integrations.keyring import VaultKeyring

    backend = VaultKeyring()  # type: ignore[no-untyped-call]
    assert backend.get_password("smtp", "app") == "of-the-service"
    assert backend.get_password("smtp", "nobody") is None
    with pytest.raises(PasswordSetError):
        backend.set_password("smtp", "app", "x")
    with pytest.raises(PasswordDeleteError):
        backend.delete_password("smtp", "app")
    program = "import keyring; print(keyring.get_password('smtp', 'app') == 'of-the-service')"
    environment = {**os.environ, "PYTHON_KEYRING_BACKEND": "ciphertool.integrations.keyring.VaultKeyring"}
    done = subprocess.run([sys.executable, "-c", program], env=environment, check=True, capture_output=True)
    assert done.stdout == b"True\n"
    assert keyring


def test_no_integration_is_imported_with_the_library() -> None:
    names = "pydantic pydantic_settings django flask dotenv sqlalchemy dynaconf omegaconf keyring airflow"
    program = "import sys; from ciphertool import Vault; Vault.open().check(); "
    program += f"print({{*{names!r}.split()}} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", program], check=True, capture_output=True)
    assert done.stdout == b"set()\n"
