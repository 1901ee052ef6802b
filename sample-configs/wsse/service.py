"""A service that answers only signed and encrypted messages, with the standard library's server."""

import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from ciphertool import CipherToolError, Vault, wsse
from ciphertool.keystore import open_keystore

vault = Vault.open()  # it has the passwords of the keystores
policy = wsse.MessagePolicy(
    keystore=open_keystore(Path("security/service.p12"), vault["service.keystore.password"].reveal()),
    truststore=open_keystore(Path("security/partners.pem"), None),
    encrypt=(wsse.Part.BODY,),  # for the one who asked
    require_encrypted=(wsse.Part.BODY,),
    confirm=True,
    replays=wsse.MemoryReplayCache(),
)
ANSWER = (
    '<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'
    '<q:getQuoteResponse xmlns:q="urn:example:quotes"><q:last>{}</q:last></q:getQuoteResponse></s:Body></s:Envelope>'
)
FAULT = (
    b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body><s:Fault><faultcode>s:Client</faultcode>'
    b"<faultstring>the message was refused</faultstring></s:Fault></s:Body></s:Envelope>"
)


class Quotes(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        try:
            request = wsse.open(self.rfile.read(int(self.headers["Content-Length"])), policy)
        except CipherToolError as error:
            print(error, file=sys.stderr)  # the other side learns that it was refused, and not why
            self.reply(500, FAULT)
            return
        symbol = request.body.findtext(".//{urn:example:quotes}symbol")
        print("asked for", symbol, "by", ", ".join(sorted(request.signed)), flush=True)
        self.reply(200, bytes(wsse.secure(ANSWER.format(len(symbol or "") + 0.5), policy, request=request)))

    def reply(self, status: int, message: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "text/xml; charset=utf-8")
        self.send_header("Content-Length", str(len(message)))
        self.end_headers()
        self.wfile.write(message)


with ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Quotes) as server:
    print("listening on", server.server_port, flush=True)
    server.serve_forever()
