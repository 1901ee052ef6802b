"""How each kind of repository spells a stored value: in clear, still to be encrypted, or as a ciphertext."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol

from ciphertool import ciphertext, references
from ciphertool.deferred import pattern
from ciphertool.errors import MalformedCiphertextError
from ciphertool.repository.base import Clear, Encrypted, Malformed, Placeholder
from ciphertool.secret import Secret

if TYPE_CHECKING:
    from ciphertool.ciphertext import Ciphertext
    from ciphertool.repository.base import Stored

# No alias has a closing brace.
_CONTENT_KEY = pattern(r"\{([0-9a-f]{12})\}([0-9a-f]{16})")
# Base64 of at least as many bytes as the smallest RSA key makes, or the rest of more; words and tokens are shorter.
_LIKE_CIPHERTEXT = pattern(r"[A-Za-z0-9+/]{80,}+={0,2}")


# The beginning of a native ciphertext; SOPS and hiera-eyaml also write `ENC[`.
_LIKE_NATIVE = pattern(r"ENC\[[A-Za-z0-9-]++,(?:[0-9a-f]{16}|[0-9a-f]{12}),")


class Grammar(Protocol):
    """The spelling of one kind of repository. `encoding` is that of its file."""

    kind: str
    encoding: str
    hint: str
    clear_is_readable: bool

    def read(self, text: str) -> Stored:
        """Parse a stored text; never raises."""

    def write(self, value: Ciphertext) -> str:
        """Return the stored text of a ciphertext."""


class LineGrammar(Grammar, Protocol):
    """The spelling of a kind in a `.properties` file, in which any line of any text is a key and a value.

    `native` is True if its ciphertexts describe themselves and are bound to their aliases, unlike those of products.
    """

    native: bool

    def tells(self, text: str, *, assigned: bool) -> bool:
        """Return whether a text can only be a stored value of this kind, even a damaged one.

        `assigned` is True if `=` or `:` separates it from its key, which a blank could do as well.
        """


def _clear(value: str) -> Stored:
    """Return a value in clear, or `Malformed` for half of a surrogate pair, which has no UTF-8 form to encrypt."""
    if any("\ud800" <= character <= "\udfff" for character in value):
        return Malformed("holds half of a surrogate pair")
    return Clear(Secret(value))


def _bracketed(text: str) -> str | None:
    """Return x for `[x]`, without the outermost brackets only, so that `[pa]ss]` is `pa]ss`; else None."""
    text = text.strip()
    return text[1:-1] if len(text) >= 2 and text[0] == "[" and text[-1] == "]" else None


class NativeGrammar:
    """`alias=ENC[…]` or `alias=[plaintext]`. Bare and PKCS #1 values are refused, so that nobody can downgrade one."""

    kind = "native"
    native = True
    clear_is_readable = False
    encoding = "utf-8"
    hint = "a native vault holds ENC[…], or [plaintext] to be encrypted; a name in braces is a content key's"

    def read(self, text: str) -> Stored:
        """Parse a stored text."""
        if (value := _bracketed(text)) is not None:
            return _clear(value)
        try:
            return Encrypted(ciphertext.parse_native(text.strip()))
        except MalformedCiphertextError as error:
            return Malformed(error.message)

    def tells(self, text: str, *, assigned: bool) -> bool:
        """Return whether a text is certainly a stored value."""
        return _LIKE_NATIVE.match(text.lstrip()) is not None or (assigned and _bracketed(text) is not None)

    def write(self, value: Ciphertext) -> str:
        """Return the stored text of a ciphertext."""
        return str(value)


class ContentKeyLine(NamedTuple):
    """A line that is no alias's: a content key, encrypted to one recipient."""

    content_key: str
    recipient: str

    def __str__(self) -> str:
        return f"{{{self.content_key}}}{self.recipient}"

    @classmethod
    def parse(cls, name: str) -> ContentKeyLine | None:
        """Return the line of a name; None for any other name, such as every alias."""
        match = _CONTENT_KEY.fullmatch(name)
        return match and cls(match[1], match[2])


class Carbon4Grammar:
    """`alias=<base64>` or `alias=[plaintext]` (cipher-text.properties)."""

    kind = "carbon4"
    native = False
    clear_is_readable = False
    encoding = "latin-1"
    hint = "write a plaintext as [plaintext]; the product reads anything else as a ciphertext"

    def read(self, text: str) -> Stored:
        """Parse a stored text; an empty one is an empty value in clear. A placeholder is never a secret."""
        value = _bracketed(text)
        if references.has_placeholder(text.strip() if value is None else value.strip()):
            return Placeholder()
        if value is not None:
            return _clear(value)
        return _carbon_ciphertext(text.strip()) if text.strip() else Clear(Secret(""))

    def tells(self, text: str, *, assigned: bool) -> bool:
        """Return whether a text is certainly a stored value. The end of a base64 line looks like an empty one."""
        if not assigned or _bracketed(text) is not None or _LIKE_CIPHERTEXT.fullmatch(text.strip()):
            return assigned
        match _carbon_ciphertext(text.strip()):
            case Encrypted(value):
                return not isinstance(value, ciphertext.Bare)  # such a value describes itself
        return False

    def write(self, value: Ciphertext) -> str:
        """Return the stored text of a ciphertext."""
        return str(value)


class TomlSecretsGrammar(Carbon4Grammar):
    """`alias = "<base64>"` or `alias = "[plaintext]"` (`[secrets]` of a deployment.toml)."""

    kind = "toml-secrets"
    encoding = "utf-8"


class Carbon5Grammar:
    """`alias=cipherText <base64>` or `alias=plainText VALUE` (secrets.properties)."""

    kind = "carbon5"
    native = False
    clear_is_readable = True
    encoding = "utf-8"
    hint = "write a plaintext as `plainText VALUE`"

    def read(self, text: str) -> Stored:
        """Parse a stored text."""
        word, _, rest = text.partition(" ")
        if word == "plainText":
            return _clear(rest)
        if word == "cipherText":
            return _carbon_ciphertext(rest.strip())
        return Malformed("neither `plainText VALUE` nor `cipherText <base64>`")

    def tells(self, text: str, *, assigned: bool) -> bool:
        """Return whether a text is certainly a stored value."""
        return assigned and text.startswith(("cipherText ", "plainText "))

    def write(self, value: Ciphertext) -> str:
        """Return the stored text of a ciphertext."""
        return f"cipherText {value}"


def _carbon_ciphertext(text: str) -> Stored:
    try:
        value = ciphertext.parse(text)
    except MalformedCiphertextError as error:
        return Malformed(f"neither in brackets nor a ciphertext: {error.message}")
    if isinstance(value, ciphertext.Native | ciphertext.Envelope):
        return Malformed("a native ciphertext in a Carbon repository, which the Carbon runtime cannot read")
    return Encrypted(value)


def guess_kind(data: bytes) -> str:
    """Return the kind that a `.properties` file resembles most: for display, never for reading."""
    if b"ENC[" in data:
        return NativeGrammar.kind
    marked = b"cipherText " in data or b"plainText " in data
    return Carbon5Grammar.kind if marked else Carbon4Grammar.kind
