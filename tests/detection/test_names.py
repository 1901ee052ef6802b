"""Which names are those of secrets."""

from __future__ import annotations

import pytest

from ciphertool.detection.names import Strength, names_a_secret, strength, words


@pytest.mark.parametrize(
    "name",
    [
        *("password", "db.password", "userPassword2", "DB_PASSWD", "spring.datasource.password", "keystorePass"),
        *(
            "clientSecret",
            "x-api-key",
            "SECRET_KEY_BASE",
            "aws_secret_access_key",
            "Пароль",
            "contraseña",
            "motDePasse",
        ),
        *(
            "Senha",
            "$['db']['password']",
            "users[3].password",
            "env.DB_PASSWORD.value",
            "identitytoken",
            "sslkeypassphrase",
        ),
    ],
)
def test_a_secret(name: str) -> None:
    assert names_a_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        *("", "passwordPolicy", "tokenEndpoint", "keyAlias", "password.min.length", "secretName", "PASSWORD_FILE"),
        *("adminPasswordKey", "password_hash", "compass", "bypass", "tokenizer", "publicKey", "stripe.publishable.key"),
        *("usePassword", "PasswordJavaRegEx", "StoreSaltedPasswordEnabled", "forgot_password", "sha256", "user"),
    ],
)
def test_no_secret(name: str) -> None:
    assert not names_a_secret(name)


def test_a_hint_is_weaker_than_a_token_and_that_than_a_password() -> None:
    assert strength("salt") is Strength.HINT
    assert strength("api_key") is Strength.TOKEN
    assert strength("password") is Strength.PASSWORD


def test_words_of_every_spelling() -> None:
    assert words("dbPassword_OLD-keyXMLFile.x2") == ["db", "password", "old", "key", "xml", "file", "x2"]
    assert words("contraseña") == ["contrasena"]
