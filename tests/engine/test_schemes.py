"""How a name finds a scheme."""

from __future__ import annotations

import pytest

from ciphertool.engine import DEFAULT, SCHEMES, scheme_named
from ciphertool.engine.schemes import UNPADDED
from ciphertool.errors import UnsupportedSchemeError

OAEP_SHA1 = "RSA/ECB/OAEPwithSHA1andMGF1Padding"


@pytest.mark.parametrize(
    ("name", "scheme"),
    [
        ("RSA-OAEP-256", "RSA-OAEP-256"),
        ("RSA", "RSA/ECB/PKCS1Padding"),
        ("rsa", "RSA/ECB/PKCS1Padding"),
        ("RSA / ECB / PKCS1Padding", "RSA/ECB/PKCS1Padding"),
        ("RSA/ECB/PKCS1PADDING", "RSA/ECB/PKCS1Padding"),
        (OAEP_SHA1, OAEP_SHA1),
        ("RSA/ECB/OAEPWithSHA1AndMGF1Padding", OAEP_SHA1),
        ("RSA/ECB/OAEPWithSHA-1AndMGF1Padding", OAEP_SHA1),
        ("RSA/ECB/OAEPPadding", OAEP_SHA1),
        ("rsa/ecb/oaepwithsha-256andmgf1padding", "RSA/ECB/OAEPWithSHA-256AndMGF1Padding"),
    ],
)
def test_a_name_is_read_as_java_reads_it(name: str, scheme: str) -> None:
    assert scheme_named(name).name == scheme


@pytest.mark.parametrize(
    "name",
    [
        "",
        "AES/CBC/PKCS5Padding",
        "RSA/ECB",
        "RSA/NONE/PKCS1Padding",
        "RSA/ECB/OAEPWithSHA256AndMGF1Padding",
        "rsa-oaep-256",
    ],
)
def test_an_unknown_name_is_refused_with_those_known(name: str) -> None:
    with pytest.raises(UnsupportedSchemeError) as e:
        scheme_named(name)
    assert e.value.name == name
    assert all(scheme.name in e.value.hint for scheme in SCHEMES)


@pytest.mark.parametrize("name", ["AES/GCM/NoPadding", "aes / gcm / nopadding"])
def test_a_secret_keys_transformation_is_known_and_refused(name: str) -> None:
    with pytest.raises(UnsupportedSchemeError) as e:
        scheme_named(name)
    assert e.value.name == "AES/GCM/NoPadding"
    assert "secret key" in e.value.reason


@pytest.mark.parametrize("name", ["RSA/ECB/NoPadding", "rsa/ecb/nopadding"])
def test_textbook_rsa_is_refused_unless_it_is_asked_for(name: str) -> None:
    with pytest.raises(UnsupportedSchemeError) as e:
        scheme_named(name)
    assert e.value.name == "RSA/ECB/NoPadding"
    assert "padding" in e.value.reason
    assert scheme_named(name, allow_unpadded=True) is UNPADDED


def test_native_schemes_bind_a_label_and_pkcs1_comes_last() -> None:
    assert [scheme.name for scheme in SCHEMES if scheme.native] == [DEFAULT.name]
    assert all(scheme.labelled for scheme in SCHEMES if scheme.native)
    assert SCHEMES[-1].name == "RSA/ECB/PKCS1Padding"


def test_no_spelling_means_two_schemes() -> None:
    spellings = [spelling for scheme in (*SCHEMES, UNPADDED) for spelling in scheme.spellings]
    assert len(spellings) == len(set(spellings))
