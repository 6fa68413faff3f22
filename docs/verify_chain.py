"""Periksa rantai pembukuan atau keputusan Kredit Wibawa tanpa aplikasinya (Python 3.8 ke atas).

    python3 verify_chain.py rantai.jsonl [SIDIK]

rantai.jsonl dibuat dengan `wibawa chain export --bank KODE --out rantai.jsonl`, atau `--office`
untuk rantai keputusan dinas. SIDIK adalah sidik rantai dari Berita Acara Rekonsiliasi, seluruhnya
atau paling sedikit 16 angka pertamanya. Cara menghitungnya ada di docs/chain.md.
"""

import hashlib
import json
import sys

AMOUNT_IN = {"entry": 4, "suspense": 4, "resolution": 4}  # the field with the money, counted from 0
MOST_SAID = 20


def sha256(text):
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def links(file):
    """Each link with the lines that it covers: an object, then one string for each line."""
    link, lines = None, []
    for text in file:
        found = json.loads(text)
        if isinstance(found, str):
            lines.append(found)
            continue
        if link is not None:
            yield link, lines
        link, lines = found, []
    if link is not None:
        yield link, lines


def reckoned(link, lines):
    """(rows, total, content_hash, hash) as they must be for these lines."""
    fields = [line.split("|") for line in lines]
    amounts = [int(each[AMOUNT_IN[each[0]]]) for each in fields if each[0] in AMOUNT_IN]
    content = sha256("".join(line + "\n" for line in lines))
    said = [link["bank"], link["number"], link["kind"], link["subject_id"], len(amounts),
            sum(amounts), link["made_at"], content, link["previous_hash"]]  # fmt: skip
    return len(amounts), sum(amounts), content, sha256("|".join(str(each) for each in said))


def verify(file, wanted):
    """What is wrong, the last link, and the number of the link whose hash begins with `wanted`."""
    faults, last, named = [], {"number": 0, "hash": "0" * 64, "bank": None}, None
    for link, lines in links(file):
        where = f"mata rantai {link['number']} ({link['kind']} {link['subject_id']})"
        if link["number"] != last["number"] + 1:
            faults.append(f"{where}: seharusnya nomor {last['number'] + 1}")
        if link["previous_hash"] != last["hash"]:
            faults.append(f"{where}: tidak menyambung ke mata rantai sebelumnya")
        if last["bank"] not in (None, link["bank"]):
            faults.append(f"{where}: milik rantai lain")
        rows, total, content, own = reckoned(link, lines)
        if (rows, total) != (link["rows"], link["total"]):
            said = f"{link['rows']} baris berjumlah {link['total']}"
            faults.append(f"{where}: tertulis {said}, isinya {rows} baris berjumlah {total}")
        if content != link["content_hash"]:
            faults.append(f"{where}: isinya bukan yang dibukukan")
        if own != link["hash"]:
            faults.append(f"{where}: sidiknya tidak cocok")
        if wanted and named is None and link["hash"].startswith(wanted):
            named = link["number"]
        last = link
    if wanted and named is None:
        faults.append(f"sidik {wanted} tidak ada dalam rantai ini")
    return faults, last, named


def main(arguments):
    wanted = "".join(arguments[1:]).replace(" ", "").lower()
    if not arguments or 0 < len(wanted) < 16:
        print(__doc__)
        return 2
    try:
        with open(arguments[0], encoding="utf-8") as file:
            faults, last, named = verify(file, wanted)
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        print(f"Berkas tidak dapat dibaca sebagai rantai: {error!r}")
        return 1
    for fault in faults[:MOST_SAID]:
        print(fault)
    if faults:
        print(f"RANTAI TIDAK UTUH: {len(faults)} masalah.")
        return 1
    print(f"Rantai {last['bank']} utuh: {last['number']} mata rantai.")
    print(f"Sidik mata rantai terakhir: {last['hash']}")
    if wanted:
        print(f"Sidik {wanted} ada: mata rantai nomor {named}.")
    else:
        print("Cocokkan sidik itu dengan yang tercetak pada Berita Acara Rekonsiliasi.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
