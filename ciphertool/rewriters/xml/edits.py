"""The edits that put references and values into an XML document: their form and place. Does not compare documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ciphertool import references
from ciphertool.errors import UnrepresentableValueError
from ciphertool.references import Reference, Syntax
from ciphertool.rewriters.base import Edit
from ciphertool.rewriters.xml import aliases, spelling
from ciphertool.rewriters.xml.holder import bears_alias
from ciphertool.rewriters.xml.scan import WHITE
from ciphertool.rewriters.xml.select import TEXT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from ciphertool.rewriters.base import Change, Site
    from ciphertool.rewriters.xml.holder import Holder
    from ciphertool.rewriters.xml.parsed import ParsedXml

_QNAME = f"{aliases.PREFIX}:"
_KEY = f"{_QNAME}{aliases.ATTRIBUTE}"
_HEAD = 65536  # enough of a file to see its line ends


def in_place(reference: Reference) -> str:
    """Return a reference's spelling within a value."""
    return str(Reference(reference.alias, Syntax.SECRET))


def edits(document: ParsedXml, changes: Sequence[Change]) -> list[Edit]:
    """Return the edits that make the changes; edits at the same offset are in their final order."""
    writer = _Writer(document)
    for holder, slots in document.slots_of(changes):
        writer.write(holder, slots)
    writer.declare()
    return writer.edits


class _Writer:
    """Collects the edits of one rewrite and their effect on the declaration on the root."""

    def __init__(self, document: ParsedXml) -> None:
        self._document = document
        self._codec = document.source.codec
        self._newline = "\r\n" if "\r\n" in document.source.text[:_HEAD] else "\n"
        self._added = 0
        self._removed = 0
        self.edits: list[Edit] = []

    def write(self, holder: Holder, changes: Mapping[str, Change]) -> None:
        """Write the changes of one element, by their slots."""
        slots = {slot: change for slot, change in changes.items() if not _stands_already(change)}
        # An existing alias attribute stands for one of the slots, or beside it.
        bears = any(bears_alias(change.site) for change in slots.values())
        by_attribute = self._by_attribute(holder, slots, bears=bears)
        for slot, change in slots.items():
            if isinstance(change.to, str):
                self._put(holder, slot, change, change.to)
            elif slot == by_attribute:
                self._put(holder, slot, change, aliases.PASSWORD)
                self._point(holder, slot, change)
            else:
                self._put(holder, slot, change, _spelled_in_place(change.site, change.to))
        if bears and by_attribute is None:
            self._take_out(holder)

    def _by_attribute(self, holder: Holder, slots: dict[str, Change], *, bears: bool) -> str | None:
        """Return the slot that the alias attribute will stand for, or None; the slot must be recognisable later."""
        asked = [s for s, c in slots.items() if isinstance(c.to, Reference) and c.to.syntax is Syntax.ATTRIBUTE]
        if len(asked) != 1:
            return None
        [slot] = asked
        if holder.alias is not None and not bears:
            return None  # it stands for another slot
        if slot == TEXT:
            return TEXT  # a text comes first if there is one
        alias = _alias(slots[slot])
        after = {s: c.to if isinstance(c.to, str) else in_place(c.to) for s, c in slots.items()}
        after[slot] = aliases.PASSWORD
        if holder.alias_key is not None:
            after[holder.alias_key] = alias
        attributes: dict[str, str] = {}
        for key, value in holder.attributes.items():
            attributes[key] = after.get(key, value)
            if key == slot and holder.alias_key is None:
                attributes[_KEY] = alias
        return slot if aliases.bearer(alias, after.get(TEXT, holder.text), attributes) == slot else None

    def _put(self, holder: Holder, slot: str, change: Change, value: str) -> None:
        """Spell a value in a slot."""
        if value == holder.value(slot):
            return
        reason = spelling.forbidden(value)
        if slot != TEXT and value != _collapsed(value):
            drops = self._document.scan.drops_blanks(holder.tag.name, holder.spans[slot].name)
            reason = reason or ("the DTD gives the attribute a type that drops blanks" if drops else "")
        if reason:
            raise UnrepresentableValueError(change.site.selector, reason)
        start, end = holder.span(slot)
        if slot != TEXT:
            quote = self._document.source.text[start]
            self.edits.append(Edit(start, end, spelling.attribute(value, quote, self._codec)))
        else:
            self._text(holder, value)

    def _text(self, holder: Holder, value: str) -> None:
        """Put a value in place of the old one's first part; white space, comments and the like stay."""
        content = holder.content
        if content is None:
            raise AssertionError("an element with child elements has no text of its own")
        spelled = spelling.text(value, self._codec, self._newline)
        if holder.tag.empty:
            slash = holder.tag.end - len("/>")
            self.edits.append(Edit(slash, holder.tag.end, f">{spelled}</{holder.tag.name}>"))
        elif not content.chunks:
            self.edits.append(Edit(content.start, content.end, spelled))
        else:
            first, *others = content.chunks
            if first.cdata:
                spelled = spelling.cdata(value, self._codec, self._newline) or spelled
            self.edits.append(Edit(first.start, first.end, spelled))
            self.edits.extend(Edit(chunk.start, chunk.end, "") for chunk in others)

    def _point(self, holder: Holder, slot: str, change: Change) -> None:
        """Make the alias attribute, existing or new, name the secret of a slot."""
        alias = _alias(change)
        if holder.alias_key is not None:
            place = holder.spans[holder.alias_key]
            quote = self._document.source.text[place.start]
            self.edits.append(Edit(place.start, place.end, spelling.attribute(alias, quote, self._codec)))
            return
        at = holder.spans[slot].end if slot != TEXT else _end_of_attributes(holder, self._document.source.text)
        prefix = self._document.prefix or aliases.PREFIX
        spelled = spelling.attribute(alias, '"', self._codec)
        self.edits.append(Edit(at, at, f" {prefix}:{aliases.ATTRIBUTE}={spelled}"))
        self._added += 1

    def _take_out(self, holder: Holder) -> None:
        """Remove the alias attribute, with the white space before it."""
        if holder.alias_key is None:
            raise AssertionError("a site whose alias attribute is not there")
        place = holder.spans[holder.alias_key]
        self.edits.append(Edit(place.before, place.end, ""))
        self._removed += 1

    def declare(self) -> None:
        """Add the declaration that the alias attributes need, or remove ours if nothing needs it any more."""
        text = self._document.source.text
        root = next(self._document.scan.tags())
        if self._added and self._document.prefix is None:
            self.edits.append(Edit(root.attributes_end, root.attributes_end, aliases.MARK))
        elif self._removed and not self._added and has_mark(text, root.attributes_end) and self._is_last_use():
            self.edits.append(Edit(root.attributes_end - len(aliases.MARK), root.attributes_end, ""))

    def _is_last_use(self) -> bool:
        if self._document.source.text.count(_QNAME) == self._removed:
            return True
        used = "count(//*[starts-with(name(),$prefix)] | //@*[starts-with(name(),$prefix)])"
        return bool(self._document.tree.xpath(used, prefix=_QNAME) == self._removed)


def has_mark(text: str, attributes_end: int) -> bool:
    """Return whether a start tag whose attributes end at this offset ends with a declaration that this tool added."""
    start = attributes_end - len(aliases.MARK)
    return text.startswith(aliases.MARK, start) and text[start - 1] not in WHITE


def _end_of_attributes(holder: Holder, text: str) -> int:
    """Return where to put an alias attribute for the text: last, or before our own declaration, which stays last."""
    end = holder.tag.attributes_end
    return end - len(aliases.MARK) if has_mark(text, end) else end


def _collapsed(value: str) -> str:
    return " ".join(filter(None, value.split(" ")))


def _stands_already(change: Change) -> bool:
    reference = change.site.reference
    return (
        reference is not None
        and change.site.beside is None
        and isinstance(change.to, Reference)
        and (reference.alias, reference.syntax) == (change.to.alias, change.to.syntax)
    )


def _alias(change: Change) -> str:
    """Return a change's alias; raise `UnrepresentableValueError` if an alias attribute cannot hold it."""
    alias = change.to.alias if isinstance(change.to, Reference) else ""
    if not alias or alias != alias.strip() or spelling.forbidden(alias):
        raise UnrepresentableValueError(change.site.selector, "an alias attribute cannot hold this alias")
    return alias


def _spelled_in_place(site: Site, reference: Reference) -> str:
    spelled = in_place(reference)
    found = references.parse(spelled)
    if found is None or found.alias != reference.alias:
        raise UnrepresentableValueError(site.selector, "a reference in place cannot hold this alias")
    return spelled
