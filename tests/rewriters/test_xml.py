"""The XML rewriter keeps the contract of every rewriter."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from lxml import etree

from ciphertool.rewriters.xml import XmlRewriter
from ciphertool.testing import RewriterContract

if TYPE_CHECKING:
    from collections.abc import Mapping

_SERVER = b"""<?xml version="1.0" encoding="ISO-8859-1"?>\r
<!-- \xe9t\xe9: <Password>not this one</Password> -->\r
<!DOCTYPE Server [ <!ENTITY company "<b>]&#62;'"> <!-- ' ]> --> ]>\r
<Server xmlns="http://wso2.org/projects/carbon/carbon.xml" port='8005' >\r
  <KeyStore\r
     Type = 'JKS'\tLocation="a>b"/>\r
  <Password> s&#233;cr&amp;t\r
  </Password>\r
  <Password><![CDATA[a<b]]></Password><Empty></Empty><Blank> </Blank>\r
  <?pi <Password> ?>\r
</Server >\r
<!-- end -->\r
"""


class TestXmlContract(RewriterContract):
    """XML keeps the rewriters' contract."""

    rewriter = XmlRewriter()
    documents: ClassVar[tuple[bytes, ...]] = (
        b"<p>secret</p>",
        b'<a x="1" y=\'2\'><b z="3">t</b><b/></a>',
        _SERVER,
        '\ufeff<a b="ü">€😀</a>\n'.encode("utf-16-le"),
        '<?xml version="1.0" encoding="utf-16"?><a b="ü">x</a>'.encode("utf-16-be"),
        b'\xef\xbb\xbf<a xmlns:svns="http://org.wso2.securevault/configuration"><b> c </b></a>',
        b"<a><b>one\r\ntwo</b></a>",
        b'<log4j:configuration a:b="1"><log4j:level value="x"/></log4j:configuration>',
    )
    damaged: ClassVar[tuple[bytes, ...]] = (
        b"",
        b"   ",
        b"<a>c4n4ry-7d1f</b>",
        b"<c4n4ry-7d1f>",
        b"<a c4n4ry-7d1f></a>",
        b"<a b='c4n4ry-7d1f></a>",
        b"<a>&c4n4ry-7d1f;</a>",
        b'<a xmlns:p="u" xmlns:q="u" p:x="c4n4ry-7d1f" q:x="2"/>',
        b"<a>c4n4ry-7d1f \xff</a>",
        b'<?xml version="1.0" encoding="c4n4ry"?><a/>',
        b'<?xml version="1.0" encoding="utf-7"?><a/>',
        b'<?xml version="1.0" encoding="utf-16"?><a/>',
        "<a/>".encode("utf-32"),
    )

    def reference_values(self, data: bytes) -> Mapping[str, str]:
        tree = etree.fromstring(data, etree.XMLParser(resolve_entities=False, recover=b"log4j" in data)).getroottree()
        found: dict[str, str] = {}
        for element in tree.iter("*"):
            values = {f"/@{k.rpartition('}')[2].rpartition(':')[2]}": v for k, v in element.items()}
            text = (element.text or "").strip(" \t\r\n")
            if text and not len(element):
                values[""] = text
            found.update({_path(element) + step: value for step, value in values.items()})
        return found


def _path(element: etree._Element) -> str:
    """Spell a path as the rewriter does, by way of lxml's XPath."""
    steps: list[str] = []
    while True:
        name = str(element.xpath("local-name()")).rpartition(":")[2]
        parent = element.getparent()
        if parent is None:
            return "/" + "/".join([name, *reversed(steps)])
        same = [c for c in parent.iterchildren("*") if str(c.xpath("local-name()")).rpartition(":")[2] == name]
        steps.append(f"{name}[{same.index(element) + 1}]" if len(same) > 1 else name)
        element = parent
