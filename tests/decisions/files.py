"""Files of answers as a bank's officer sends them."""

from __future__ import annotations

import html
import io

from tests import factories

HEAD = "Nomor Permohonan;Nama;KEPUTUSAN;JUMLAH DISETUJUI;ALASAN\n"
GOOD = (
    "PM-000001;Siti Aminah;DISETUJUI;4.000.000;\n"
    "PM-000002;Joko;tolak;;SLIK: kol 5\n"
    "PM-000003;Rini;;;\n"
)  # fmt: skip


def upload(
    client: factories.Client, rows: str | bytes, name: str = "keputusan.csv", replaces: str = ""
) -> str:
    """Send a file of answers; the address of its check page."""
    content = rows if isinstance(rows, bytes) else (HEAD + rows).encode()
    data = {"file": (io.BytesIO(content), name), "replaces": replaces}
    answer = client.post("/keputusan/berkas/baru", data=data)
    assert answer.status_code == 302, answer.get_data(as_text=True)[:3000]
    return str(answer.headers["Location"])


def text(client: factories.Client, url: str) -> str:
    answer = client.get(url)
    assert answer.status_code == 200
    return html.unescape(answer.get_data(as_text=True))


def shown_on(page: str) -> str:
    """What the button that sends the answers carries; "" when it is not there."""
    return page.partition('name="shown" value="')[2].partition('"')[0]


def send(client: factories.Client, url: str, shown: str | None = None) -> str:
    """Press "Kirim keputusan" on the page as it is now; the page that follows."""
    url = url.partition("?")[0]
    seen = shown_on(text(client, url)) if shown is None else shown
    answer = client.post(f"{url}/kirim", data={"shown": seen}, follow_redirects=True)
    assert answer.status_code == 200
    return html.unescape(answer.get_data(as_text=True))
