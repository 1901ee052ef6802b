"""The tree of configuration files that scripts/bench-audit and scripts/bench-protect measure with."""

from __future__ import annotations

from typing import TYPE_CHECKING

from scripts.bench_cases import CASES, Record

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SETTINGS = (
    ("url", "jdbc:postgresql://db{0}.example.com:5432/orders?ssl=true"),
    ("username", "orders_{0}"),
    ("driverClassName", "org.postgresql.Driver"),
    ("maxActive", "{0}"),
    ("testOnBorrow", "true"),
    ("validationQuery", "SELECT 1"),
    ("logLevel", "INFO"),
    ("logFile", "/var/log/orders/server-{0}.log"),
    ("endpoint", "https://gateway-{0}.example.com:8243/services/orders"),
    ("handlerClass", "org.example.transport.http.PassThroughHandler{0}"),
    ("description", "Takes orders of region {0} and hands them to the warehouse; see the manual."),
    ("keyAlias", "orders-{0}"),
    ("tokenEndpoint", "https://login-{0}.example.com/oauth2/token"),
    ("cacheTimeout", "{0}s"),
    ("contentType", "application/json; charset=utf-8"),
    ("allowedHosts", "10.0.{0}.0/24, 192.168.{0}.0/24"),
    ("checksum", "9f86d081884c7d659a2feaa0c55ad015{0}"),
    ("schedule", "0 {0} * * MON-FRI"),
    ("image", "registry.example.com/orders/server:1.{0}.7"),
    ("passwordPolicy", "strict-{0}"),
)


def records(size: int, seed: int) -> Iterator[Record]:
    """Yield services of 60 settings each, one of them a password and one a placeholder, up to about a size."""
    written = number = 0
    while written < size:
        record = {"name": f"orders-{seed}-{number}"}
        for turn in range(3):
            for name, value in SETTINGS:
                record[f"{name}_{turn}" if turn else name] = value.format((seed * 31 + number * 7 + turn) % 251)
        record |= {"db_password": f"s3cr3t-{seed}-{number}", "mail_password": "${env:MAIL_PASSWORD}"}
        yield record
        written += sum(len(key) + len(value) + 8 for key, value in record.items())
        number += 1


def make_tree(root: Path, count: int, size: int) -> list[Path]:
    """Write the files, a hundred to a directory, the formats in turn."""
    paths = []
    for number in range(count):
        name = list(CASES)[number % len(CASES)]
        path = root / f"d{number // 100}" / f"service{number}.{name}"
        path.parent.mkdir(exist_ok=True)
        path.write_text(CASES[name].write(records(size // count, number)), encoding="utf-8")
        paths.append(path)
    return paths
