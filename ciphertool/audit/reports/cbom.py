"""The cryptography that an audit found as a CycloneDX 1.6 bill of materials: schemes, public keys, certificates.

It lists what is in use and not the findings, but for a key that everybody has: that one is `compromised`. This module
needs the extra `cbom`; nothing else imports it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import NAMESPACE_OID, uuid5

from cyclonedx.model import HashAlgorithm, HashType, Property
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.model.component_evidence import ComponentEvidence, Occurrence
from cyclonedx.model.crypto import (
    AlgorithmProperties,
    CertificateProperties,
    CryptoAssetType,
    CryptoFunction,
    CryptoMode,
    CryptoPadding,
    CryptoPrimitive,
    CryptoProperties,
    RelatedCryptoMaterialProperties,
    RelatedCryptoMaterialState,
    RelatedCryptoMaterialType,
)
from cyclonedx.model.tool import ToolRepository
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion

from ciphertool import __version__
from ciphertool.audit import rules
from ciphertool.audit.reports import json
from ciphertool.audit.shown import root
from ciphertool.ciphertext import ENVELOPE
from ciphertool.engine import scheme_named
from ciphertool.engine.oaep import Oaep
from ciphertool.engine.pkcs1 import Pkcs1
from ciphertool.engine.schemes import AES_GCM
from ciphertool.errors import UnsupportedSchemeError

if TYPE_CHECKING:
    from ciphertool.audit.model import KeyCard, Report, SchemeUse

_CIPHER = (CryptoFunction.ENCRYPT, CryptoFunction.DECRYPT)
_HASHES = {"SHA1": "SHA-1", "SHA256": "SHA-256"}
_RSA_OID = "1.2.840.113549.1.1.1"
_SIGNATURES = {  # by the names that keytool prints
    "1.2.840.113549.1.1.4": "MD5withRSA",
    "1.2.840.113549.1.1.5": "SHA1withRSA",
    "1.2.840.113549.1.1.10": "RSASSA-PSS",
    "1.2.840.113549.1.1.11": "SHA256withRSA",
    "1.2.840.113549.1.1.12": "SHA384withRSA",
    "1.2.840.113549.1.1.13": "SHA512withRSA",
    "1.2.840.10045.4.3.2": "SHA256withECDSA",
    "1.2.840.10045.4.3.3": "SHA384withECDSA",
    "1.2.840.10045.4.3.4": "SHA512withECDSA",
    "1.3.101.112": "Ed25519",
    "1.3.101.113": "Ed448",
}


def render(report: Report) -> str:
    """Return the bill as JSON. The same report gives the same text, its serial number included."""
    inventory = _Inventory(report)
    for use in report.schemes:
        inventory.scheme(use)
    for card in report.keys:
        inventory.certificate(card)
    tool = Component(name="ciphertool", version=__version__, type=ComponentType.APPLICATION, bom_ref="tool")
    bom = Bom(
        components=inventory.components.values(),
        serial_number=uuid5(NAMESPACE_OID, json.render(report)),
        metadata=BomMetaData(
            timestamp=report.time, tools=ToolRepository(components=[tool]), component=inventory.subject
        ),
    )
    for component, parts in inventory.parts:
        bom.register_dependency(component, parts)
    return make_outputter(bom, OutputFormat.JSON, SchemaVersion.V1_6).output_as_string(indent=2) + "\n"


class _Inventory:
    """The assets of one report, each once, by their references; and what each is made of."""

    def __init__(self, report: Report) -> None:
        self.components: dict[str, Component] = {}
        self.subject = Component(name=root(report).name or "/", type=ComponentType.APPLICATION, bom_ref="subject")
        self.parts: list[tuple[Component, list[Component]]] = []
        self._public = {(f.place.path, f.place.selector) for f in report.findings if f.rule is rules.PUBLIC_KEY}

    def scheme(self, use: SchemeUse) -> None:
        """Add a scheme, with the digests of its padding."""
        name, properties, digests = _scheme(use.name)
        component = self._algorithm(name, properties)
        for role, digest in digests.items():
            component.properties.add(Property(name=f"ciphertool:{role}", value=digest))
            hashing = AlgorithmProperties(primitive=CryptoPrimitive.HASH, crypto_functions=[CryptoFunction.DIGEST])
            self.parts.append((component, [self._algorithm(digest, hashing)]))
        context = f"secrets: {use.secrets}" if use.secrets else "declared"
        context = f"content keys: {use.content_keys}" if use.content_keys else context
        self._found(component, use.path, context)

    def certificate(self, card: KeyCard) -> None:
        """Add a certificate, with its public key and the algorithm of its signature."""
        key, signature = self._key(card), self._signature(card)
        certificate = CertificateProperties(
            subject_name=card.subject,
            issuer_name=card.issuer,
            not_valid_before=card.not_before,
            not_valid_after=card.not_after,
            signature_algorithm_ref=signature.bom_ref if signature else None,
            subject_public_key_ref=key.bom_ref if key else None,
            certificate_format="X.509",
        )
        crypto = CryptoProperties(asset_type=CryptoAssetType.CERTIFICATE, certificate_properties=certificate)
        component = self._add(f"certificate:{card.sha256}", card.subject or card.sha256, crypto, sha256=card.sha256)
        if card.key_usage is not None:
            component.properties.add(Property(name="ciphertool:key-usage", value=" ".join(card.key_usage)))
        self.parts.append((component, [part for part in (key, signature) if part is not None]))
        self._found(component, card.path, f"alias: {card.alias}")

    def _key(self, card: KeyCard) -> Component | None:
        """Add the public key, by the id that native ciphertexts carry; None where it cannot be read."""
        if card.public_key_sha256 is None:
            return None
        rsa = card.algorithm == "RSA"
        algorithm = self._algorithm(
            f"{card.algorithm}-{card.bits}" if card.bits else card.algorithm,
            AlgorithmProperties(
                primitive=CryptoPrimitive.PKE if rsa else CryptoPrimitive.UNKNOWN,
                parameter_set_identifier=str(card.bits) if card.bits else None,
            ),
            oid=_RSA_OID if rsa else None,
        )
        key_id = card.public_key_sha256[:16]
        public = (card.path, card.alias) in self._public
        material = RelatedCryptoMaterialProperties(
            type=RelatedCryptoMaterialType.PUBLIC_KEY,
            id=key_id,
            state=RelatedCryptoMaterialState.COMPROMISED if public else None,
            algorithm_ref=algorithm.bom_ref,
            size=card.bits,
        )
        crypto = CryptoProperties(
            asset_type=CryptoAssetType.RELATED_CRYPTO_MATERIAL, related_crypto_material_properties=material
        )
        component = self._add(f"key:{card.public_key_sha256}", key_id, crypto, sha256=card.public_key_sha256)
        self.parts.append((component, [algorithm]))
        return component

    def _signature(self, card: KeyCard) -> Component | None:
        if card.signature_oid is None:
            return None
        signing = AlgorithmProperties(
            primitive=CryptoPrimitive.SIGNATURE, crypto_functions=[CryptoFunction.SIGN, CryptoFunction.VERIFY]
        )
        name = _SIGNATURES.get(card.signature_oid, card.signature_oid)
        return self._algorithm(name, signing, oid=card.signature_oid)

    def _algorithm(self, name: str, properties: AlgorithmProperties, *, oid: str | None = None) -> Component:
        crypto = CryptoProperties(asset_type=CryptoAssetType.ALGORITHM, algorithm_properties=properties, oid=oid)
        return self._add(f"algorithm:{name}", name, crypto)

    def _add(self, ref: str, name: str, crypto: CryptoProperties, *, sha256: str | None = None) -> Component:
        hashes = [HashType(alg=HashAlgorithm.SHA_256, content=sha256)] if sha256 else []
        made = Component(
            name=name,
            type=ComponentType.CRYPTOGRAPHIC_ASSET,
            bom_ref=ref,
            hashes=hashes,
            crypto_properties=crypto,
        )
        return self.components.setdefault(ref, made)

    def _found(self, component: Component, path: str, context: str) -> None:
        """Note where an asset is used, which makes it a part of the subject."""
        component.evidence = component.evidence or ComponentEvidence()
        # Occurrences are told apart and put in order by their references alone.
        reference = f"{component.bom_ref.value} in {path} ({context})"
        component.evidence.occurrences.add(Occurrence(bom_ref=reference, location=path, additional_context=context))
        self.parts.append((self.subject, [component]))


def _scheme(name: str) -> tuple[str, AlgorithmProperties, dict[str, str]]:
    """Return a scheme's own name, its properties, and the digests of its padding by what they are for."""
    if name in (AES_GCM, ENVELOPE):
        gcm = AlgorithmProperties(primitive=CryptoPrimitive.AE, mode=CryptoMode.GCM, crypto_functions=_CIPHER)
        return AES_GCM, gcm, {}
    try:
        scheme = scheme_named(name, allow_unpadded=True)
    except UnsupportedSchemeError:
        return name, AlgorithmProperties(primitive=CryptoPrimitive.UNKNOWN), {}
    padding, digests = CryptoPadding.RAW, {}
    if isinstance(scheme, Oaep):
        padding = CryptoPadding.OAEP
        digests = {"digest": _HASHES[scheme.digest], "mask-digest": _HASHES[scheme.mask_digest]}
    elif isinstance(scheme, Pkcs1):
        padding = CryptoPadding.PKCS1V15
    rsa = AlgorithmProperties(primitive=CryptoPrimitive.PKE, padding=padding, crypto_functions=_CIPHER)
    return scheme.name, rsa, digests
