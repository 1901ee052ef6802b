"""Judges from the name of a setting whether its value is a secret. Knows words, but no formats and no values."""

from __future__ import annotations

import itertools
import re
import unicodedata
from enum import IntEnum
from functools import lru_cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


class Strength(IntEnum):
    """How strongly a name means a secret: any value of a `PASSWORD` is one; that of a `TOKEN` must look like one."""

    NONE = 0
    HINT = 1
    """Only a value that looks random is a secret here: `hash`, `auth`, `key`."""
    TOKEN = 2
    """A token, a key, a secret: not a number, a path or a word such as `default`."""
    PASSWORD = 3


def _listed(text: str) -> frozenset[str]:
    return frozenset(_plain(text).split())


def _plain(text: str) -> str:
    """Return a text without accents."""
    if text.isascii():
        return text
    text = "".join(c for c in unicodedata.normalize("NFKD", text) if not unicodedata.combining(c))
    return unicodedata.normalize("NFC", text)


# One word is enough, anywhere in the name.
_PASSWORDS = _listed("""
    password passwords passwd passwort passphrase passcode passkey pass pswd pswrd psw pw pwd keypass storepass
    keystorepass truststorepass requirepass masterauth rootpw userpw bindpw passin passout
    contrasena contrasenia clave senha motdepasse mdp wachtwoord losenord adgangskode passord salasana haslo parola
    sifre heslo jelszo kennwort пароль 密码 密碼 パスワード 暗証番号 비밀번호 암호
""")
_TOKENS = _listed("""
    secret secrets token tokens apikey secretkey privatekey accesskey authtoken authkey sharedkey signingkey
    encryptionkey masterkey cred dsn jwt pat geheim geheimnis segredo secreto schlussel секрет 密钥 秘密 暗号 키
    authtok connectionstring connstr accountkey licensekey servicekey sessionkey psk
    credential credentials creds
""")
_HINTS = _listed("""
    key auth salt hash sig cookie seed session bearer basic sas nonce otp pin license webhook
""")
# Two words in a row.
_PAIRS = _listed("""
    api-key secret-key private-key access-key auth-key shared-key signing-key encryption-key encrypt-key cipher-key
    master-key account-key service-key license-key deploy-key session-key storage-key write-key hmac-key crypto-key
    symmetric-key admin-key app-key bot-key key-material key-base client-secret mot-passe
    pre-shared bind-pw connection-string conn-string erlang-cookie signing-salt cookie-secret
""")
_GLUED_PASSWORDS = ("password", "passwd", "passphrase", "passcode", "passwort", "kennwort", "pwd", "pass")
_GLUED_TOKENS = (
    *("token", "secret", "secretkey", "apikey", "privatekey", "accesskey", "signingkey", "encryptionkey", "masterkey"),
    *("sharedkey", "authkey"),
)
_STRONG = (
    (Strength.PASSWORD, _PASSWORDS, _GLUED_PASSWORDS),
    (Strength.TOKEN, _TOKENS, _GLUED_TOKENS),
)
# Words that end like the glued ones, but have nothing to do with them.
_WORDS = _listed(
    "bypass compass encompass surpass trespass overpass underpass multipass singlepass proxypass fastcgipass"
)
# Two words in a row that name something else, such as directives of web servers.
_OTHERWISE = _listed("""
    proxy-pass fastcgi-pass uwsgi-pass scgi-pass grpc-pass memcached-pass pass-through phrase-dialog default-auth
    token-filter filter-token consumer-key cache-key sort-key primary-key partition-key foreign-key range-key
    object-key message-key translation-key config-key project-key
""")
# A name that ends like this is that of something about a secret, not of a secret.
_ENDINGS = _listed("""
    policy policies endpoint endpoints url uri alias aliases regex regexp pattern method methods digest algorithm alg
    type types length len min max minimum maximum size file files filename path paths dir directory location expiry
    expires expire expiration lifespan
    ttl timeout lifetime validity age enabled enable disabled required optional allowed
    supported managed name names id ids field header headers param parameter parameters attribute attributes property
    provider providers class handler manager validator generator encoder encoding format version count limit attempts
    retries history interval period seconds minutes days hours ms issuer audience scope scopes role roles prefix suffix
    message msg error help hint label title description text reset change changed rotation strategy mode style store
    storage service server host port domain user username usage salted hashed encrypted encryption plain externally
    strength complexity score updatable ref reference mount mounts input widget placeholder form page template link
    button cache replay binding bucket source callback callbackhandler interface resolver grant response request
    requests review reader writer listener budget tokenizer per rule rules check checks env var variable command cmd
    authentication revocation renewal lookup selector engine backend keyring ring algorithms ciphers signer parser
    extractor repository repositories operator namespace annotations labels owner group pool queue topic table column ex
    warning hashers hashing module at until since date spec scheme sql query statement ratelimit limits digits plugin
    index volume volumes extra extras args opts options setup manifest exception exceptions event events expired
    mismatch invalid incorrect wrong missing failed failure action actions view controller model schema schemas claim
    claims toggle icon dialog modal screen route found passthrough iterations rounds box xpath locator status
""")
# Two words in a row that mean a password, although each of them means a token.
_PASSWORD_PAIRS = _listed("client-secret secret-access")
# The name is that of a secret, although it ends like this: what a server accepts as its first token.
_ALTHOUGH = _listed("root-token-id")
# A public key is not a secret either.
_PUBLIC = _listed("public pub publishable site")
_VERBS = _listed("""
    store use allow enable disable require show hide reset change update forgot existing has is should validate check
    skip no with get generate prompt ask encrypted hashed required
""")
# A value directly below one of these is a secret, whatever a person calls it, unless its name is about a secret.
_COLLECTIONS = ("passwords.", "passwds.", "tokens.", "secrets.", "apikeys.", "api_keys.", "api-keys.")
_ABOUT = _listed("user login account email create")
_SPLIT = re.compile(r"[^\W_]+")
_CAMEL = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[^A-Z]+")
_LAST = re.compile(r"[./\[\]:@]+")
# The value of a list's item, of a pair such as `{name: …, value: …}`, or of one of several environments is named by
# its surroundings.
_ANONYMOUS = _listed("""
    value values text content data default primary secondary main current previous old backup active standby
    prod production preprod dev development test testing stage staging qa uat demo local dr live
    east west north south central eu us v
""")


def words(name: str) -> list[str]:
    """Return the words of a name in camelCase, snake_case, kebab-case or with dots, in lower case without accents."""
    return [word.lower() for part in _SPLIT.findall(_plain(name)) for word in _CAMEL.findall(part)]


_WORDS_ONLY = re.compile(r"[\w\s.,:;/@()'\"|=+*?!&-]*")
_INNER_DIGIT = re.compile(r"[^\W\d_]\d+(?=[^\W\d_])")
_WORD = re.compile(r"[^\W\d_]{1,24}\d{0,4}|\d+")


def reads_as_name(text: str) -> bool:
    """Return whether a text is words, as people write them, and not characters that a generator has thrown."""
    if _WORDS_ONLY.fullmatch(text) is None:
        return False
    found = words(text)
    letters = [len(word.rstrip("0123456789")) for word in found if not word.isdigit()]
    enough = 2 if len(letters) == 1 else 2.5 * len(letters) + 2 * len(_INNER_DIGIT.findall(text))
    return all(map(_WORD.fullmatch, found)) and sum(letters) >= enough


_MIXED = re.compile(r"(?=.*[a-z])(?=.*[A-Z])[A-Za-z\d]*[A-Za-z]\d+[A-Za-z][A-Za-z\d]*")


def reads_as_label(text: str) -> bool:
    """Return whether a text is words that say what belongs in its place.

    A word of both cases with a digit inside, as `OAuth2Token`, must name a secret: many generated ones read as words.
    """
    return reads_as_name(text) and all(strength(word) for word in text.split() if _MIXED.fullmatch(word))


def names_a_secret(name: str) -> bool:
    """Return whether a setting of this name holds a secret: `db.password` does, `keyAlias` does not."""
    return strength(name) >= Strength.TOKEN


def lasts(names: Sequence[str]) -> list[str]:
    """Return the part after the last dot of each dotted path."""
    return [name.rpartition(".")[2] for name in names]


def telling(names: Sequence[str], lasts: Sequence[str]) -> set[int]:
    """Return the indexes of the dotted paths of any strength, given their lasts: faster than testing each path."""
    weak = {last for last in set(lasts) if _strength_of_last(last) is Strength.NONE}
    found = {index for index, last in enumerate(lasts) if last not in weak and strength(names[index])}
    text = "\n".join(names).lower()
    if any(collection in text for collection in _COLLECTIONS):
        found.update(index for index, name in enumerate(names) if lasts[index] in weak and strength(name))
    return found


def strength(name: str) -> Strength:
    """Return how strongly a name, or a dotted path, means that its value is a secret."""
    # Nearly all names are decided by the part after their last dot, and these parts are few.
    found = _strength_of_last(name[name.rfind(".") + 1 :])
    if found is Strength.NONE and (collection := _collection(name)):
        return min(_strength(collection), Strength.TOKEN)  # there are collections of texts, too
    return _strength_of_path(name) if found is None else found


def _collection(name: str) -> str:
    """Return what a path's last step is an instance of, if a person chose its name: `password` of `passwords.bob`."""
    *parents, last = name.rsplit(".", 2)
    if not parents or not f"{parents[-1].lower()}.".endswith(_COLLECTIONS) or not words(last):
        return ""
    found = words(last)
    return "" if found[-1] in _ENDINGS or found[0] in _VERBS or not _ABOUT.isdisjoint(found) else parents[-1][:-1]


@lru_cache(maxsize=8192)
def _strength_of_last(part: str) -> Strength | None:
    """Return the strength of a path that ends with a dot and this part, or None if the part alone does not decide."""
    if _LAST.search(part) or part[-1:] in "'\"" or part.isdigit() or _is_anonymous(part) or part in _KEY:
        return None
    return _strength(part)


def _is_anonymous(part: str) -> bool:
    return part.lower().rstrip("0123456789") in _ANONYMOUS


def _strength_of_path(name: str) -> Strength:
    parts = _parts(name)
    return _strength(parts[-1]) if parts else Strength.NONE


_KEY = frozenset(("key", "Key", "KEY"))


def _parts(name: str) -> list[str]:
    parts = [part for part in _LAST.split(name.rstrip("'\"")) if part.strip("'\"") and not part.isdigit()]
    while len(parts) > 1 and _is_anonymous(parts[-1]):
        parts.pop()
    if len(parts) > 1 and parts[-1] in _KEY:  # app.signing.key is a signing key, app.public.key is not a secret
        both = f"{parts[-2]}-key"
        if _strength(both) >= Strength.TOKEN or not _PUBLIC.isdisjoint(words(both)):
            parts[-1] = both
    return parts


def deciding_word(name: str) -> str:
    """Return the word, of the lists above, by which a name means a secret, or ""; never a part of the name itself."""
    found = _strength_of_last(name[name.rfind(".") + 1 :])
    if found is Strength.NONE and (collection := _collection(name)):
        return _read(collection)[1]
    parts = _parts(name) if found is None else [name[name.rfind(".") + 1 :]]
    return _read(parts[-1])[1] if parts else ""


def _strength(name: str) -> Strength:
    return _read(name)[0]


@lru_cache(maxsize=8192)
def _read(name: str) -> tuple[Strength, str]:
    """Return the strength of a name of one step, and the word that decides it."""
    found = [word for word in (word.rstrip("0123456789") for word in words(name)) if word]
    if (end := "-".join(found[-3:])) in _ALTHOUGH:
        return Strength.PASSWORD, end
    if not found or found[-1] in _ENDINGS or (len(found) > 1 and found[0] in _VERBS) or not _PUBLIC.isdisjoint(found):
        return Strength.NONE, ""
    joined, pairs = "".join(found), [f"{a}-{b}" for a, b in itertools.pairwise(found)]
    if not _OTHERWISE.isdisjoint(pairs):
        return Strength.NONE, ""
    if (found[-1] in ("key", "hash") or "sha" in found) and not _PASSWORDS.isdisjoint(found):
        return Strength.NONE, ""  # adminPasswordKey: the key under which a password is kept, not a password
    if (pair := next((pair for pair in pairs if pair in _PASSWORD_PAIRS), None)) is not None:
        return Strength.PASSWORD, pair
    # passwordSecret: as often as not the name of a secret
    for strong, listed, glued in _STRONG[found[-1] in ("secret", "secrets") :]:
        one = (word for word in (*found, joined) if word in listed)
        word = next(one, None) or next((end for end in glued if joined.endswith(end) and found[-1] not in _WORDS), None)
        if word is None and strong is Strength.TOKEN:
            word = next((pair for pair in pairs if pair in _PAIRS), None)
        if word is not None:
            return strong, word
    hint = next((word for word in (*found, joined, *pairs) if word in _HINTS), "")
    hint = hint or ("key" if joined.endswith("key") else "")
    return (Strength.HINT, hint) if hint else (Strength.NONE, "")
