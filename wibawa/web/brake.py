"""A coarse brake: so many requests from one network in a while, counted in this process only."""

from __future__ import annotations

import datetime as dt

from wibawa.rules.guessing import network_of

MOST_ADDRESSES = 10_000  # beyond them all are forgotten: the brake must not fill the memory


class Brake:
    """`most` requests in `seconds` for each address, or the /64 that one IPv6 subscriber has."""

    def __init__(self, most: int, seconds: int) -> None:
        self._most = most
        self._seconds = seconds
        self._seen: dict[str, tuple[int, int]] = {}

    def lets(self, address: str, now: dt.datetime) -> bool:
        """Count one request and say whether it may go on."""
        address = network_of(address)
        window = int(now.timestamp()) // self._seconds
        if len(self._seen) >= MOST_ADDRESSES and address not in self._seen:
            self._seen.clear()
        begun, count = self._seen.get(address, (window, 0))
        count = count + 1 if begun == window else 1
        self._seen[address] = (window, count)
        return count <= self._most
