"""A vault for each runtime, as its product lays one out."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from ciphertool import settings
from ciphertool.runtimes.registry import RUNTIMES

if TYPE_CHECKING:
    from pathlib import Path

    from ciphertool.settings import Settings

CARBON_XML = """\
<Server xmlns="http://wso2.org/projects/carbon/carbon.xml"><Security><KeyStore>
  <Location>${carbon.home}/repository/resources/security/primary.jks</Location><KeyAlias>primary</KeyAlias>
</KeyStore></Security></Server>
"""
CIPHERTOOL_TOML = """\
[keystore]
path = "security/primary.p12"
[repository]
path = "security/vault.properties"
"""
DEPLOYMENT_YAML = """\
wso2.securevault:
  secretRepository:
    parameters:
      privateKeyAlias: primary
      keystoreLocation: securevault.jks
      secretPropertiesFile: secrets.properties
  masterKeyReader:
    parameters:
      masterKeyReaderFile: master-keys.yaml
"""
_FILES = {
    "native": {"ciphertool.toml": CIPHERTOOL_TOML},
    "carbon4": {
        "repository/conf/carbon.xml": CARBON_XML,
        "repository/conf/security/cipher-tool.properties": "",
        "repository/conf/security/cipher-text.properties": "",
    },
    "toml-secrets": {
        "repository/conf/carbon.xml": CARBON_XML,
        "repository/conf/deployment.toml": "[secrets]\n",
    },
    "carbon5": {"deployment.yaml": DEPLOYMENT_YAML, "secrets.properties": "", "master-keys.yaml": ""},
}


def make_vault(root: Path, kind: str) -> Settings:
    """Lay out a vault of a kind and return its settings."""
    for name, text in _FILES[kind].items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return settings.load(root / "deployment.yaml" if kind == "carbon5" else root)


@pytest.fixture(params=[runtime.kind for runtime in RUNTIMES])
def vault_settings(request: pytest.FixtureRequest, tmp_path: Path) -> Settings:
    """The settings of a vault, one for each runtime."""
    return make_vault(tmp_path, request.param)
