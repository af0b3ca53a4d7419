"""Under which addresses this machine can be reached.

Lives here: the machine's own addresses and names, read from its interfaces
without sending anything; and who counts as one source of requests. Not here:
who may be served (`web/headers.py`), how often a source may ask (`web/limits.py`).
"""

from __future__ import annotations

import ipaddress
import socket
import struct
import time
from pathlib import Path

SIOCGIFADDR = 0x8915
"""Linux: ask an interface for its IPv4 address (see netdevice(7))."""

FRESH_FOR = 10.0
"""Seconds until the interfaces are read again: a laptop changes its network now and then."""

_VIRTUAL = ("docker", "br-", "veth", "virbr", "vmnet", "vboxnet", "tun", "tap", "wg", "zt", "tailscale")

_seen: tuple[float, tuple[tuple[str, str], ...]] = (-FRESH_FOR, ())


def interfaces() -> tuple[tuple[str, str], ...]:
    """Return (interface, address) for each address of this machine, IPv4 first."""
    global _seen
    if time.monotonic() - _seen[0] >= FRESH_FOR:
        _seen = (time.monotonic(), tuple(_ipv4()) + tuple(_ipv6()))
    return _seen[1]


def own_hosts() -> frozenset[str]:
    """Return every host name and address that means this machine, in lower case."""
    name = socket.gethostname().lower()
    names = {"localhost", "127.0.0.1", "::1", name, name.partition(".")[0]}
    names |= {f"{short}.local" for short in (name.partition(".")[0],) if short}
    return frozenset(names | {address for _name, address in interfaces()})


def source_of(address: str | None) -> str:
    """Return whom to count for a visitor's address: itself, or of IPv6 its network of 64 bits.

    Anybody with one line has that whole network and could ask from another of its
    addresses each time. Servers that listen on both write IPv4 as a part of IPv6.
    """
    try:
        ip = ipaddress.ip_address((address or "").partition("%")[0])
    except ValueError:
        return address or "unknown"
    if isinstance(ip, ipaddress.IPv6Address):
        return str(ip.ipv4_mapped or ipaddress.ip_network((int(ip) >> 64 << 64, 64)))
    return str(ip)


def lan_address() -> str:
    """Return the address that a phone in the same network would use; localhost where there is none."""
    candidates = [
        (name, address)
        for name, address in interfaces()
        if (ip := ipaddress.ip_address(address)).version == 4 and not ip.is_loopback and not ip.is_link_local
    ]
    candidates.sort(key=lambda found: (found[0].startswith(_VIRTUAL), not ipaddress.ip_address(found[1]).is_private))
    return candidates[0][1] if candidates else "localhost"


def _ipv4() -> list[tuple[str, str]]:
    try:
        import fcntl
    except ImportError:  # not a Unix: the resolver knows the machine's own addresses
        return _resolved()
    found = []
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        for _index, name in socket.if_nameindex():
            try:
                answer = fcntl.ioctl(probe.fileno(), SIOCGIFADDR, struct.pack("256s", name.encode()[:15]))
            except OSError:
                continue  # an interface without an IPv4 address
            found.append((name, socket.inet_ntoa(answer[20:24])))
    return found or _resolved()


def _resolved() -> list[tuple[str, str]]:
    try:
        return [("", address) for address in socket.gethostbyname_ex(socket.gethostname())[2]]
    except OSError:
        return []


def _ipv6() -> list[tuple[str, str]]:
    table = Path("/proc/net/if_inet6")
    if not table.exists():
        return []
    found = []
    for line in table.read_text().splitlines():
        digits, *_rest, name = line.split()
        found.append((name, str(ipaddress.IPv6Address(int(digits, 16)))))
    return found
