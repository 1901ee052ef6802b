"""The XPath of an element or attribute by the names of elements: `Property[@name='x']`, `server[id='a']`.

Independent of text and places.
"""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ciphertool.rewriters import identity
from ciphertool.rewriters.xml import aliases
from ciphertool.rewriters.xml.children import attributes as attributes_of
from ciphertool.rewriters.xml.children import local
from ciphertool.rewriters.xml.select import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from lxml import etree

    from ciphertool.rewriters.xml.children import Children


class ByNames:
    """Spells paths within one tree. It counts names only once, so create one for each batch."""

    def __init__(self, children: Children) -> None:
        self._children = children
        self._counted: dict[tuple[etree._Element, str], Counter[tuple[str, str]]] = {}

    def path(self, element: etree._Element, slot: str) -> str | None:
        """Return an absolute XPath with positions only for elements without a name; None if no element has one.

        The element that holds the value is named even if it is the only one now: another may be inserted beside it.
        """
        slots = [f"/@{local(slot)}"] if slot != TEXT else []
        steps, below = [*slots], "".join(slots)[1:]
        is_named = False
        while (parent := element.getparent()) is not None:
            name = local(str(element.tag))
            siblings = self._children.named(parent, name)
            predicate = ""
            if len(siblings) > 1 or len(steps) == len(slots):
                own = self._own(parent, siblings, element, below)
                is_named = is_named or own is not None
                predicate = own or (f"[{siblings.index(element) + 1}]" if len(siblings) > 1 else "")
            steps.append(f"/{name}{predicate}")
            below = f"{name}/{below}" if below else name
            element = parent
        steps.append(f"/{local(str(element.tag))}")
        return "".join(reversed(steps)) if is_named else None

    def _own(
        self, parent: etree._Element, siblings: Sequence[etree._Element], element: etree._Element, below: str
    ) -> str | None:
        """Return the predicate that distinguishes an element from its siblings; None if there is none."""
        key = parent, local(str(element.tag))
        counted = self._counted.get(key)
        if counted is None:
            counted = self._counted[key] = Counter(pair for one in siblings for pair in dict.fromkeys(_named(one)))
        names = dict(_named(element))
        for prefix in ("@", ""):  # attributes before child elements
            members = [member.removeprefix("@") for member in names if member.startswith("@") == bool(prefix)]
            for member in identity.identifying(members, below.rpartition("/")[2].removeprefix("@")):
                pair = f"{prefix}{member}", names[f"{prefix}{member}"]
                if pair[0] != below and identity.is_name(*pair) and counted[pair] == 1:
                    return f"[{pair[0]}='{pair[1]}']"
        return None


def _named(element: etree._Element) -> Iterator[tuple[str, str]]:
    """Yield the key and value of whatever may name an element: attributes, and child elements that hold only text."""
    attributes = attributes_of(element)
    alias = next((key for key in attributes if aliases.is_alias(key)), None)
    secret = aliases.bearer(attributes[alias], element.text, attributes) if alias else None
    for key, value in attributes.items():
        if key not in (alias, secret):
            yield f"@{local(key)}", value
    for child in element.iterchildren("*"):
        if not len(child) and child.text and not any(map(aliases.is_alias, child.keys())):
            yield local(str(child.tag)), child.text
