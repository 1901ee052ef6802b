"""The names that WS-Security, XML Signature, XML Encryption and SOAP give to things. Nothing here does anything."""

from __future__ import annotations

SOAP11 = "http://schemas.xmlsoap.org/soap/envelope/"
SOAP12 = "http://www.w3.org/2003/05/soap-envelope"
DS = "http://www.w3.org/2000/09/xmldsig#"
XENC = "http://www.w3.org/2001/04/xmlenc#"
XENC11 = "http://www.w3.org/2009/xmlenc11#"
EXCLUSIVE_C14N = "http://www.w3.org/2001/10/xml-exc-c14n#"
_OASIS = "http://docs.oasis-open.org/wss"
WSSE = f"{_OASIS}/2004/01/oasis-200401-wss-wssecurity-secext-1.0.xsd"
WSU = f"{_OASIS}/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
WSSE11 = f"{_OASIS}/oasis-wss-wssecurity-secext-1.1.xsd"
BASE64 = f"{_OASIS}/2004/01/oasis-200401-wss-soap-message-security-1.0#Base64Binary"
_X509 = f"{_OASIS}/2004/01/oasis-200401-wss-x509-token-profile-1.0#"
X509_V3, X509_PATH, KEY_IDENTIFIER = f"{_X509}X509v3", f"{_X509}X509PKIPathv1", f"{_X509}X509SubjectKeyIdentifier"
THUMBPRINT = f"{_OASIS}/oasis-wss-soap-message-security-1.1#ThumbprintSHA1"
CONTENT, ELEMENT = f"{XENC}Content", f"{XENC}Element"

PREFIXES = {"ds": DS, "xenc": XENC, "xenc11": XENC11, "ec": EXCLUSIVE_C14N, "wsse": WSSE, "wsu": WSU, "wsse11": WSSE11}


def clark(name: str) -> str:
    """Return a name such as `ds:Signature` as lxml spells it: `{namespace}Signature`."""
    prefix, _, local = name.partition(":")
    return f"{{{PREFIXES[prefix]}}}{local}"


ID = clark("wsu:Id")
SECURITY = clark("wsse:Security")
TIMESTAMP = clark("wsu:Timestamp")
TOKEN = clark("wsse:BinarySecurityToken")
SIGNATURE = clark("ds:Signature")
CONFIRMATION = clark("wsse11:SignatureConfirmation")
ENCRYPTED_KEY = clark("xenc:EncryptedKey")
ENCRYPTED_DATA = clark("xenc:EncryptedData")
