"""Proves on lxml's trees that a rewrite made exactly the planned changes. Shares nothing with the code that edits.

Each planned element is compared by itself and then made equal in both trees, whose serialisations must be the same:
they differ whenever lxml's parser sees a difference, and take a third of the time of a comparison node by node.
"""

from __future__ import annotations

from copy import deepcopy
from itertools import tee
from typing import TYPE_CHECKING

from lxml import etree

from ciphertool.references import Syntax
from ciphertool.rewriters.xml import aliases
from ciphertool.rewriters.xml.children import MANY, attributes
from ciphertool.rewriters.xml.holder import bears_alias
from ciphertool.rewriters.xml.select import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from ciphertool.rewriters.base import Change
    from ciphertool.rewriters.xml.holder import Holder
    from ciphertool.rewriters.xml.parsed import ParsedXml

_DECLARED = (aliases.PREFIX, aliases.NAMESPACE)
_DECLARATION = f" {aliases.DECLARATION}".encode()


def proves(before: ParsedXml, after: ParsedXml, changes: Sequence[Change]) -> bool:
    """Return whether `after` is `before` with exactly the changes made. The tree of `after` is modified."""
    planned = list(before.slots_of(changes))
    head = before.source.text[: before.scan.root + 1]  # the declaration and the DOCTYPE with its subset
    if not after.source.text.startswith(head):
        return False
    if (before.source.codec, before.source.bom) != (after.source.codec, after.source.bom):
        return False
    tags = {str(holder.element.tag) for holder, _ in planned}
    tree = before.tree
    elements, old = tee(tree.iter(*tags))
    if any(_is_wide(holder) or any(map(_has_namespace, holder.attributes)) for holder, _ in planned):
        tree = deepcopy(tree)  # it will lose attributes; the copy lacks what is beside the root
        old = tree.iter(*tags)
    return (
        _beside(before.tree.getroot()) == _beside(after.tree.getroot())
        and _equalise(planned, elements, old, after.tree.iter(*tags))
        and _are_same(tree.getroot(), after.tree.getroot())
    )


def _beside(root: etree._Element) -> list[bytes]:
    """Return the comments and processing instructions before and after a root."""
    return [etree.tostring(node) for node in (*root.itersiblings(preceding=True), *root.itersiblings())]


def _equalise(
    planned: Iterable[tuple[Holder, Mapping[str, Change]]],
    before: Iterable[etree._Element],
    old: Iterable[etree._Element],
    new: Iterable[etree._Element],
) -> bool:
    """Return whether every planned element is as planned; make each the same in `old` and `new`."""
    upcoming = iter(planned)
    holder, changes = next(upcoming, (None, {}))
    for element, a, b in zip(before, old, new, strict=False):  # `_are_same` compares their number
        if holder is not None and element is holder.element:
            alias_key = next(filter(aliases.is_alias, b.keys()), None)
            if not _is_planned(holder, changes, b, b.attrib.pop(alias_key) if alias_key else None):
                return False
            if holder.alias_key is not None:
                a.attrib.pop(holder.alias_key)
            if _is_wide(holder) and not _take_out_attributes(a, b, changes):
                return False
            _make_same(holder, changes, a, b)
            holder, changes = next(upcoming, (None, {}))
    return True


def _is_planned(holder: Holder, changes: Mapping[str, Change], new: etree._Element, new_alias: str | None) -> bool:
    """Return whether an element has the planned values in its changed slots, and the planned alias attribute."""
    alias = holder.attributes[holder.alias_key] if holder.alias_key else None
    if alias is not None and any(bears_alias(change.site) for change in changes.values()):
        alias = None
    values = attributes(new) if _is_wide(holder) else new
    for slot, change in changes.items():
        site, to = change.site, change.to
        former, value = holder.value(slot), _text(holder, new) if slot == TEXT else values.get(slot)
        if former != site.value:
            return False
        if isinstance(to, str):
            if value != to:
                return False
        elif to.syntax is Syntax.ATTRIBUTE and (value == aliases.PASSWORD or value == former == ""):
            alias = to.alias
        elif value != f"$secret{{{to.alias}}}":
            return False
    return alias == new_alias


def _text(holder: Holder, new: etree._Element) -> str | None:
    """Return an element's text, which must be between the same white space as before; None if it is not."""
    content, text = holder.content, _whole_text(holder, new)
    if content is None:
        return None
    if not content.lead and not content.trail:
        return text
    old = _whole_text(holder, holder.element)
    lead, trail = old[: content.lead], old[len(old) - content.trail :]
    text, found = text.removeprefix(lead), text.startswith(lead)
    return text.removesuffix(trail) if found and text.endswith(trail) else None


def _whole_text(holder: Holder, element: etree._Element) -> str:
    """Return an element's own text; if it held only text before, `_are_same` notices a child that it has now."""
    text = element.text or ""
    return text if holder.tag.text_end >= 0 else text + "".join(child.tail or "" for child in element)


def _make_same(holder: Holder, changes: Iterable[str], old: etree._Element, new: etree._Element) -> None:
    """Set the same values on an element in both trees; remove what has a namespace from both."""
    for slot in changes:
        if slot == TEXT:
            new.text = old.text
            if holder.tag.text_end < 0:
                for a, b in zip(old, new, strict=False):
                    b.tail = a.tail
        elif _is_wide(holder):
            continue
        elif _has_namespace(slot):
            for element in (old, new):
                element.attrib.pop(slot, None)
        else:
            new.set(slot, old.get(slot, ""))


def _is_wide(holder: Holder) -> bool:
    """Return whether an element has so many attributes that lxml would take too long to set each."""
    return len(holder.attributes) >= MANY


def _take_out_attributes(old: etree._Element, new: etree._Element, changes: Mapping[str, Change]) -> bool:
    """Remove all attributes from an element in both trees; return whether they were the same, but for the changed."""
    before, after = attributes(old), attributes(new)
    old.attrib.clear()
    new.attrib.clear()
    return [*before] == [*after] and all(after[key] == value for key, value in before.items() if key not in changes)


def _has_namespace(key: str) -> bool:
    return key.startswith("{") or ":" in key  # the latter by an undeclared prefix


def _are_same(old: etree._Element, new: etree._Element) -> bool:
    """Return whether the roots are equal, except for the one declaration that a rewrite adds or removes."""
    added = set(new.nsmap.items()) - set(old.nsmap.items())
    removed = set(old.nsmap.items()) - set(new.nsmap.items())
    return _serialised(old, without=_DECLARED in removed) == _serialised(new, without=_DECLARED in added)


def _serialised(root: etree._Element, *, without: bool) -> bytes:
    """Return a root as lxml writes it, `without` our declaration on it."""
    text = etree.tostring(root, encoding="utf-8")
    # Declarations come first in a tag, and no attribute value holds a literal double quote.
    return text.replace(_DECLARATION, b"", 1) if without else text
