"""Files of disbursements as a bank's officer sends them."""

from __future__ import annotations

import html
import io

from tests import factories

HEAD = (
    "Nomor Permohonan;Nama;Nomor Rekening;Nomor Perjanjian;Tanggal Perjanjian;Tanggal Pencairan;"
    "Jumlah Pencairan;Jatuh Tempo\n"
)


def line(which: int = 1, /, **changes: str) -> str:
    """One good row of an application over 24 months, of which Rp4.000.000 were approved."""
    cells = {
        "number": f"PM-{which:06d}",
        "name": "Siti Aminah",
        "account": f"'0123{which:05d}",
        "agreement": f"PK/{which}/2026",
        "agreement_on": "24-11-2026",
        "disbursed_on": "24-11-2026",
        "amount": "4.000.000",
        "matures_on": "24-11-2028",
    }
    return ";".join((cells | changes).values()) + "\n"


def upload(
    client: factories.Client,
    rows: str | bytes,
    name: str = "pencairan.csv",
    *,
    bank_id: int | None = None,
    replaces: str = "",
) -> str:
    """Send a file of disbursements; the address of its check page."""
    content = rows if isinstance(rows, bytes) else (HEAD + rows).encode()
    data = {"file": (io.BytesIO(content), name), "replaces": replaces}
    if bank_id is not None:
        data["bank_id"] = str(bank_id)  # type: ignore[assignment]
    answer = client.post("/pencairan/berkas/baru", data=data)
    assert answer.status_code == 302, answer.get_data(as_text=True)[:3000]
    return str(answer.headers["Location"])


def text(client: factories.Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return html.unescape(answer.get_data(as_text=True))


def shown_on(page: str) -> str:
    """What the button that confirms carries; "" when it is not there."""
    return page.partition('name="shown" value="')[2].partition('"')[0]


def press(client: factories.Client, url: str, verb: str, shown: str | None = None) -> str:
    """Press a button of the page as it is now; the page that follows."""
    url = url.partition("?")[0]
    seen = shown_on(text(client, url)) if shown is None else shown
    answer = client.post(f"{url}/{verb}", data={"shown": seen}, follow_redirects=True)
    assert answer.status_code == 200
    return html.unescape(answer.get_data(as_text=True))
