"""How long somebody waits who has guessed wrong: guessing gets slow, and no office is locked out.

Three counts hold a guesser back: wrong tries at one account from one address; wrong tries at one
account from all addresses at which its owner has not signed in lately; and wrong tries at any
account from one address. Whoever signs in where the account is at home is held back by the first
alone, and by that for five minutes at most, whatever goes on elsewhere.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
from typing import Final, NamedTuple

DAY: Final = dt.timedelta(hours=24)  # how far back tries at an account count
HOUR: Final = dt.timedelta(hours=1)  # how far back tries from an address count
AT_HOME: Final = dt.timedelta(days=90)  # how long an address stays the account's own


class Tries(NamedTuple):
    """How many wrong tries there were within the time that counts, and when the last one was."""

    wrong: int
    last: dt.datetime | None


def free_at(pair: Tries, account: Tries, address: Tries, at_home: bool) -> dt.datetime | None:
    """When the next try may be made; None: at once.

    The first five tries of a pair, ten of an account from strange addresses and fifty of an address
    are free; then the pause begins with a minute and doubles with each wrong try, up to an hour
    (five minutes at home; a quarter of an hour for an address). Source: OWASP, Authentication
    Cheat Sheet, "account lockout"; the figures are ours (docs/decisions.md).

    >>> six = Tries(6, dt.datetime(2026, 11, 24, 10, 0))
    >>> free_at(six, Tries(0, None), six, at_home=False)
    datetime.datetime(2026, 11, 24, 10, 2)
    """
    waits = [_after(pair, 5, 5 if at_home else 60)]
    if not at_home:
        waits += [_after(account, 10, 60), _after(address, 50, 15)]
    return max((each for each in waits if each is not None), default=None)


def _after(tries: Tries, free: int, longest: int) -> dt.datetime | None:
    if tries.last is None or tries.wrong < free:
        return None
    minutes = min(2 ** min(tries.wrong - free, 10), longest)
    return tries.last + dt.timedelta(minutes=minutes)


def network_of(address: str) -> str:
    """What counts as one address: an IPv4 address, also as a socket of both kinds writes it, or the
    /64 that one IPv6 subscriber has.

    >>> network_of("2001:db8:1:2:3:4:5:6")
    '2001:db8:1:2::'
    >>> network_of("10.0.0.7")
    '10.0.0.7'
    """
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    if isinstance(found, ipaddress.IPv6Address):
        found = found.ipv4_mapped or found
    if found.version == 4:
        return str(found)
    return str(ipaddress.ip_network((found, 64), strict=False).network_address)
