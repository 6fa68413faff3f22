"""What the office types about dated settings, and the steps that several tests share."""

from __future__ import annotations

import re
from collections.abc import Callable

from tests import factories

KEY = "0" * 31
TERMS = {
    "valid_from": "01/01/2027",
    "rate": "3",
    "months": "36",
    "ceiling_micro": "Rp75.000.000,00",
    "ceiling_cooperative": "100000000",
    "collateral_free_limit": "10.000.000",
    "minimum_age": "17",
    "minimum_business_years": "2",
    "legal_basis": "Nota dinas 518/123",
}
SAME = TERMS | {
    "months": "24",
    "ceiling_micro": "50.000.000",
    "ceiling_cooperative": "50.000.000",
    "collateral_free_limit": "5.000.000",
}
LIMITS = {
    "valid_from": "01/01/2027",
    "class_1": "0",
    "class_2": "90",
    "class_3": "120",
    "class_4": "270",
}
NEW_TERMS = "/pengaturan/ketentuan/baru"
NEW_LIMITS = "/pengaturan/kolektibilitas/baru?jenis=umum"


def entry(key: str = "1", **changes: str) -> dict[str, str]:
    """A complete proposal of loan terms."""
    return TERMS | {"request_key": KEY + key} | changes


def limits_entry(key: str = "1", **changes: str) -> dict[str, str]:
    """A complete proposal of limits for commercial banks."""
    return LIMITS | {"request_key": KEY + key} | changes


def proposed(client: factories.Client, key: str = "1", **changes: str) -> str:
    """The address of loan terms proposed through the page."""
    return _sent(client, NEW_TERMS, entry(key, **changes))


def proposed_limits(client: factories.Client, address: str = NEW_LIMITS, **changes: str) -> str:
    """The address of limits proposed through the page."""
    return _sent(client, address, limits_entry(**changes))


def _sent(client: factories.Client, address: str, data: dict[str, str]) -> str:
    answer = client.post(address, data=data)
    assert answer.status_code == 302, answer.get_data(as_text=True)
    return str(answer.headers["Location"])


def hidden(client: factories.Client, address: str, action: str) -> dict[str, str]:
    """The hidden fields of a version's form: "setujui", "tolak" or "konfirmasi"."""
    page = client.get(address).get_data(as_text=True)
    form = page[page.index(f'action="{address}/{action}"') :]
    form = form[: form.index("</form>")]
    pairs = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', form)
    return {name: value for name, value in pairs if name != "csrf_token"}


def approve(sign_in: Callable[[str], factories.Client], address: str) -> None:
    """Let the head of the division approve what stands at `address`."""
    client = sign_in("approver")
    answer = client.post(f"{address}/setujui", data=hidden(client, address, "setujui"))
    assert answer.status_code == 302, answer.get_data(as_text=True)
