"""Hostile keystores: mutations of real ones, and crafted ones that ask for too much. Shared with the fuzz script."""

from __future__ import annotations

import hashlib
import struct
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from ciphertool.asn1.der import encode, encode_integer, encode_oid
from ciphertool.errors import KeystoreError
from ciphertool.keystore import open_keystore
from ciphertool.keystore.listing import summary

from .vectors import PASSWORD, VECTORS

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

P = ParamSpec("P")
T = TypeVar("T")
_EXTREMES = (b"\x00", b"\x01", b"\x7f", b"\x80", b"\x84", b"\xff", b"\x30", b"\xff\xff\xff\xff", b"\x7f\xff\xff\xff")
_MAGIC_WITH_DIGEST = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")


@dataclass
class Outcome:
    """What came of opening a store and reading its entries: classes of errors, and the slowest step's CPU time."""

    results: set[str]
    seconds: float = 0

    def step(self, read: Callable[P, T], *given: P.args, **named: P.kwargs) -> T | None:
        """Do one step and note what came of it; any error but a `KeystoreError` escapes."""
        started = time.process_time()
        try:
            done = read(*given, **named)
        except KeystoreError as error:
            self.results.add(type(error).__name__)
            return None
        finally:
            self.seconds = max(self.seconds, time.process_time() - started)
        self.results.add("read")
        return done


def mutate(data: bytes, random: Random) -> bytes:
    """Return the data truncated, or with bits flipped, bytes replaced, doubled or cut out."""
    kind = random.randrange(6)
    changed = bytearray(data)
    place = random.randrange(len(data))
    if kind == 0:
        return data[:place]
    if kind == 1:
        for _ in range(random.choice((1, 1, 2, 8, 64))):
            changed[random.randrange(len(changed))] ^= 1 << random.randrange(8)
    elif kind == 2:
        extreme = random.choice(_EXTREMES)
        changed[place : place + len(extreme)] = extreme
    elif kind == 3:
        end = place + random.randrange(1, 200)
        changed[place:place] = changed[place:end]
    elif kind == 4:
        del changed[place : place + random.randrange(1, 200)]
    else:
        changed[place : place + 4] = random.randbytes(4)
    return bytes(changed)


def with_right_digest(data: bytes) -> bytes:
    """Return a JKS or JCEKS store with the digest that its content asks for, so that a reader goes on."""
    if data[:4] not in _MAGIC_WITH_DIGEST or len(data) < 32:
        return data
    secret = PASSWORD.encode("utf-16-be") + b"Mighty Aphrodite"
    return data[:-20] + hashlib.sha1(secret + data[:-20], usedforsecurity=False).digest()


def exercise(data: bytes) -> Outcome:
    """Open a store with and without its password, and read three of its entries."""
    outcome = Outcome(set())
    for password in (PASSWORD, None):
        keystore = outcome.step(open_keystore, Path("mutated"), password, data=data)
        if keystore is None:
            continue
        for entry in keystore.entries[:3]:
            outcome.step(keystore.certificate, entry.alias)
            outcome.step(keystore.private_key, entry.alias)
            outcome.step(keystore.symmetric_key, entry.alias)
            outcome.step(summary, entry)
    return outcome


def _jks(count: int, entries: bytes, magic: bytes = b"\xfe\xed\xfe\xed") -> bytes:
    return with_right_digest(magic + struct.pack(">II", 2, count) + entries + bytes(20))


def _jks_entry(tag: int, rest: bytes, alias: bytes = b"a") -> bytes:
    return struct.pack(">IH", tag, len(alias)) + alias + bytes(8) + rest


def _block(data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + data


def _pfx(content: bytes, mac: bytes = b"") -> bytes:
    inner = encode(0xA0, encode(0x04, content))
    return encode(0x30, encode_integer(3), encode(0x30, encode_oid("1.2.840.113549.1.7.1"), inner), mac)


def _mac(iterations: int, digest: str = "2.16.840.1.101.3.4.2.3") -> bytes:
    info = encode(0x30, encode(0x30, encode_oid(digest), encode(0x05)), encode(0x04, bytes(64)))
    return encode(0x30, info, encode(0x04, bytes(8)), encode_integer(iterations))


def _pbes2(kdf: bytes) -> bytes:
    cipher = encode(0x30, encode_oid("2.16.840.1.101.3.4.1.42"), encode(0x04, bytes(16)))
    return encode(0x30, encode_oid("1.2.840.113549.1.5.13"), encode(0x30, kdf, cipher))


def _pbkdf2(iterations: int) -> bytes:
    prf = encode(0x30, encode_oid("1.2.840.113549.2.11"), encode(0x05))
    parameters = encode(0x30, encode(0x04, bytes(8)), encode_integer(iterations), prf)
    return _pbes2(encode(0x30, encode_oid("1.2.840.113549.1.5.12"), parameters))


def _scrypt(cost: int, size: int, lanes: int) -> bytes:
    numbers = (encode_integer(number) for number in (cost, size, lanes))
    parameters = encode(0x30, encode(0x04, bytes(8)), *numbers)
    return _pbes2(encode(0x30, encode_oid("1.3.6.1.4.1.11591.4.11"), parameters))


def _encrypted_part(algorithm: bytes) -> bytes:
    info = encode(0x30, encode_oid("1.2.840.113549.1.7.1"), algorithm, encode(0x80, bytes(16)))
    data = encode(0x30, encode_integer(0), info)
    return encode(0x30, encode_oid("1.2.840.113549.1.7.6"), encode(0xA0, data))


def _key_bags(algorithm: bytes, count: int) -> bytes:
    sealed = encode(0x30, algorithm, encode(0x04, bytes(1216)))
    bag = encode(0x30, encode_oid("1.2.840.113549.1.12.10.1.2"), encode(0xA0, sealed))
    contents = encode(0x04, encode(0x30, bag * count))
    return encode(0x30, encode(0x30, encode_oid("1.2.840.113549.1.7.1"), encode(0xA0, contents)))


def _jce_key(iterations: int) -> bytes:
    parameters = encode(0x30, encode(0x04, bytes(8)), encode_integer(iterations))
    algorithm = encode(0x30, encode_oid("1.3.6.1.4.1.42.2.19.1"), parameters)
    return _block(encode(0x30, algorithm, encode(0x04, bytes(1216)))) + struct.pack(">I", 0)


def _java_array(length: int, content: bytes) -> bytes:
    described = b"\x72\x00\x02[B" + bytes(8) + b"\x02\x00\x00\x78\x70"
    return b"\xac\xed\x00\x05\x75" + described + struct.pack(">I", length) + content


def _java_numbers(size: int) -> bytes:
    """An array of objects of one class, which has a hundred numbers."""
    fields = b"".join(b"B" + struct.pack(">H", 3) + b"%03d" % number for number in range(100))
    described = b"\x72\x00\x01C" + bytes(8) + b"\x02\x00\x64" + fields + b"\x78\x70"
    again = b"\x73\x71" + struct.pack(">I", 0x7E0002) + bytes(100)
    count = size // len(again)
    array = b"\x75\x72\x00\x04[LC;" + bytes(8) + b"\x02\x00\x00\x78\x70" + struct.pack(">I", count + 1)
    return b"\xac\xed\x00\x05" + array + b"\x73" + described + bytes(100) + again * count


def crafted(size: int = 5 << 20) -> dict[str, bytes]:
    """Return stores of up to 5 MB that ask for far more work, memory or depth than an honest one."""
    jceks = _MAGIC_WITH_DIGEST[1]
    aes_key = b"\xac\xed\x00\x05" + b"\x73\x72\x00\x01a" + bytes(8) + b"\x02\x00\x00\x78"
    small = _jks_entry(2, struct.pack(">H", 0) + _block(b""))
    return {
        "jks: four thousand million entries": _jks(0xFFFFFFFF, bytes(size)),
        "jks: as many entries as fit": _jks(size // len(small), small * (size // len(small))),
        "jks: a key of 5 MB": _jks(1, _jks_entry(1, _block(encode(0x30, encode(0x30, encode_oid(
            "1.3.6.1.4.1.42.2.17.1.1")), encode(0x04, bytes(size)))) + struct.pack(">I", 0))),
        "jks: a chain of millions": _jks(1, _jks_entry(1, _block(b"") + struct.pack(">I", size // 6) + bytes(size))),
        "jceks: 8 million iterations": _jks(1, _jks_entry(1, _jce_key(8_388_608)), jceks),
        "jceks: negative iterations": _jks(1, _jks_entry(1, _jce_key(0)), jceks),
        "jceks: an array of 2 GB": _jks(1, _jks_entry(3, _java_array(0x7FFFFFFF, bytes(100))), jceks),
        "jceks: an array of 5 MB": _jks(1, _jks_entry(3, _java_array(size, bytes(size))), jceks),
        "jceks: nested classes": _jks(1, _jks_entry(3, aes_key + aes_key[4:] * (size // 40)), jceks),
        "jceks: thousands of objects of numbers": _jks(1, _jks_entry(3, _java_numbers(size)), jceks),
        "jceks: a secret key of 8 million iterations": with_right_digest(
            (VECTORS / "secret.jceks").read_bytes().replace(b"\x02\x03\x03\x0d\x40", b"\x02\x03\x7f\xff\xff")
        ),
        "jceks: millions of annotations": _jks(1, _jks_entry(3, aes_key[:-1] + b"\x70" * size), jceks),
        "pkcs12: deep sequences": _pfx(b"\x30\x84\x00\x4f\x00\x00" * 200_000),
        "pkcs12: deep indefinite lengths": b"\x30\x80\x02\x01\x03" + b"\x30\x80" * (size // 2),
        "pkcs12: millions of elements": _pfx(encode(0x30, b"\x05\x00" * (size // 2))),
        "pkcs12: an octet string of millions of segments": b"\x30\x80\x02\x01\x03\x30\x80" + encode_oid(
            "1.2.840.113549.1.7.1") + b"\xa0\x80\x24\x80" + b"\x04\x01x" * (size // 3) + bytes(8),
        "pkcs12: a mac of 2 ** 40 iterations": _pfx(encode(0x30), _mac(1 << 40)),
        "pkcs12: a mac of all iterations allowed": _pfx(encode(0x30), _mac(600_000)),
        "pkcs12: a negative mac count": _pfx(encode(0x30), _mac(0)),
        "pkcs12: certificates under 2 ** 31 iterations": _pfx(encode(0x30, _encrypted_part(_pbkdf2(1 << 31)))),
        "pkcs12: many parts of 100,000 iterations": _pfx(encode(0x30, _encrypted_part(_pbkdf2(100_000)) * 1000)),
        "pkcs12: scrypt of 64 GB": _pfx(encode(0x30, _encrypted_part(_scrypt(1 << 29, 1, 1)))),
        "pkcs12: scrypt of all work allowed": _pfx(encode(0x30, _encrypted_part(_scrypt(1 << 16, 8, 1)))),
        "pkcs12: thousands of parts of scrypt": _pfx(encode(0x30, _encrypted_part(_scrypt(1 << 15, 8, 1)) * 1000)),
        "pkcs12: thousands of keys": _pfx(_key_bags(_pbkdf2(1 << 31), 3500)),
        "pem: half a million beginnings": b"-----BEGIN A-----" * (size // 17),
        "pem: 5 MB of dashes": b"-----BEGIN CERTIFICATE-----" + b"-" * size,
        "pem: thousands of tiny certificates": b"-----BEGIN CERTIFICATE-----\nMAA=\n-----END CERTIFICATE-----\n"
        * (size // 60),
        "pem: one certificate of 5 MB": b"-----BEGIN CERTIFICATE-----\n" + b"AAAA" * (size // 4)
        + b"\n-----END CERTIFICATE-----\n",
        "bks: four thousand million iterations": struct.pack(">I", 2) + _block(bytes(20)) + b"\xff" * 4 + bytes(21),
        "bks: 5 MB of entries": struct.pack(">I", 2) + _block(bytes(20)) + struct.pack(">I", 1000)
        + (b"\x03\x00\x01a" + bytes(8 + 4 + 4)) * (size // 20) + bytes(21),
        "uber: four thousand million iterations": struct.pack(">I", 1) + _block(bytes(20)) + b"\xff" * 4 + bytes(160),
        "uber: 5 MB": struct.pack(">I", 1) + _block(bytes(20)) + struct.pack(">I", 1000) + bytes(size),
        "uber: 1 MB": struct.pack(">I", 1) + _block(bytes(20)) + struct.pack(">I", 1000) + bytes(1 << 20),
    }  # fmt: skip
