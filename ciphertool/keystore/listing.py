"""An entry of a keystore as shown in lists."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool.certificates.facts import certificate_facts

if TYPE_CHECKING:
    from ciphertool.keystore.entries import KeyEntry


def summary(entry: KeyEntry) -> dict[str, object]:
    """Return an entry as `keystore list --json` shows it."""
    facts = certificate_facts(entry.chain[0]) if entry.chain else None
    usage = facts.key_usage if facts else None
    return {
        "alias": entry.alias,
        "kind": entry.kind.value,
        "chain": len(entry.chain),
        "sha256": entry.sha256,
        "created": entry.created.isoformat() if entry.created else None,
        "algorithm": facts.algorithm if facts else None,
        "bits": facts.bits if facts else None,
        "subject": facts.subject if facts else None,
        "issuer": facts.issuer if facts else None,
        "not_before": facts.not_before.isoformat() if facts and facts.not_before else None,
        "not_after": facts.not_after.isoformat() if facts and facts.not_after else None,
        "key_usage": list(usage.usages) if usage and usage.usages is not None else None,
        "key_usage_critical": usage.critical if usage else None,
    }
