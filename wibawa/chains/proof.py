"""Whether chains are whole: all is covered, no link is missing, every hash comes out again."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import text
from sqlalchemy.orm import Session

from wibawa.chains import office
from wibawa.chains.lines import BEGINNING, Content, Family, Links, Part, Source, Tally, link_hash
from wibawa.chains.models import Link

MOST = 6
DECISIONS = {
    "change": "penolakan permintaan",
    "disbursement": "penolakan pencairan",
    "terms": "ketentuan pinjaman",
    "confirmation": "dasar hukum ketentuan",
    "limits": "batas kolektibilitas",
    "definition": "definisi indikator",
    "year": "usulan kunci tahun indikator",
    "merge": "permintaan penggabungan",
    "pseudonym": "permintaan penyamaran",
    "retention": "masa simpan",
    "closing": "penutupan bulan",
    "return": "usulan penutupan yang dikembalikan",
    "recommend": "rekomendasi permohonan",
    "refuse": "penolakan dinas atas permohonan",
    "approve": "persetujuan bank atas permohonan",
    "decline": "penolakan bank atas permohonan",
}


@dataclass
class Proof:
    """What is wrong, in words, at most six of each kind: rows without a link, numbers that are
    missing, links whose content or whose own hash is another."""

    uncovered: list[str] = field(default_factory=list)
    gaps: list[str] = field(default_factory=list)
    contents: list[str] = field(default_factory=list)
    hashes: list[str] = field(default_factory=list)


def prove_office(session: Session) -> Proof:
    return prove(session, office.OFFICE, office.links_with_lines(session), DECISIONS)


def prove(
    session: Session,
    family: Family,
    links: Links,
    words: Mapping[str, str],
) -> Proof:
    """Read all that the chains cover, once, and reckon every link again."""
    found = Proof()
    found.uncovered = list(islice(_uncovered(session, family, words), MOST))
    _reckon(links, words, found)
    for each in (found.gaps, found.contents, found.hashes):
        del each[MOST:]
    return found


def _uncovered(session: Session, family: Family, words: Mapping[str, str]) -> Iterator[str]:
    """Each kind of rows, with the subject whose link is missing."""
    for part in family.parts:
        for kind, source in part.sources.items():
            for subject in session.scalars(text(_without_link(family, part, kind, source))):
                yield f"{words[kind]} nomor {subject} tidak ada dalam rantai (baris {part.name})"


def _without_link(family: Family, part: Part, kind: str, source: Source) -> str:
    return (
        f"SELECT DISTINCT {source.subject} FROM {source.rows} LEFT {family.link_of(kind, source)}"  # noqa: S608 - all names are ours
        f" WHERE {source.where} AND c.number IS NULL ORDER BY 1 LIMIT {MOST}"
    )


def _reckon(links: Links, words: Mapping[str, str], found: Proof) -> None:
    chain, number, before = "", 0, BEGINNING
    for link, code, lines in links:
        if code != chain:
            chain, number, before = code, 0, BEGINNING
        about = f"{words[link.kind]} nomor {link.subject_id}"
        name = f"mata rantai {code} {link.number} ({about})"
        if link.number != number + 1 or link.previous_hash != before:
            found.gaps.append(f"{name} tidak menyambung ke mata rantai sebelumnya")
        tally = Tally()
        for line, amount in lines:
            tally.add(line, amount)
        said = Content(link.rows, link.total, link.content_hash)
        if said != tally.content:
            found.contents.append(f"{name}: isi {about} diubah sesudah dicatat")
        if link.hash != _hash_of(link, code, said):
            found.hashes.append(f"{name}: mata rantai itu sendiri diubah")
        number, before = link.number, link.hash


def _hash_of(link: Link, code: str, said: Content) -> str:
    return link_hash(
        code, link.number, link.kind, link.subject_id, link.made_at, said, link.previous_hash
    )
