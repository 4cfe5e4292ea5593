"""A picture of a session, fetched from its proctoring service for a case file.

Its address came from outside, and the server that fetches it is inside the network of the site. So: only https, only
from hosts that the settings name, no redirect, and no address of a private network. The name of the host is resolved
once, and the connection is made to an address that was checked: what the name leads to a moment later does not matter.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from http.client import HTTPException, HTTPResponse, HTTPSConnection
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from urllib.parse import urlsplit

from proctoring_results.choices import PictureProblem
from proctoring_results.jobs.threads import in_thread

from .http import CONNECT_LIMIT, Deadline, Watch
from .policy import host_of, may_be_fetched

PORT = 443
CHUNK = 64 * 1024  # bytes
# Behind these addresses of IPv6 are all those of IPv4.
NAT64 = ip_network("64:ff9b::/96")

# What browsers draw and cannot run: SVG may hold scripts. By media type, how the file ends and how its bytes begin.
FORMATS: Mapping[str, tuple[str, bytes]] = {
    "image/jpeg": ("jpg", b"\xff\xd8\xff"),
    "image/png": ("png", b"\x89PNG\r\n\x1a\n"),
    "image/gif": ("gif", b"GIF8"),
    "image/webp": ("webp", b"RIFF"),
}


@dataclass(frozen=True, slots=True)
class Picture:
    media_type: str
    content: bytes

    @property
    def extension(self) -> str:
        return FORMATS[self.media_type][0]


class _Refused(Exception):
    def __init__(self, problem: PictureProblem) -> None:
        self.problem = problem


def fetch_picture(provider: str, url: str, *, max_bytes: int, seconds: float) -> Picture | PictureProblem:
    """Return the picture, or why there is none. Raises nothing that the other side could cause."""
    deadline = Deadline(seconds)
    watch = Watch(deadline)
    try:
        host, target = _checked_target(provider, url)
        addresses = _public_addresses(host, deadline)
        with watch.watching(), closing(_Connection(host, addresses, watch)) as connection:
            connection.request("GET", target, headers={"Accept": "image/*", "Accept-Encoding": "identity"})
            with connection.getresponse() as response:
                picture = _read(response, max_bytes)
    except _Refused as refusal:
        return PictureProblem.TOO_SLOW if watch.is_over else refusal.problem
    except TimeoutError:
        return PictureProblem.TOO_SLOW
    except (HTTPException, OSError, ValueError):
        # ValueError: an address with characters that no request may have.
        return PictureProblem.TOO_SLOW if watch.is_over else PictureProblem.NO_ANSWER
    return PictureProblem.TOO_SLOW if watch.is_over else picture


def _checked_target(provider: str, url: str) -> tuple[str, str]:
    """Return the host, and what to ask it for."""
    host = host_of(url)
    if not host:
        raise _Refused(PictureProblem.NOT_HTTPS)
    parts = urlsplit(url)
    if parts.scheme != "https" or (parts.port or PORT) != PORT:
        raise _Refused(PictureProblem.NOT_HTTPS)
    if not may_be_fetched(provider, url):
        raise _Refused(PictureProblem.HOST_NOT_NAMED)
    return host, f"{parts.path or '/'}{'?' * bool(parts.query)}{parts.query}"


def _public_addresses(host: str, deadline: Deadline) -> list[str]:
    """Return the addresses of the host. Refuse it if one of them is not public: it may be the next one to be tried."""
    lookup = in_thread(partial(socket.getaddrinfo, host, PORT, type=socket.SOCK_STREAM))
    addresses = [str(result[4][0]) for result in lookup.result(timeout=deadline.left)]
    if not all(map(is_public, addresses)):
        raise _Refused(PictureProblem.PRIVATE_ADDRESS)
    return addresses


def is_public(address: str) -> bool:
    """Return whether the address belongs to the public internet, and what it stands for does, too."""
    ip = ip_address(address.partition("%")[0])
    return all(one.is_global and not one.is_multicast for one in (ip, *_embedded(ip)))


def _embedded(ip: IPv4Address | IPv6Address) -> list[IPv4Address]:
    """Return the IPv4 addresses that an IPv6 address leads to."""
    if isinstance(ip, IPv4Address):
        return []
    translated = IPv4Address(int(ip) & 0xFFFFFFFF) if ip in NAT64 else None
    return [one for one in (ip.ipv4_mapped, ip.sixtofour, *(ip.teredo or ()), translated) if one is not None]


class _Connection(HTTPSConnection):
    """Connects to one of the checked addresses. The certificate must be that of the host."""

    def __init__(self, host: str, addresses: list[str], watch: Watch) -> None:
        self._tls = ssl.create_default_context()
        super().__init__(host, PORT, context=self._tls)
        self.addresses, self.watch = addresses, watch

    def connect(self) -> None:
        plain = self._connect_to_one()
        self.watch.look_at(plain)
        plain.settimeout(self.watch.deadline.left or 0.001)
        self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)

    def _connect_to_one(self) -> socket.socket:
        for address in self.addresses[:-1]:
            try:
                return self._connect_to(address)
            except OSError:
                continue
        return self._connect_to(self.addresses[-1])

    def _connect_to(self, address: str) -> socket.socket:
        limit = min(CONNECT_LIMIT, self.watch.deadline.left or 0.001)
        return socket.create_connection((address, PORT), timeout=limit)


def _read(response: HTTPResponse, max_bytes: int) -> Picture:
    if 300 <= response.status < 400:
        raise _Refused(PictureProblem.REDIRECT)
    if response.status != 200:
        raise _Refused(PictureProblem.REFUSED)
    media_type = response.headers.get_content_type()
    if media_type not in FORMATS:
        raise _Refused(PictureProblem.NOT_A_PICTURE)
    length = response.getheader("Content-Length", "")
    content = bytearray()
    while part := response.read(CHUNK):
        content += part
        if len(content) > max_bytes:
            raise _Refused(PictureProblem.TOO_LARGE)
    if length.isdecimal() and len(content) != int(length):
        # It broke off.
        raise _Refused(PictureProblem.NO_ANSWER)
    if not content.startswith(FORMATS[media_type][1]):
        raise _Refused(PictureProblem.NOT_A_PICTURE)
    return Picture(media_type, bytes(content))
