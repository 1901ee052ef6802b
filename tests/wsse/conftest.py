"""A client, a server, and policies under which they talk."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from ciphertool.wsse import MessagePolicy, Part
from tests.wsse.parties import Party, party, truststore


@dataclass(frozen=True)
class Pair:
    """Two parties that trust each other, and the policies of messages from the client to the server."""

    client: Party
    server: Party
    sends: MessagePolicy
    reads: MessagePolicy


def pair_of(client: Party, server: Party) -> Pair:
    """Return the parties with policies: what is sent is signed, and its Body and signature are encrypted."""
    trust = truststore(client, server)
    sends = MessagePolicy(
        keystore=client.keystore(), truststore=trust, recipient="server", encrypt=(Part.BODY, Part.SIGNATURE)
    )
    return Pair(client, server, sends, MessagePolicy(keystore=server.keystore(), truststore=trust))


@pytest.fixture(scope="session")
def pair() -> Pair:
    """The client and the server."""
    return pair_of(party("client"), party("server"))
