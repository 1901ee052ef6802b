"""A client that uses zeep: what it sends is signed and encrypted, and what it gets must be signed and encrypted too."""

import sys
from pathlib import Path

import zeep

from ciphertool import Vault, wsse
from ciphertool.keystore import open_keystore

vault = Vault.open()  # it has the password of the keystore
policy = wsse.MessagePolicy(
    keystore=open_keystore(Path("security/client.p12"), vault["client.keystore.password"].reveal()),
    truststore=open_keystore(Path("security/service.pem"), None),
    recipient="service",
    encrypt=(wsse.Part.BODY, wsse.Part.SIGNATURE),
    require_encrypted=(wsse.Part.BODY,),
    confirm=True,  # the answer is to this request
)
client = zeep.Client(str(Path(__file__).with_name("service.wsdl")), wsse=wsse.ZeepSecurity(policy))
service = client.create_service("{urn:example:quotes}QuotesSoap", sys.argv[1])
print("last:", service.getQuote(symbol=sys.argv[2]))
