"""Proves on lxml's trees that a rewrite made exactly the planned changes. Takes nothing from what made the edits."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ciphertool.references import Syntax
from ciphertool.rewriters.xml import aliases
from ciphertool.rewriters.xml.holder import bears_alias
from ciphertool.rewriters.xml.select import TEXT

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from lxml import etree

    from ciphertool.rewriters.base import Change
    from ciphertool.rewriters.xml.document import XmlDocument
    from ciphertool.rewriters.xml.holder import Holder

    _Planned = Mapping[etree._Element, tuple[Holder, list[Change]]]

_ALIAS = f"{aliases.PREFIX}:{aliases.ATTRIBUTE}"


def proves(before: XmlDocument, after: XmlDocument, changes: Sequence[Change]) -> bool:
    """Tell whether `after` is `before` with exactly the changes made, node by node."""
    by_element: dict[int, list[Change]] = defaultdict(list)
    for change in changes:
        by_element[before.number_of(change.site)].append(change)
    held = before.holders_at(by_element)
    head = before.source.text[: before.scan.starts[0] + 1]  # the declaration and the DOCTYPE with its subset
    old, new = before.tree.getroot(), after.tree.getroot()
    planned = {holder.element: (holder, by_element[number]) for number, holder in held.items()}
    return (
        len(held) == len(by_element)
        and after.source.text.startswith(head)
        and (before.source.codec, before.source.bom) == (after.source.codec, after.source.bom)
        and _same_namespaces(old, new)
        and _same_nodes(old.itersiblings(preceding=True), new.itersiblings(preceding=True), {})
        and _same_nodes(old.itersiblings(), new.itersiblings(), {})
        and _same_nodes(old.iter(), new.iter(), planned)
    )


def _same_namespaces(old: etree._Element, new: etree._Element) -> bool:
    """Tell whether the roots declare the same, but for the one declaration that a rewrite adds or takes out."""
    changed = set(old.nsmap.items()) ^ set(new.nsmap.items())
    return changed <= {(aliases.PREFIX, aliases.NAMESPACE)}


def _same_nodes(old: Iterable[etree._Element], new: Iterable[etree._Element], planned: _Planned) -> bool:
    """Compare every element, comment, processing instruction and entity reference, with texts and attributes.

    The planned elements are in document order, and each of them has to come.
    """
    upcoming = iter(planned)
    awaited = next(upcoming, None)
    try:
        for a, b in zip(old, new, strict=True):
            if a.tag != b.tag or len(a) != len(b):
                return False
            if a is awaited:
                same = a.tail == b.tail and _as_planned(*planned[a], b)
                awaited = next(upcoming, None)
            else:
                same = a.text == b.text and (
                    (a.tail == b.tail and a.items() == b.items()) or _differs_as_planned(a, b, planned)
                )
            if not same:
                return False
    except ValueError:  # one tree has more nodes
        return False
    return awaited is None


def _differs_as_planned(old: etree._Element, new: etree._Element, planned: _Planned) -> bool:
    """Tell whether a node differs in the text after it, which belongs to a planned element, or in a prefix only."""
    parent = old.getparent()
    within = parent is not None and parent in planned and planned[parent][0].content is not None
    return (within or old.tail == new.tail) and _attributes(old) == _attributes(new)


def _attributes(element: etree._Element) -> dict[str, str]:
    """Return an element's attributes, its secret alias under one name whatever the prefix."""
    return {_ALIAS if aliases.is_alias(key) else key: value for key, value in element.items()}


def _as_planned(holder: Holder, changes: list[Change], new: etree._Element) -> bool:
    """Compare one element that holds changed sites."""
    was, is_now = _attributes(holder.element), _attributes(new)
    (lead, was[TEXT], trail), (new_lead, is_now[TEXT], new_trail) = _text(holder.element, holder), _text(new, holder)
    alias, new_alias = was.pop(_ALIAS, None), is_now.pop(_ALIAS, None)
    if any(bears_alias(change.site) for change in changes):
        alias = None
    slots = holder.by_slot(changes)
    if len(slots) < len(changes):
        return False
    for slot, change in slots.items():
        value, former = is_now.pop(slot, None), was.pop(slot, None)
        if former != change.site.value:
            return False
        if isinstance(change.to, str):
            if value != change.to:
                return False
        elif value != f"$secret{{{change.to.alias}}}":
            if change.to.syntax is not Syntax.ATTRIBUTE or not (value == aliases.PASSWORD or value == former == ""):
                return False
            alias = change.to.alias
    return was == is_now and alias == new_alias and (lead, trail) == (new_lead, new_trail)


def _text(element: etree._Element, holder: Holder) -> tuple[str, str, str]:
    """Return an element's text, and the white space that stood before and after it."""
    text = element.text or ""
    if holder.content is None:
        return "", text, ""
    if len(element):
        text += "".join(child.tail or "" for child in element)
    end = len(text) - holder.content.trail
    return text[: holder.content.lead], text[holder.content.lead : end], text[end:]
