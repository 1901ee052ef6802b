"""Places where products keep secrets, or values that only look like secrets, whatever the setting is called."""

from __future__ import annotations

import base64
import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ciphertool.rewriters.base import Outline, Site

# File → a word that such keys have, and the dotted keys that are secrets there. WSO2's, then those of others.
_SECRETS: tuple[tuple[re.Pattern[str], str, re.Pattern[str]], ...] = (
    (
        re.compile(r"(?:^|/)deployment\.toml$"),
        "",
        re.compile(
            r"^(?:secrets\..*|encryption\.key|identity\.auth_framework\.endpoint\.(?:hash|app_password)|server\.(?:.*_)?key"
            r"|apim\.(?:.*\.)?oauth_config\..*_secret|transport\..*keystorePass|transport\..*certificateKey(?:store)?Password)$",
            re.IGNORECASE,
        ),
    ),
    (re.compile(r"(?:^|/)master-keys\.yaml$"), "masterKeys", re.compile(r"^masterKeys\.")),
    (  # of a schema registry
        re.compile(r"\.(?:properties|json)$"),
        "basic.auth",
        re.compile(r"(?:^|\.)basic\.auth\.user\.info$"),
    ),
    (re.compile(r"\.xml$"), "clear-text", re.compile(r"\.clear-text$")),  # WildFly's credential-reference
    (
        re.compile(r"(?:^|/)\.npmrc$|(?:^|/)\.docker/config\.json$"),
        "auth",
        re.compile(r"(?:^|[.:])_?auth(?:[tT]oken)?$"),
    ),
)
# The logins of a container client, wherever it keeps them.
_AUTHS = re.compile(r"(?:^|[.\]'\"])auths\b.*\bauth$")
_MANIFEST = re.compile(r"\.(?:ya?ml|json)\b")
_KIND = "['kind']"
_DATA = re.compile(r"\['data'\]\[[^\[\]]*\]$")
_KUBERNETES = r"\.(?:ya?ml|json)$"


class Harmless(NamedTuple):
    """Keys of some files that hold names and settings, although they are named like secrets."""

    name: str
    reason: str
    files: re.Pattern[str]
    keys: re.Pattern[str]


HARMLESS: tuple[Harmless, ...] = tuple(
    Harmless(name, reason, re.compile(files), re.compile(keys))
    for name, reason, files, keys in (
        ("settings of a vault", "it says how secrets are kept",
         r"(?:^|/)(?:secret-conf|cipher-tool|cipher-standalone-config)\.properties$", r""),
        ("names of secrets", "it names a secret that is kept elsewhere", _KUBERNETES,
         r"(?:^|\.)(?:secrets|imagePullSecrets|resources|resourceNames|verbs)(?:\.\d+|\[\d+\])*$"
         r"|(?:^|\.)(?:data|items)(?:\.\d+|\[\d+\])*\.secretKey$|(?:secretKeyRef|valueFrom|configMapKeyRef|secretRef|remoteRef|extract)\."),
        ("workflow", "it names what a workflow is given", r"\.ya?ml$", r"(?:^|\.)on\.|^jobs\..*\.secrets$"),
        ("dependencies", "a dependency or its version",
         r"(?:^|/)(?:package|package-lock|npm-shrinkwrap|composer|bower|lerna|deno)\.json$|(?:^|/)(?:composer|pdm|uv|poetry|"
         r"Cargo|Pipfile|pubspec|pnpm-lock|packages|project\.assets)\.?(?:lock|lock\.json|json|ya?ml|toml)?$"
         r"|(?:^|/)pyproject\.toml$",
         r"(?i)(?:^|[.'\"])(?:[a-z-]*dependencies|packages?|engines|resolutions|overrides|require(?:-dev)?|libraries|default|"
         r"develop|scripts|entry[_-]points|plugins)\b"),
        ("sealed-secrets", "a ciphertext of sealed-secrets", _KUBERNETES, r"^spec\.encryptedData\."),
        ("client id", "the id of an OAuth client", r"\.(?:xml|json|ya?ml|properties)$", r"(?:^|\.)InboundAuthKey$"),
        ("file of credentials", "the name of a file", r"",
         r"(?i)(?:^|[._])ssl_(?:key|keystore|truststore)_credentials$"),
        ("credential of a unit", "it says where systemd finds a credential", r"\.(?:service|socket|mount|timer|swap)\b",
         r"(?:^|[./])(?:LoadCredential|LoadCredentialEncrypted|ImportCredential)(?:\[\d+\])?$"),
    )
)  # fmt: skip
# Keys in a Kubernetes Secret whose names show that the value is not a secret.
_ABOUT = re.compile(
    r"(?i)(?:^|[._-])(?:user(?:_?name)?|login|host(?:name)?|port|database|db|db_?name|env|dbname|endpoint|region|bucket|namespace|name|email|"
    r"issuer|server|type|id|(?:tls\.|ca[.-]?)?(?:crt|cert|certificate|bundle)|ca|tls\.crt|ca\.pem|cert\.pem)$"
)


class Known(NamedTuple):
    """What is known about the places of one document."""

    secrets: re.Pattern[str] | None
    word: str
    """What each key has that `secrets` matches."""
    harmless: tuple[Harmless, ...]
    entries: tuple[str, ...]
    """The beginnings of the selectors of entries in Kubernetes Secrets."""

    def is_secret(self, site: Site) -> bool:
        """Return whether a product keeps a secret at this place."""
        key = site.key
        if key.endswith("auth") and _AUTHS.search(key):
            return True
        return self.is_entry(site) or (self.secrets is not None and self.secrets.search(key) is not None)

    def why_harmless(self, key: str) -> Harmless | None:
        """Return why the value at this key is not a secret, whatever it is called, or None."""
        return next((each for each in self.harmless if each.keys.search(key)), None)

    def is_entry(self, site: Site) -> bool:
        """Return whether a place is an entry of a Kubernetes Secret."""
        return bool(self.entries) and site.selector.startswith(self.entries)

    def is_about(self, site: Site) -> bool:
        """Return whether the key of a Kubernetes Secret's entry means an account, an address or a certificate."""
        return self.is_entry(site) and _ABOUT.search(site.key) is not None

    def decoded(self, site: Site, value: str) -> str:
        """Return the text that a value stands for: Kubernetes Secrets spell their entries in base64."""
        if not (self.is_entry(site) and _DATA.search(site.selector)):
            return value
        try:
            text = base64.b64decode(value, validate=True).decode()
        except ValueError:
            return value
        return text if text.isprintable() or "\n" in text else value


def known(path: str, outline: Outline) -> Known:
    """Return what is known about a document by its path and by the kind that it declares."""
    word, secrets = next(((word, keys) for files, word, keys in _SECRETS if files.search(path)), ("", None))
    harmless = tuple(each for each in HARMLESS if each.files.search(path))
    entries = tuple(_entries(outline)) if _MANIFEST.search(path) else ()
    return Known(secrets, word, harmless, entries)


def _entries(outline: Outline) -> Iterator[str]:
    """Yield the beginnings of the selectors of entries in the Secrets of a document, or of a list in it."""
    for index in [index for index, value in enumerate(outline.values) if value == "Secret"]:
        if outline.selectors[index].endswith(_KIND):
            prefix = outline.selectors[index].removesuffix(_KIND)
            yield from (f"{prefix}['data']", f"{prefix}['stringData']")
