"""What waits for a person, in words and with its list: the top of the first page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import url_for
from sqlalchemy.orm import Session

from wibawa.access.permissions import Permission
from wibawa.access.sessions import SignedIn
from wibawa.arrears.reminders.queries import due_count
from wibawa.banks.queries import thresholds_on
from wibawa.home.menu import waiting_for
from wibawa.privacy.queries import waiting_for_person
from wibawa.web import clock

P = Permission


@dataclass(frozen=True)
class Task:
    """One thing on Beranda that waits for this person, or that only this person may do."""

    label: str
    count: int | None
    url: str
    hint: str


# Label, endpoint, permission, count of `Waiting` (None: always there), hint.
TASKS: tuple[tuple[str, str, P, str | None, str], ...] = (
    (
        "Berkas menunggu dibukukan",
        "repayments.upload_list",
        P.POST_REPAYMENTS,
        "uploads",
        "Sudah diajukan bank; periksa, lalu bukukan.",
    ),
    (
        "Berkas belum diajukan",
        "repayments.upload_list",
        P.UPLOAD_REPAYMENTS,
        "uploads",
        "Sudah diunggah; perbaiki atau ajukan ke dinas.",
    ),
    (
        "Permohonan Anda yang terlambat",
        "applications.application_list",
        P.SEE_APPLICATIONS,
        "late",
        "Sudah melewati batas waktunya; yang paling lama ada di atas.",
    ),
    (
        "Permohonan menunggu langkah Anda",
        "applications.application_list",
        P.SEE_APPLICATIONS,
        "applications",
        "Yang batas waktunya paling dekat ada di atas.",
    ),
    (
        "Berkas keputusan belum dikirim",
        "decisions.upload_list",
        P.ANSWER_APPLICATION,
        "answers",
        "Sudah diunggah; perbaiki, kirim, atau tarik.",
    ),
    (
        "Permohonan menunggu dikirim ke bank",
        "proposals.new_proposal",
        P.SEND_PROPOSAL,
        "proposals",
        "Sudah direkomendasikan; kirim bersama dalam satu usulan.",
    ),
    (
        "Permohonan disetujui bank, menunggu pencairan",
        "disbursements.choose_application",
        P.RECORD_DISBURSEMENT,
        "approved",
        "Catat pencairannya setelah uangnya cair.",
    ),
    (
        "Pencairan menunggu persetujuan",
        "disbursements.disbursement_list",
        P.APPROVE_DISBURSEMENT,
        "disbursements",
        "Dicatat petugas; setujui atau tolak dengan alasan.",
    ),
    (
        "Berkas SI-UMI belum diterapkan",
        "siumi.upload_list",
        P.EDIT_BORROWER,
        "register",
        "Sudah diunggah; perbaiki, terapkan, atau tarik.",
    ),
    (
        "Berkas pencairan menunggu persetujuan",
        "disbursements.upload_list",
        P.APPROVE_DISBURSEMENT,
        "payment_files",
        "Periksa baris-barisnya; semuanya disetujui sekaligus.",
    ),
    (
        "Berkas pencairan belum diajukan",
        "disbursements.upload_list",
        P.UPLOAD_DISBURSEMENTS,
        "payment_files",
        "Sudah diunggah; perbaiki, ajukan, atau tarik.",
    ),
    (
        "Penggabungan peminjam menunggu persetujuan",
        "merging.merge_list",
        P.APPROVE_MERGE,
        "merges",
        "Dua catatan satu orang; bandingkan, lalu setujui atau tolak.",
    ),
    (
        "Permintaan perubahan menunggu keputusan",
        "changes.change_list",
        P.DECIDE_CHANGE,
        "changes",
        "Lihat akibatnya, lalu setujui atau tolak dengan alasan.",
    ),
    (
        "Ketentuan menunggu persetujuan",
        "banks.terms_list",
        P.APPROVE_TERMS,
        "terms",
        "Usulan ketentuan pinjaman atau batas kolektibilitas.",
    ),
    (
        "Definisi indikator menunggu persetujuan",
        "indicators.indicator_list",
        P.APPROVE_FIGURES,
        "definitions",
        "Bandingkan dengan yang berlaku, lalu setujui atau tolak dengan alasan.",
    ),
    (
        "Tahun indikator menunggu dikunci atau dibuka",
        "indicators.indicator_list",
        P.APPROVE_FIGURES,
        "years",
        "Periksa angkanya, lalu setujui atau tolak dengan alasan.",
    ),
    (
        "Janji pembayaran yang lewat",
        "arrears.arrears_list",
        P.FOLLOW_ARREARS,
        "unkept",
        "Tanggalnya lewat dan uangnya kurang; hubungi peminjamnya lagi.",
    ),
    (
        "Titipan belum menjadi angsuran",
        "loans.suspense_list",
        P.SEE_SUSPENSE,
        "suspense",
        "Cocokkan dengan bank; berkas asal dan sebabnya ada di daftar.",
    ),
    (
        "Bulan belum direkonsiliasi",
        "reconciliation.month_list",
        P.PREPARE_RECONCILIATION,
        "months",
        "Cocokkan dengan berkas bank, catat selisihnya, lalu usulkan penutupan.",
    ),
    (
        "Bulan menunggu ditutup",
        "reconciliation.month_list",
        P.CLOSE_MONTH,
        "months",
        "Periksa angka dan selisihnya, lalu tutup atau kembalikan.",
    ),
    (
        "Cadangan perlu diperiksa",
        "keeping.backup_list",
        P.KEEP_BACKUPS,
        "backups",
        "Yang terakhir gagal atau terlalu lama; cari sebabnya hari ini juga.",
    ),
    (
        "Pengguna",
        "access.user_list",
        P.MANAGE_USERS,
        None,
        "Tambah pengguna, atau nonaktifkan yang sudah tidak bertugas.",
    ),
    (
        "Bank penyalur",
        "banks.bank_list",
        P.MANAGE_BANKS,
        None,
        "Metode, kelipatan, aturan hari libur, dan pembukuan berkas.",
    ),
)


# A task leads to exactly the rows that it counts, where the list can show them alone.
ONLY: dict[str, dict[str, Any]] = {
    "Berkas menunggu dibukukan": {"keadaan": "submitted"},
    "Permohonan Anda yang terlambat": {"keadaan": "menunggu", "batas": "lewat", "urut": "batas"},
    "Permohonan menunggu langkah Anda": {"keadaan": "menunggu", "urut": "batas"},
    "Pencairan menunggu persetujuan": {"keadaan": "menunggu"},
    "Berkas pencairan menunggu persetujuan": {"keadaan": "submitted"},
    "Penggabungan peminjam menunggu persetujuan": {"keadaan": "menunggu"},
    "Permintaan perubahan menunggu keputusan": {"keadaan": "menunggu"},
    "Janji pembayaran yang lewat": {"janji": "lewat"},
}


def tasks_for(session: Session, person: SignedIn) -> list[Task]:
    """What waits for this person; things with nothing waiting are left out."""
    counts = waiting_for(session, person)
    found = [
        Task(
            label,
            getattr(counts, counted) if counted else None,
            url_for(target, **ONLY.get(label, {})),
            hint,
        )
        for label, target, permission, counted, hint in TASKS
        if person.may(permission) and (counted is None or getattr(counts, counted))
    ]
    keeps, decides = person.may(P.KEEP_INCIDENTS), person.may(P.APPROVE_PSEUDONYM)
    urgent = [
        Task(label, count, url_for(target, **values), hint)
        for label, count, target, values, hint in waiting_for_person(
            session, person.id, clock.now(), keeps=keeps, decides=decides
        )
    ]
    return [*urgent, *_letters_to_send(session, person), *found]


def _letters_to_send(session: Session, person: SignedIn) -> list[Task]:
    """Reminders that are due: a look at the whole portfolio, so not in the menu of every page."""
    if not person.may(P.ISSUE_LETTER):
        return []
    count = due_count(session, clock.today(), thresholds_on(session, clock.today()))
    url, hint = url_for("arrears.reminder_list"), "Pilih, periksa isinya, lalu terbitkan bersama."
    return [Task("Surat peringatan yang perlu dikirim", count, url, hint)] if count else []
