from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from wibawa.access.models import TrailEntry, User, UserSession
from wibawa.access.permissions import ROLE_LABELS, Role
from wibawa.database import Base
from wibawa.web.pages import Page, Wanted

DEMO_PASSWORD = "wibawa-demo-2026"  # noqa: S105 - only `wibawa demo` gives it, never in production
DEMO_USERNAMES = ("ani", "budi", "citra", "dewi", "eka", "fajar", "gita")


@dataclass(frozen=True)
class DemoUser:
    username: str
    role_label: str
    password: str


@dataclass(frozen=True)
class TrailRow:
    at: dt.datetime
    user: str
    action: str
    object_kind: str
    object_id: int | None
    detail: str
    address: str


ACTIONS = {
    "sign_in": "Masuk",
    "sign_out": "Keluar",
    "sign_in_failed": "Gagal masuk",
    "recovery_code_used": "Masuk dengan kode pemulihan",
    "device_ended": "Mengeluarkan satu perangkat",
    "devices_ended": "Keluar dari semua perangkat",
    "password_changed": "Mengganti kata sandi",
    "password_reset": "Memberi kata sandi sekali pakai",
    "second_factor_set": "Memasang kode masuk",
    "second_factor_dropped": "Mematikan kode masuk",
    "second_factor_reset": "Menghapus kode masuk pengguna lain",
    "recovery_codes_made": "Membuat kode pemulihan",
    "proof_given": "Membuktikan diri sebelum persetujuan",
    "proof_failed": "Gagal membuktikan diri",
    "access_settings_changed": "Mengubah pengaturan masuk",
    "data_key_changed": "Mengganti kunci data",
    "denied": "Akses ditolak",
    "user_added": "Menambah pengguna",
    "user_enabled": "Mengaktifkan pengguna",
    "user_disabled": "Menonaktifkan pengguna",
    "bank_changed": "Mengubah pengaturan bank",
    "terms_proposed": "Mengusulkan ketentuan pinjaman",
    "terms_approved": "Menyetujui ketentuan pinjaman",
    "terms_refused": "Menolak usulan ketentuan pinjaman",
    "terms_confirmed": "Mengonfirmasi dasar hukum ketentuan",
    "limits_proposed": "Mengusulkan batas kolektibilitas",
    "limits_approved": "Menyetujui batas kolektibilitas",
    "limits_refused": "Menolak usulan batas kolektibilitas",
    "quota_set": "Menetapkan kuota bank",
    "holiday_added": "Menambah hari libur",
    "holiday_removed": "Menghapus hari libur",
    "file_uploaded": "Mengunggah berkas",
    "file_submitted": "Mengajukan berkas",
    "file_posted": "Membukukan berkas",
    "file_withdrawn": "Menarik berkas",
    "difference_noted": "Mencatat selisih rekonsiliasi",
    "note_struck": "Mencoret catatan selisih",
    "closing_proposed": "Mengusulkan penutupan bulan",
    "closing_returned": "Mengembalikan usulan penutupan bulan",
    "month_closed": "Menutup bulan",
    "definition_proposed": "Mengusulkan definisi indikator",
    "definition_approved": "Menyetujui definisi indikator",
    "definition_refused": "Menolak usulan definisi indikator",
    "input_recorded": "Mencatat masukan indikator",
    "lock_requested": "Mengusulkan penguncian tahun indikator",
    "lock_refused": "Menolak penguncian tahun indikator",
    "year_locked": "Mengunci tahun indikator",
    "unlock_requested": "Mengusulkan pembukaan kunci tahun indikator",
    "unlock_refused": "Menolak pembukaan kunci tahun indikator",
    "year_unlocked": "Membuka kunci tahun indikator",
    "register_names_confirmed": "Membenarkan ganti nama dari SI-UMI",
    "register_applied": "Menerapkan berkas SI-UMI",
    "register_downloaded": "Mengunduh berkas SI-UMI (berisi NIK)",
    "portfolio_imported": "Memuat data awal",
    "application_record": "Mencatat permohonan",
    "application_revise": "Mengubah permohonan",
    "application_submit": "Mengajukan permohonan",
    "application_visit": "Memverifikasi permohonan",
    "application_recommend": "Merekomendasikan permohonan",
    "application_return": "Mengembalikan permohonan",
    "application_refuse": "Menolak permohonan",
    "application_withdraw": "Membatalkan permohonan",
    "application_send": "Mengirim permohonan ke bank",
    "application_approve": "Menyetujui permohonan (bank)",
    "application_decline": "Menolak permohonan (bank)",
    "application_disburse": "Mencairkan permohonan",
    "decisions_sent": "Mengirim keputusan dari berkas",
    "proposal_sent": "Mengirim usulan ke bank",
    "proposal_exported": "Mengekspor daftar usulan",
    "proposal_printed": "Mencetak surat usulan",
    "paper_issued": "Menerbitkan surat",
    "paper_printed": "Mencetak surat",
    "paper_withdrawn": "Menarik surat",
    "deadlines_changed": "Mengubah batas waktu permohonan",
    "open_figures_switched": "Membuka atau menutup data terbuka",
    "office_changed": "Mengubah kop surat",
    "direct_permit_set": "Mengubah izin pencairan tanpa permohonan",
    "layout_example": "Mengunggah contoh berkas bank",
    "layout_taught": "Menyimpan nama kolom berkas bank",
    "disbursements_paid": "Menyetujui berkas pencairan",
    "disbursement_recorded": "Mencatat pencairan",
    "disbursement_approved": "Menyetujui pencairan",
    "disbursement_refused": "Menolak pencairan",
    "schedule_printed": "Mencetak jadwal angsuran",
    "schedules_printed": "Mencetak banyak jadwal",
    "list_exported": "Mengekspor daftar",
    "job_cancelled": "Membatalkan pekerjaan",
    "job_result_opened": "Mengunduh hasil pekerjaan",
    "contact_recorded": "Mencatat penagihan",
    "contact_struck": "Mencoret catatan penagihan",
    "reminders_issued": "Menerbitkan surat peringatan",
    "reminders_printed": "Mencetak surat peringatan",
    "reminder_days_changed": "Mengubah hari surat peringatan",
    "document_rule_changed": "Mengubah aturan dokumen permintaan",
    "arrears_assigned": "Menetapkan petugas tunggakan",
    "nik_revealed": "Menampilkan NIK lengkap",
    "document_added": "Menyimpan dokumen",
    "document_replaced": "Mengganti dokumen",
    "document_withdrawn": "Menarik dokumen",
    "document_opened": "Membuka dokumen",
    "borrower_changed": "Mengubah data peminjam",
    "borrowers_distinct": "Menandai dua peminjam berbeda",
    "borrowers_distinct_undone": "Mencabut tanda dua peminjam berbeda",
    "change_requested": "Mengajukan permintaan perubahan",
    "change_approved": "Menyetujui permintaan perubahan",
    "change_refused": "Menolak permintaan perubahan",
    "merge_requested": "Meminta penggabungan peminjam",
    "merge_approved": "Menyetujui penggabungan peminjam",
    "merge_refused": "Menolak penggabungan peminjam",
    "split_requested": "Meminta pemisahan peminjam",
    "split_approved": "Menyetujui pemisahan peminjam",
    "split_refused": "Menolak pemisahan peminjam",
    "subject_exported": "Mengekspor data pribadi seseorang",
    "retention_set": "Mengubah masa simpan data pribadi",
    "pseudonym_requested": "Meminta penyamaran peminjam",
    "pseudonym_approved": "Menyamarkan identitas peminjam",
    "pseudonym_refused": "Menolak penyamaran peminjam",
    "incident_recorded": "Mencatat insiden data pribadi",
    "incident_step": "Mencatat langkah atas insiden",
}


def demo_users(session: Session) -> list[DemoUser]:
    """The demo office's people, when this database holds the demo office."""
    found = session.execute(
        select(User.username, User.role, User.name)
        .where(User.username.in_(DEMO_USERNAMES), User.can_sign_in)
        .order_by(User.username)
    ).all()
    if len(found) < len(DEMO_USERNAMES):
        return []
    banks = Base.metadata.tables["banks"]
    at_bank = {
        str(row[0]): str(row[1])
        for row in session.execute(
            select(User.username, banks.c.name).join(banks, banks.c.id == User.bank_id)
        )
    }
    return [
        DemoUser(
            row.username,
            f"Petugas {at_bank[row.username]}"
            if row.username in at_bank
            else ROLE_LABELS[Role(row.role)],
            DEMO_PASSWORD,
        )
        for row in found
    ]


def bank_choices(session: Session) -> list[tuple[str, str]]:
    banks = Base.metadata.tables["banks"]
    found = session.execute(select(banks.c.id, banks.c.name).order_by(banks.c.name))
    return [(str(row[0]), str(row[1])) for row in found]


def last_sign_in(session: Session, user_id: int) -> dt.datetime | None:
    return session.scalar(
        select(func.max(UserSession.created_at)).where(UserSession.user_id == user_id)
    )


def trail_page(session: Session, asked: Wanted) -> Page[TrailRow]:
    """One page of the trail, newest first unless asked otherwise."""
    order = TrailEntry.id.desc() if asked.descending else TrailEntry.id
    found = session.execute(
        select(TrailEntry, User.name)
        .outerjoin(User, User.id == TrailEntry.user_id)
        .order_by(order)
        .limit(asked.per_page)
        .offset(asked.offset)
    )
    rows = [
        TrailRow(
            entry.at,
            name or "–",
            ACTIONS.get(entry.action, entry.action),
            entry.object_kind,
            entry.object_id,
            entry.detail,
            entry.address,
        )
        for entry, name in found
    ]
    total = session.scalar(select(func.count()).select_from(TrailEntry)) or 0
    return Page(rows, asked.page, asked.per_page, total)
