"""Places where products keep secrets, or what only looks like one, whatever the setting is called."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from ciphertool.rewriters.base import Outline, Site

# File → the dotted keys that are secrets there. WSO2's, then those of others.
_SECRETS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    (
        re.compile(r"(?:^|/)deployment\.toml$"),
        re.compile(
            r"^(?:encryption\.key|identity\.auth_framework\.endpoint\.hash|server\.(?:.*_)?key"
            r"|apim\.(?:.*\.)?oauth_config\..*_secret|transport\..*keystorePass|transport\..*certificateKey(?:store)?Password)$",
            re.IGNORECASE,
        ),
    ),
    (re.compile(r"(?:^|/)master-keys\.yaml$"), re.compile(r"^masterKeys\.")),
    (re.compile(r"\.(?:properties|json)$"), re.compile(r"(?:^|\.)basic\.auth\.user\.info$")),  # of a schema registry
    (re.compile(r"\.xml$"), re.compile(r"\.clear-text$")),  # WildFly's credential-reference
    (re.compile(r"(?:^|/)\.npmrc$|(?:^|/)\.docker/config\.json$"), re.compile(r"(?:^|[.:])_?auth$")),
)
# File → the dotted keys that hold names and settings, though they are called as secrets are.
_HARMLESS: tuple[tuple[re.Pattern[str], re.Pattern[str]], ...] = (
    (re.compile(r"(?:^|/)(?:secret-conf|cipher-tool|cipher-standalone-config)\.properties$"), re.compile(r"")),
    (re.compile(r"(?:^|/)deployment\.toml$"), re.compile(r"^secrets\.")),  # the repository, judged for what it is
    (
        # Compose and Kubernetes: lists of the names of secrets.
        re.compile(r"\.(?:ya?ml|json)$"),
        re.compile(r"(?:^|\.)(?:secrets|imagePullSecrets|resources|resourceNames|verbs)(?:\.\d+|\[\d+\])*$"),
    ),
    (re.compile(r"\.ya?ml$"), re.compile(r"(?:^|\.)on\.|^jobs\..*\.secrets$|(?:secretKeyRef|valueFrom)\.")),
)


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of one document's places."""

    secrets: re.Pattern[str] | None
    harmless: tuple[re.Pattern[str], ...]

    def is_secret(self, site: Site) -> bool:
        """Tell whether a secret belongs at this site."""
        return self.secrets is not None and self.secrets.search(site.key) is not None

    def is_harmless(self, site: Site) -> bool:
        """Tell whether what stands at this site is no secret, whatever it is called."""
        return any(pattern.search(site.key) for pattern in self.harmless)


def known(path: str, outline: Outline) -> Known:
    """Return what is known of a document by its path, and by what it says that it is."""
    secrets = next((keys for files, keys in _SECRETS if files.search(path)), None)
    if path.endswith((".yaml", ".yml", ".json")) and ("kind", "Secret") in islice(
        zip(outline.keys, outline.values, strict=True), 50
    ):
        secrets = re.compile(r"^(?:data|stringData)\.")  # a Kubernetes Secret
    return Known(secrets, tuple(keys for files, keys in _HARMLESS if files.search(path)))
