"""The table of tokens: each line finds what its provider's tokens look like, and names the page that says so.

All values are invented, and put together here, so that no line of this file is one.
"""

from __future__ import annotations

import base64
import re
import string
from typing import TYPE_CHECKING

import pytest

from ciphertool.detection.hints import candidates
from ciphertool.detection.patterns import held
from ciphertool.detection.tokens import TOKENS

if TYPE_CHECKING:
    from ciphertool.detection.tokens import Token

_LOWER = "k7q2m9x4t8w3z6p5r1v0n"
_UPPER = _LOWER.upper()
_MIXED = "kQ7mX9tR4wZ3pV6nB2sD8"
_HEX = "3f9a1c7e5b0d8264"


def _of(text: str, length: int) -> str:
    return (text * (length // len(text) + 1))[:length]


def mixed(length: int) -> str:
    """Return letters of both cases and digits."""
    return _of(_MIXED, length)


def upper(length: int) -> str:
    """Return capital letters and digits."""
    return _of(_UPPER, length)


def lower(length: int) -> str:
    """Return small letters and digits."""
    return _of(_LOWER, length)


def hexadecimal(length: int) -> str:
    """Return hexadecimal digits."""
    return _of(_HEX, length)


def letters(length: int) -> str:
    """Return letters."""
    return _of(string.ascii_letters, length)


UUID = "-".join(map(hexadecimal, (8, 4, 4, 4, 12)))

VECTORS: tuple[tuple[str, str], ...] = (
    ("private key", "AGE-SECRET-" + "KEY-1" + upper(58)),
    ("AWS access key", "AK" + "IA" + upper(16)),
    ("AWS access key", "AS" + "IA" + upper(16)),
    ("AWS Bedrock key", "AB" + "SK" + mixed(120) + "="),
    ("Google key", "AI" + "za" + mixed(35)),
    ("Google key", "GOC" + "SPX-" + mixed(28)),
    ("Google key", "ya" + "29." + mixed(40)),
    ("Azure key", "Account" + "Key=" + mixed(86) + "=="),
    ("Azure key", "https://a.blob.core.windows.net/c?sv=1&si" + "g=" + mixed(43) + "%3D"),
    ("Azure key", mixed(3) + "8" + "Q~" + mixed(34)),
    ("Azure DevOps token", mixed(52) + "JQ" + "QJ9" + mixed(18) + "AZDO" + mixed(4)),
    ("cloud token", "dop" + "_v1_" + hexadecimal(64)),
    ("cloud token", "LT" + "AI" + mixed(20)),
    ("cloud token", "HR" + "KU-" + "AA" + mixed(58)),
    ("cloud token", "fm" + "2_" + mixed(100)),
    ("cloud token", "fo" + "1_" + mixed(43)),
    ("cloud token", "v1." + "0-" + hexadecimal(24) + "-" + hexadecimal(146)),
    ("cloud token", "nf" + "p_" + mixed(36)),
    ("cloud token", "rn" + "d_" + mixed(28)),
    ("cloud token", "sha256" + "~" + mixed(43)),
    ("cloud token", mixed(14) + ".atlas" + "v1." + mixed(67)),
    ("cloud token", "pu" + "l-" + hexadecimal(40)),
    ("cloud token", "da" + "pi" + hexadecimal(32)),
    ("cloud token", "dp." + "pt." + mixed(43)),
    ("cloud token", "dp." + "st.prd." + mixed(43)),
    ("GitHub token", "gh" + "p_" + mixed(36)),
    ("GitHub token", "github" + "_pat_" + mixed(22) + "_" + mixed(59)),
    ("GitLab token", "gl" + "pat-" + mixed(20)),
    ("GitLab token", "GR13" + "48941" + mixed(20)),
    ("Atlassian token", "AT" + "ATT3" + mixed(180)),
    ("build service token", "CCI" + "PAT_" + mixed(22) + "_" + hexadecimal(40)),
    ("build service token", "bk" + "ua_" + hexadecimal(40)),
    ("build service token", "bk" + "aj_" + mixed(60)),
    ("build service token", "AP" + "I-" + upper(26)),
    ("build service token", "pa" + "t." + mixed(22) + "." + mixed(24) + "." + mixed(20)),
    ("code quality token", "sq" + "p_" + hexadecimal(40)),
    ("code search token", "sg" + "p_" + hexadecimal(16) + "_" + hexadecimal(40)),
    ("package registry token", "np" + "m_" + mixed(36)),
    ("package registry token", "pypi" + "-AgE" + mixed(100)),
    ("package registry token", "rubygems" + "_" + hexadecimal(48)),
    ("package registry token", "dckr" + "_pat_" + mixed(27)),
    ("package registry token", "CLOJARS" + "_" + hexadecimal(60)),
    ("package registry token", "AK" + "Cp8" + mixed(68)),
    ("vault token", "hv" + "s." + mixed(95)),
    ("password manager token", "ops_" + "eyJ" + mixed(300)),
    ("password manager token", "A" + "3-" + "-".join(map(upper, (6, 6, 5, 5, 5, 5)))),
    ("network token", "tskey" + "-auth-" + mixed(16) + "-" + mixed(32)),
    ("database token", "pscale" + "_tkn_" + mixed(43)),
    ("database token", "sb" + "p_" + hexadecimal(40)),
    ("workflow token", "pn" + "u_" + mixed(36)),
    ("feature flag key", "sd" + "k-" + UUID),
    ("monitoring token", "gl" + "sa_" + mixed(32) + "_" + hexadecimal(8)),
    ("monitoring token", "gl" + "c_" + mixed(120) + "=="),
    ("monitoring token", "NR" + "AK-" + upper(27)),
    ("monitoring token", hexadecimal(36) + "NR" + "AL"),
    ("monitoring token", "sntry" + "u_" + hexadecimal(64)),
    ("monitoring token", "dt0" + "c01." + upper(24) + "." + upper(64)),
    ("Slack token", "xo" + "xb-123456789012-1234567890123-" + mixed(24)),
    ("Slack token", "xa" + "pp-1-A012345-1234567890-" + hexadecimal(64)),
    ("Slack token", "https://hooks.sl" + "ack.com/services/T0123AB/B0123AB/" + mixed(24)),
    ("chat bot token", "123456789" + ":AA" + mixed(33)),
    ("chat bot token", "bot123456789" + ":AA" + mixed(33)),
    ("chat bot token", "M" + mixed(23) + "." + mixed(6) + "." + mixed(38)),
    ("chat bot token", "https://discord.com/api/web" + "hooks/123456789012345678/" + mixed(68)),
    (
        "chat bot token",
        "https://a.webhook.off" + "ice.com/webhookb2/" + UUID + "@" + UUID + "/IncomingWebhook/" + hexadecimal(32),
    ),
    ("mail service key", "S" + "G." + mixed(22) + "." + mixed(43)),
    ("mail service key", "ke" + "y-" + hexadecimal(32)),
    ("mail service key", "xkey" + "sib-" + hexadecimal(64) + "-" + mixed(16)),
    ("Stripe key", "sk" + "_live_" + mixed(24)),
    ("Stripe key", "wh" + "sec_" + mixed(32)),
    ("payment service key", "sq0" + "csp-" + mixed(43)),
    ("payment service key", "FLWSECK" + "_TEST-" + hexadecimal(32) + "-X"),
    ("payment service key", "access_token" + "$production$" + lower(16) + "$" + hexadecimal(32)),
    ("payment service key", "access-" + "production-" + UUID),
    ("shop token", "shp" + "at_" + hexadecimal(32)),
    ("shop token", "shippo" + "_live_" + hexadecimal(40)),
    ("model service key", "sk" + "-ant-api03-" + mixed(93) + "AA"),
    ("model service key", "sk" + "-proj-" + mixed(48)),
    ("model service key", "h" + "f_" + letters(34)),
    ("model service key", "gs" + "k_" + mixed(52)),
    ("model service key", "pp" + "lx-" + mixed(48)),
    ("model service key", "r" + "8_" + mixed(37)),
    ("model service key", "xa" + "i-" + mixed(80)),
    ("work service token", "PM" + "AK-" + hexadecimal(24) + "-" + hexadecimal(34)),
    ("work service token", "lin" + "_api_" + mixed(40)),
    ("work service token", "nt" + "n_" + "12345678901" + mixed(35)),
    ("work service token", "pa" + "t" + mixed(14) + "." + hexadecimal(64)),
    ("work service token", "fig" + "d_" + mixed(40)),
    ("work service token", "fio" + "-u-" + mixed(64)),
    ("work service token", "tf" + "p_" + mixed(59)),
    ("work service token", "pat" + "-na1-" + UUID),
    ("work service token", "CF" + "PAT-" + mixed(43)),
    ("work service token", "rd" + "me_" + lower(70)),
    ("work service token", "duffel" + "_live_" + mixed(43)),
    ("map service token", "sk" + ".eyJ" + mixed(60) + "." + mixed(22)),
    ("map service token", mixed(6) + "_" + mixed(29) + "_mm" + "k"),
    ("device service key", "ai" + "o_" + mixed(28)),
    ("creative service secret", "p8" + "e-" + mixed(32)),
)


@pytest.mark.parametrize(("kind", "value"), VECTORS, ids=[f"{n} {kind}" for n, (kind, _) in enumerate(VECTORS)])
def test_a_token_is_found_alone_and_within_a_text(kind: str, value: str) -> None:
    for text in (value, f"use {value} here", f'key="{value}"'):
        assert candidates(["a", text, "b"]) == {1}
        assert (kind, True) in [(each.kind, each.is_itself) for each in held(text)]


@pytest.mark.parametrize("token", TOKENS, ids=lambda token: f"{token.kind} {token.leads}")
def test_each_line_of_the_table_has_a_vector_and_a_source(token: Token) -> None:
    assert token.source.startswith("https://")
    assert [value for kind, value in VECTORS if kind == token.kind and re.search(token.pattern, value)]


@pytest.mark.parametrize(("kind", "value"), VECTORS, ids=[f"{n} {kind}" for n, (kind, _) in enumerate(VECTORS)])
def test_half_a_token_is_none(kind: str, value: str) -> None:
    assert kind not in [each.kind for each in held(value[: min(len(value) // 4, 12)])]


@pytest.mark.parametrize(
    "begin", ["-----BEGIN PRIVATE KEY-----", "-----BEGIN RSA PRIVATE KEY-----", "-----BEGIN OPENSSH PRIVATE KEY-----"]
)
def test_a_private_key_is_found_in_base64(begin: str) -> None:
    text = base64.b64encode(f"{begin}\nMIIEpAIBAAKCAQEA\n".encode()).decode()
    assert [each.kind for each in held(text)] == ["private key"]
    public = base64.b64encode(b"-----BEGIN PUBLIC KEY-----\nMIIBIjANBgkqhkiG9w0BAQEFAAOC\n").decode()
    assert not list(held(public))
