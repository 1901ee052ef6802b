"""A value that masks itself. Independent of where the value comes from."""

from __future__ import annotations

TYPE_CHECKING = False  # as in `typing`, whose import costs as much as the rest of this module
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any, NoReturn

    from pydantic import SecretStr
    from pydantic_core import CoreSchema

MASK = "****"


def repr_of(value: object, *names: str) -> str:
    """Return a `repr` that shows only these attributes: the others are secrets or contain them."""
    return f"{type(value).__name__}({', '.join(f'{name}={getattr(value, name)!r}' for name in names)})"


class Secret:
    """A secret value that shows `****` wherever it is printed, formatted or logged.

    `reveal()` returns the text, `reveal_bytes()` its UTF-8 form. Secrets compare only with one another, in constant
    time, and cannot be changed, hashed or pickled; a copy of one is the same object.
    """

    __value: str
    __slots__ = ("__value",)
    __hash__ = None  # type: ignore[assignment]  # a hash of the value would be a copy of it in every dict

    def __init__(self, value: str) -> None:
        object.__setattr__(self, "_Secret__value", value)

    def reveal(self) -> str:
        """Return the secret's text."""
        return self.__value

    def reveal_bytes(self) -> bytes:
        """Return the secret's text in UTF-8."""
        return self.reveal().encode("utf-8")

    def to_pydantic(self) -> SecretStr:
        """Return the secret as a `pydantic.SecretStr`."""
        from pydantic import SecretStr

        return SecretStr(self.reveal())

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        """Support pydantic fields of this type: they accept text or a secret, and show and dump the mask."""
        from pydantic_core import core_schema

        return core_schema.union_schema(
            [
                core_schema.is_instance_schema(cls),
                core_schema.no_info_after_validator_function(cls, core_schema.str_schema()),
            ],
            mode="left_to_right",
            serialization=core_schema.plain_serializer_function_ser_schema(str, when_used="json"),
        )

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError("a Secret cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError("a Secret cannot be changed")

    def __repr__(self) -> str:
        return MASK

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return format(MASK, spec)

    def __bool__(self) -> bool:
        return bool(self.__value)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Secret):
            return NotImplemented
        from hmac import compare_digest

        return compare_digest(self.reveal_bytes(), other.reveal_bytes())

    def __copy__(self) -> Secret:
        return self

    def __deepcopy__(self, memo: object) -> Secret:
        return self

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled: its value would lie in the clear")

    def __getstate__(self) -> NoReturn:
        self.__reduce__()


class Values:
    """The set of revealed values, to be masked elsewhere. Its repr shows only their number."""

    __values: dict[str, None]
    __slots__ = ("__values",)

    def __init__(self) -> None:
        self.__values = {}

    def add(self, value: str) -> None:
        """Add a value."""
        self.__values[value] = None

    def __len__(self) -> int:
        return len(self.__values)

    def __iter__(self) -> Iterator[str]:
        return iter(tuple(self.__values))

    def __contains__(self, value: object) -> bool:
        return value in self.__values

    def __repr__(self) -> str:
        return f"Values({len(self)})"

    def __reduce__(self) -> NoReturn:
        raise TypeError("Values are not pickled: they would lie in the clear")

    def __getstate__(self) -> NoReturn:
        self.__reduce__()
