"""The aliases that Carbon 4 asks for by fixed names: those of places in its own XML files. Reads no file."""

from __future__ import annotations

import re
from pathlib import PurePosixPath

_STEPS = re.compile(r"/(@?[\w.:-]+)((?:\[[^\]]*\])*)")
_NAMED = re.compile(r"\[@name=(?:'([^']*)'|\"([^\"]*)\")\]")
_PROPERTIES = {
    ("Configuration", "Property"): "UserManager.Configuration.Property.",
    ("UserStoreManager", "Property"): "UserStoreManager.Property.",
}


def fixed_alias(file: str, selector: str) -> str | None:
    """Return the alias that the product looks up for a place, or None if it may have any alias.

    `selector` is an absolute XPath of child steps and, at its end, an attribute.
    """
    found = _STEPS.findall(selector)
    if "".join(f"/{name}{predicates}" for name, predicates in found) != selector:
        return None
    names = tuple(name for name, _ in found)
    match PurePosixPath(file).name, names:
        case "carbon.xml", ("Server", *rest) if rest and not any(predicates for _, predicates in found):
            return ".".join(("Carbon", *rest))
        case "user-mgt.xml", ("UserManager", "Realm", "Configuration", "AdminUser", "Password"):
            return "UserManager.AdminUser.Password"
        case "user-mgt.xml", ("UserManager", "Realm", holder, "Property"):
            prefix, name = _PROPERTIES.get((holder, "Property")), _NAMED.search(found[-1][1])
            return f"{prefix}{name[1] or name[2]}" if prefix and name else None
        case "catalina-server.xml", (*elements, last) if last.startswith("@"):
            return ".".join((*elements, last.removeprefix("@")))
        case "registry.xml", ("wso2registry", "dbConfig", "password"):
            name = _NAMED.search(found[1][1])
            return f"wso2registry.{name[1] or name[2]}.password" if name else None
    return None
