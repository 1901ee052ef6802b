"""The import of `xmlsec`, the library for XML signatures, which an extra installs."""

from __future__ import annotations

from functools import cache
from typing import Any

from ciphertool.errors import ConfigError


@cache
def xmlsec() -> Any:
    """Return the library; raise `ConfigError` if it is not installed, or if its libxml2 is not that of lxml."""
    try:
        import xmlsec
    except ImportError as error:
        if "mismatch" in str(error):
            raise _mismatch() from None
        raise ConfigError(
            "WS-Security needs xmlsec, which is not installed",
            hint="install ciphertool's extra: pip install '.[wsse]' in a clone of its repository",
        ) from None
    return xmlsec


def _mismatch() -> ConfigError:
    from importlib.metadata import version

    from lxml import etree

    libxml2 = ".".join(map(str, etree.LIBXML_COMPILED_VERSION))
    return ConfigError(
        f"xmlsec {version('xmlsec')} was built with another libxml2 than lxml {version('lxml')}, which has {libxml2}",
        hint="install two that agree, such as lxml 6.1.3 with xmlsec 1.3.17, or build both here: "
        "pip install --force-reinstall --no-binary lxml,xmlsec lxml xmlsec",
    )
