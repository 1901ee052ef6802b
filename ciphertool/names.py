"""Tells from the name of a setting whether its value is a secret. Knows words, no formats and no values."""

from __future__ import annotations

import re
import unicodedata

# One word is enough, wherever it stands in the name.
_WORDS = frozenset(
    "password passwd passwort passwords pwd passphrase passcode pass pswd psw pw secret secrets token tokens credential "
    "credentials creds cred apikey secretkey privatekey accesskey authtoken authkey sharedkey signingkey "
    "encryptionkey masterkey keypass storepass keystorepass truststorepass connectionpassword contrasena contrasenia "
    "clave senha motdepasse mdp wachtwoord losenord losen adgangskode salasana haslo parola sifre geheim geheimnis "
    "kennwort segredo secreto пароль секрет 密码 密碼 密钥 暗号 パスワード 비밀번호 passkey dsn pat jwt".split()
)
# Two words in a row.
_PAIRS = frozenset(
    "api key|secret key|private key|access key|auth key|shared key|signing key|encryption key|master key|account key|"
    "service key|license key|deploy key|session key|storage key|client secret|mot passe|de passe|pre shared|bind pw|"
    "connection string|conn string|sas url|webhook url|encrypt key|cipher key|key material|hmac key|write key".split("|")
)
# The name is of something about a secret, and not of one, if it ends so.
_ENDINGS = frozenset(
    "policy policies endpoint url uri alias aliases regex regexp pattern method methods digest algorithm alg type types length "
    "len min max minimum maximum size file files filename path dir directory location expiry expires expiration ttl "
    "timeout lifetime validity age enabled enable disabled required optional allowed supported managed name names id ids "
    "field header param parameter attribute property provider class handler manager validator generator encoder "
    "encoding format version count limit attempts retries history interval period seconds minutes days hours issuer "
    "audience scope scopes role roles prefix suffix message msg error help hint label title description text reset "
    "change changed rotation strategy mode style store storage service server host port domain user username usage "
    "salted hashed hash salt encrypted encryption plain externally strength complexity score updatable ref reference "
    "mount mounts input widget placeholder form page template link button cache replay binding bucket source callback "
    "callbackhandler interface resolver grant response request requests review reader writer listener budget "
    "usage tokenizer per rule rules check checks".split()
)
_VERBS = frozenset("store use allow enable disable require show hide reset change has is should validate check skip no".split())
_SPLIT = re.compile(r"[^\W_]+", re.UNICODE)
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^A-Z]+")


def words(name: str) -> list[str]:
    """Return the lower-case words of a name in camelCase, snake_case, kebab-case or with dots, without accents."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return [word.lower() for part in _SPLIT.findall(plain) for word in _CAMEL.findall(part)]


def names_a_secret(name: str) -> bool:
    """Tell whether a setting of this name holds a secret: `db.password` does, `passwordPolicy` and `keyAlias` do not."""
    last = re.split(r"[./\[\]:]", name.rstrip("]'\""))[-1] or name
    found = words(last)
    while found and found[-1].isdigit():
        found.pop()
    if not found or found[-1] in _ENDINGS or (len(found) > 1 and found[0] in _VERBS):
        return False
    joined = "".join(found)
    return (
        any(word in _WORDS for word in found)
        or joined in _WORDS
        or any(f"{a} {b}" in _PAIRS for a, b in zip(found, found[1:], strict=False))
        or joined.endswith(("password", "passwd", "passphrase", "secretkey", "apikey", "privatekey"))
    )
