"""The cryptography bill of materials: valid by CycloneDX's own schema, the same for the same report, and complete."""

from __future__ import annotations

import base64
import json
import sys
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from ciphertool.audit import AuditFinding, KeyCard, Report
from ciphertool.audit.model import Place, SchemeUse
from ciphertool.audit.reports import Format, render
from ciphertool.audit.rules import PUBLIC_KEY
from ciphertool.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import Outcome

    Run = Callable[..., Outcome]

TIME = datetime(2026, 2, 3, 4, 5, 6, tzinfo=UTC)
HOSTILE = "<script>|\"'\n\udc80\N{PILE OF POO}"
CARD = KeyCard(
    path="k.p12",
    alias=HOSTILE,
    subject=f"CN={HOSTILE}",
    algorithm="RSA",
    bits=2048,
    sha256="a" * 64,
    not_before=TIME,
    not_after=TIME,
    key_usage=("dataEncipherment",),
    primary=True,
    issuer="CN=ca",
    public_key_sha256="0123456789abcdef" * 4,
    signature_oid="1.2.840.113549.1.1.11",
)
UNREADABLE = KeyCard("odd.p12", "odd", "", "unknown", None, "b" * 64, None, None, None, True)
REPORT = Report(
    root=Path("/srv/app"),
    time=TIME,
    values=(),
    findings=(),
    keys=(CARD, replace(CARD, path="copy.p12"), UNREADABLE),
    schemes=(
        SchemeUse("ciphertool.toml", "RSA-OAEP-256"),
        SchemeUse("vault.properties", "RSA-OAEP-256", 3),
        SchemeUse("vault.properties", "rsa", 2),
        SchemeUse("vault.properties", "RSA/ECB/OAEPWithSHA-256AndMGF1Padding", 1),
        SchemeUse("vault.properties", "RSA/ECB/NoPadding", 1),
        SchemeUse("vault.properties", "AES/GCM/NoPadding", 1),
        SchemeUse("vault.properties", HOSTILE, 1),
    ),
)


def _valid(text: str) -> dict[str, dict[str, Any]]:
    """Prove a bill by the library's strict schema; return its components by their references."""
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    return {component["bom-ref"]: component for component in json.loads(text).get("components", [])}


def test_it_follows_the_strict_schema_and_is_the_same_for_the_same_report() -> None:
    text = render(REPORT, Format.CBOM)
    _valid(text)
    shuffled = replace(REPORT, schemes=REPORT.schemes[::-1] * 2)
    assert render(shuffled, Format.CBOM) == text
    bill = json.loads(text)
    assert bill["metadata"]["timestamp"] == "2026-02-03T04:05:06+00:00"
    later = json.loads(render(replace(REPORT, time=TIME.replace(year=2027)), Format.CBOM))
    assert later["serialNumber"] != bill["serialNumber"]
    assert later["components"] == bill["components"]


def test_an_audit_that_found_no_cryptography_is_a_valid_bill() -> None:
    assert _valid(render(Report(Path("/"), TIME, (), ()), Format.CBOM)) == {}


@pytest.mark.parametrize(
    ("name", "expected", "digests"),
    [
        ("RSA-OAEP-256", {"primitive": "pke", "padding": "oaep"}, ["SHA-256", "SHA-256"]),
        ("RSA/ECB/OAEPWithSHA-256AndMGF1Padding", {"primitive": "pke", "padding": "oaep"}, ["SHA-256", "SHA-1"]),
        ("RSA/ECB/PKCS1Padding", {"primitive": "pke", "padding": "pkcs1v15"}, []),
        ("RSA/ECB/NoPadding", {"primitive": "pke", "padding": "raw"}, []),
        ("AES/GCM/NoPadding", {"primitive": "ae", "mode": "gcm"}, []),
        (HOSTILE, {"primitive": "unknown"}, []),
    ],
)
def test_a_scheme_says_what_it_is(name: str, expected: dict[str, str], digests: list[str]) -> None:
    scheme = _valid(render(REPORT, Format.CBOM))[f"algorithm:{name}"]
    assert expected.items() <= scheme["cryptoProperties"]["algorithmProperties"].items()
    assert [found["value"] for found in scheme.get("properties", [])] == digests


def test_a_scheme_says_where_it_is_declared_and_how_many_secrets_it_encrypts() -> None:
    found = _valid(render(REPORT, Format.CBOM))["algorithm:RSA-OAEP-256"]["evidence"]["occurrences"]
    assert [(one["location"], one["additionalContext"]) for one in found] == [
        ("ciphertool.toml", "declared"),
        ("vault.properties", "secrets: 3"),
    ]


def test_a_certificate_in_two_keystores_is_one_asset_that_names_its_key_and_signature() -> None:
    text = render(REPORT, Format.CBOM)
    components = _valid(text)
    certificate = components[f"certificate:{CARD.sha256}"]
    assert [one["location"] for one in certificate["evidence"]["occurrences"]] == ["copy.p12", "k.p12"]
    assert certificate["hashes"] == [{"alg": "SHA-256", "content": CARD.sha256}]
    properties = certificate["cryptoProperties"]["certificateProperties"]
    assert properties["issuerName"] == "CN=ca"
    assert properties["notValidAfter"] == TIME.isoformat()
    assert components[properties["signatureAlgorithmRef"]]["name"] == "SHA256withRSA"
    key = components[properties["subjectPublicKeyRef"]]["cryptoProperties"]["relatedCryptoMaterialProperties"]
    assert key == {"type": "public-key", "id": "0123456789abcdef", "size": 2048, "algorithmRef": "algorithm:RSA-2048"}
    depends = {one["ref"]: one.get("dependsOn") for one in json.loads(text)["dependencies"]}
    assert depends[certificate["bom-ref"]] == ["algorithm:SHA256withRSA", properties["subjectPublicKeyRef"]]
    assert f"certificate:{CARD.sha256}" in depends["subject"]


def test_a_key_that_everybody_has_is_compromised() -> None:
    finding = AuditFinding(PUBLIC_KEY, Place(CARD.path, selector=CARD.alias), "it is public")
    components = _valid(render(replace(REPORT, findings=(finding,)), Format.CBOM))
    key = components[f"key:{CARD.public_key_sha256}"]["cryptoProperties"]["relatedCryptoMaterialProperties"]
    assert key["state"] == "compromised"


def test_without_the_library_it_says_which_extra_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "cyclonedx"]:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.delitem(sys.modules, "ciphertool.audit.reports.cbom", raising=False)
    monkeypatch.delattr("ciphertool.audit.reports.cbom", raising=False)
    with pytest.raises(ConfigError) as e:
        render(REPORT, Format.CBOM)
    assert e.value.hint == "install ciphertool's extra: pip install '.[cbom]' in a clone of its repository"


def test_the_program_writes_one_by_its_suffix_with_the_key_that_a_password_shows(protected: Path, run: Run) -> None:
    assert run("audit", "-o", "audit.cdx.json", "-o", "audit.json", "--decrypt").status == 0
    text = (protected / "audit.cdx.json").read_text()
    kinds = sorted(reference.partition(":")[0] for reference in _valid(text))
    assert kinds == ["algorithm"] * 4 + ["certificate", "key"]
    (key,) = [c for c in json.loads(text)["components"] if c["bom-ref"].startswith("key:")]
    # The id that the vault's ciphertexts carry.
    assert f"ENC[RSA-OAEP-256,{key['name']}," in (protected / "security/vault.properties").read_text()
    report = json.loads((protected / "audit.json").read_text())
    assert [card["alias"] for card in report["keys"]] == ["primary"]
    assert "CT025" not in [finding["rule"] for finding in report["findings"]]


def test_symmetric_ciphertexts_are_listed_as_what_they_are(project: Path, run: Run) -> None:
    data = base64.b64encode(b"c4n4ry").decode()
    stored = base64.b64encode(json.dumps({"cipherText": data, "iv": data}).encode()).decode()
    settings = project / "ciphertool.toml"
    settings.write_text(settings.read_text().replace("[repository]", '[repository]\nkind = "carbon4"'))
    (project / "security/vault.properties").write_text(f"a={stored}\n")
    outcome = run("audit", "--format", "cbom", "--fail-on", "error")
    components = _valid(outcome.out)
    (found,) = components["algorithm:AES/GCM/NoPadding"]["evidence"]["occurrences"]
    assert (found["location"], found["additionalContext"]) == ("security/vault.properties", "secrets: 1")
    assert data not in outcome.out
    assert stored not in outcome.out
