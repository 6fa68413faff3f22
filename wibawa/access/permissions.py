"""One list of permissions, and which role has which (domain rules §6)."""

from __future__ import annotations

from enum import StrEnum


class Role(StrEnum):
    OFFICE_STAFF = "office_staff"
    APPROVER = "approver"
    BANK_OFFICER = "bank_officer"
    LEADER = "leader"
    AUDITOR = "auditor"
    ADMINISTRATOR = "administrator"


ROLE_LABELS = {
    Role.OFFICE_STAFF: "Petugas dinas",
    Role.APPROVER: "Kepala bidang",
    Role.BANK_OFFICER: "Petugas bank",
    Role.LEADER: "Pimpinan",
    Role.AUDITOR: "Auditor",
    Role.ADMINISTRATOR: "Administrator",
}


class Permission(StrEnum):
    SIGNED_IN = "signed_in"  # pages every signed-in user has: the first page, signing out
    SEE_REPORTS = "see_reports"
    SEE_LOANS = "see_loans"
    SEE_PERSONAL_DATA = "see_personal_data"  # names; never a full NIK
    SEE_CONTACTS = "see_contacts"  # phones and addresses; masked for others on every page
    SEE_BORROWERS = "see_borrowers"  # the register of borrowers, of both banks
    EDIT_BORROWER = "edit_borrower"
    APPROVE_MERGE = "approve_merge"  # two records of one borrower become one, or are taken apart
    REVEAL_NIK = "reveal_nik"  # one full NIK, with a reason and a record
    REVEAL_APPLICANT_NIK = "reveal_applicant_nik"  # the same, of an own bank's application only
    SEE_DOCUMENTS = "see_documents"  # which there are; what shows a NIK is opened as below
    OPEN_DOCUMENT = "open_document"  # for an open application or for a reason, with a record
    KEEP_DOCUMENTS = "keep_documents"
    SEE_UPLOADS = "see_uploads"
    UPLOAD_REPAYMENTS = "upload_repayments"
    POST_REPAYMENTS = "post_repayments"
    SEE_SUSPENSE = "see_suspense"
    SEE_ARREARS = "see_arrears"  # what was said and promised about a late loan
    FOLLOW_ARREARS = "follow_arrears"  # visits, calls, promises; who follows a loan
    SEE_APPLICATIONS = "see_applications"
    RECORD_APPLICATION = "record_application"  # record, change, submit, visit, withdraw
    RETURN_APPLICATION = "return_application"
    DECIDE_APPLICATION = "decide_application"  # recommend, refuse
    ANSWER_APPLICATION = "answer_application"  # the bank's approval or refusal
    SEE_PROPOSALS = "see_proposals"
    SEND_PROPOSAL = "send_proposal"
    SEE_LETTERS = "see_letters"  # what the office has issued
    ISSUE_LETTER = "issue_letter"  # a letter to an applicant
    SEE_DISBURSEMENTS = "see_disbursements"
    RECORD_DISBURSEMENT = "record_disbursement"
    APPROVE_DISBURSEMENT = "approve_disbursement"
    UPLOAD_DISBURSEMENTS = "upload_disbursements"  # a bank's own file; the office sends any bank's
    REQUEST_CHANGE = "request_change"  # a change of a loan, its money, titipan or a posted file
    DECIDE_CHANGE = "decide_change"
    PRINT_SCHEDULE = "print_schedule"
    ISSUE_UPLOAD_RECEIPT = "issue_upload_receipt"  # what a posted file of the bank came to
    SEE_RECONCILIATION = "see_reconciliation"  # each bank's months; names only with personal data
    PREPARE_RECONCILIATION = "prepare_reconciliation"  # note differences, propose to close
    CLOSE_MONTH = "close_month"
    SEE_INDICATORS = "see_indicators"
    MANAGE_FIGURES = "manage_figures"  # inputs, proposed definitions, the wish to lock a year
    APPROVE_FIGURES = "approve_figures"  # a definition; a year locked or unlocked
    SEE_TRAIL = "see_trail"
    EXPORT_CHAIN = "export_chain"  # with its lines, to be proved without this program
    MANAGE_USERS = "manage_users"
    KEEP_BACKUPS = "keep_backups"  # see what was backed up, ask for one; never its content
    MANAGE_BANKS = "manage_banks"
    MANAGE_OFFICE = "manage_office"  # what stands on the office's papers
    SEE_TERMS = "see_terms"
    PROPOSE_TERMS = "propose_terms"
    APPROVE_TERMS = "approve_terms"
    SET_QUOTA = "set_quota"
    SEE_PRIVACY = "see_privacy"  # register of processing, retention, incidents
    KEEP_INCIDENTS = "keep_incidents"  # write an incident down, and what was done about it
    EXPORT_SUBJECT = "export_subject"  # all that is held about a person, for a reason
    REQUEST_PSEUDONYM = "request_pseudonym"
    APPROVE_PSEUDONYM = "approve_pseudonym"  # as the second person; for how long data is kept


P = Permission
ROLE_PERMISSIONS: dict[Role, frozenset[Permission]] = {
    Role.OFFICE_STAFF: frozenset(
        {
            P.SIGNED_IN,
            P.SEE_REPORTS,
            P.SEE_LOANS,
            P.SEE_PERSONAL_DATA,
            P.SEE_CONTACTS,
            P.SEE_BORROWERS,
            P.EDIT_BORROWER,
            P.REVEAL_NIK,
            P.SEE_DOCUMENTS,
            P.OPEN_DOCUMENT,
            P.KEEP_DOCUMENTS,
            P.SEE_UPLOADS,
            P.POST_REPAYMENTS,
            P.SEE_SUSPENSE,
            P.SEE_ARREARS,
            P.FOLLOW_ARREARS,
            P.SEE_APPLICATIONS,
            P.SEE_PROPOSALS,
            P.SEND_PROPOSAL,
            P.SEE_LETTERS,
            P.ISSUE_LETTER,
            P.RECORD_APPLICATION,
            P.RETURN_APPLICATION,
            P.SEE_DISBURSEMENTS,
            P.RECORD_DISBURSEMENT,
            P.UPLOAD_DISBURSEMENTS,
            P.REQUEST_CHANGE,
            P.PRINT_SCHEDULE,
            P.ISSUE_UPLOAD_RECEIPT,
            P.SEE_RECONCILIATION,
            P.PREPARE_RECONCILIATION,
            P.SEE_INDICATORS,
            P.MANAGE_FIGURES,
            P.SEE_TERMS,
            P.PROPOSE_TERMS,
            P.SEE_PRIVACY,
            P.KEEP_INCIDENTS,
            P.EXPORT_SUBJECT,
            P.REQUEST_PSEUDONYM,
        }
    ),
    Role.APPROVER: frozenset(
        {
            P.SIGNED_IN,
            P.SEE_REPORTS,
            P.SEE_LOANS,
            P.SEE_PERSONAL_DATA,
            P.SEE_CONTACTS,
            P.SEE_BORROWERS,
            P.REVEAL_NIK,
            P.SEE_DOCUMENTS,
            P.OPEN_DOCUMENT,
            P.SEE_UPLOADS,
            P.SEE_SUSPENSE,
            P.SEE_ARREARS,
            P.FOLLOW_ARREARS,
            P.SEE_APPLICATIONS,
            P.SEE_PROPOSALS,
            P.SEE_LETTERS,
            P.RETURN_APPLICATION,
            P.DECIDE_APPLICATION,
            P.SEE_DISBURSEMENTS,
            P.APPROVE_DISBURSEMENT,
            P.APPROVE_MERGE,
            P.DECIDE_CHANGE,
            P.PRINT_SCHEDULE,
            P.SEE_RECONCILIATION,
            P.CLOSE_MONTH,
            P.SEE_INDICATORS,
            P.MANAGE_FIGURES,
            P.APPROVE_FIGURES,
            P.SEE_TERMS,
            P.PROPOSE_TERMS,
            P.APPROVE_TERMS,
            P.SET_QUOTA,
            P.SEE_PRIVACY,
            P.KEEP_INCIDENTS,
            P.EXPORT_SUBJECT,
            P.APPROVE_PSEUDONYM,
        }
    ),
    Role.BANK_OFFICER: frozenset(
        {
            P.SIGNED_IN,
            P.SEE_LOANS,
            P.SEE_PERSONAL_DATA,
            P.SEE_CONTACTS,
            P.REVEAL_APPLICANT_NIK,
            P.SEE_DOCUMENTS,
            P.OPEN_DOCUMENT,
            P.SEE_UPLOADS,
            P.UPLOAD_REPAYMENTS,
            P.UPLOAD_DISBURSEMENTS,
            P.SEE_SUSPENSE,
            P.SEE_ARREARS,
            P.SEE_APPLICATIONS,
            P.SEE_PROPOSALS,
            P.ANSWER_APPLICATION,
            P.PRINT_SCHEDULE,
            P.ISSUE_UPLOAD_RECEIPT,
            P.SEE_RECONCILIATION,
        }
    ),
    Role.LEADER: frozenset(
        {
            P.SIGNED_IN,
            P.SEE_REPORTS,
            P.SEE_LOANS,
            P.SEE_RECONCILIATION,
            P.SEE_INDICATORS,
            P.SEE_TERMS,
        }
    ),
    Role.AUDITOR: frozenset(
        {
            P.SIGNED_IN,
            P.SEE_REPORTS,
            P.SEE_LOANS,
            P.SEE_PERSONAL_DATA,
            P.SEE_BORROWERS,
            P.SEE_DOCUMENTS,
            P.SEE_UPLOADS,
            P.SEE_SUSPENSE,
            P.SEE_ARREARS,
            P.SEE_APPLICATIONS,
            P.SEE_PROPOSALS,
            P.SEE_LETTERS,
            P.SEE_DISBURSEMENTS,
            P.SEE_RECONCILIATION,
            P.SEE_INDICATORS,
            P.SEE_TERMS,
            P.SEE_TRAIL,
            P.EXPORT_CHAIN,
            P.SEE_PRIVACY,
        }
    ),
    Role.ADMINISTRATOR: frozenset(
        {
            P.SIGNED_IN,
            P.MANAGE_USERS,
            P.KEEP_BACKUPS,
            P.MANAGE_BANKS,
            P.MANAGE_OFFICE,
            P.SEE_TERMS,
            P.SEE_TRAIL,
            P.SEE_PRIVACY,
            P.KEEP_INCIDENTS,
        }
    ),
}

# In the words of the page that shows which role may what.
PERMISSION_LABELS = {
    P.SIGNED_IN: "Masuk, dan mengurus akun sendiri",
    P.SEE_REPORTS: "Melihat laporan dan kuota",
    P.SEE_LOANS: "Melihat pinjaman",
    P.SEE_PERSONAL_DATA: "Melihat nama dan rekening peminjam",
    P.SEE_CONTACTS: "Melihat alamat dan telepon peminjam",
    P.SEE_BORROWERS: "Melihat daftar peminjam kedua bank",
    P.EDIT_BORROWER: "Mengubah data peminjam, impor SI-UMI",
    P.APPROVE_MERGE: "Memutuskan penggabungan peminjam",
    P.REVEAL_NIK: "Menampilkan satu NIK lengkap, dengan alasan",
    P.REVEAL_APPLICANT_NIK: "Menampilkan NIK pemohon bank sendiri, dengan alasan",
    P.SEE_DOCUMENTS: "Melihat daftar dokumen",
    P.OPEN_DOCUMENT: "Membuka dokumen yang memuat NIK",
    P.KEEP_DOCUMENTS: "Menyimpan dan menarik dokumen",
    P.SEE_UPLOADS: "Melihat berkas yang diunggah",
    P.UPLOAD_REPAYMENTS: "Mengunggah berkas angsuran",
    P.POST_REPAYMENTS: "Membukukan berkas angsuran",
    P.SEE_SUSPENSE: "Melihat titipan",
    P.SEE_ARREARS: "Melihat catatan penagihan",
    P.FOLLOW_ARREARS: "Mencatat penagihan dan janji",
    P.SEE_APPLICATIONS: "Melihat permohonan",
    P.RECORD_APPLICATION: "Mencatat, mengajukan, dan memverifikasi permohonan",
    P.RETURN_APPLICATION: "Mengembalikan permohonan",
    P.DECIDE_APPLICATION: "Merekomendasikan atau menolak permohonan",
    P.ANSWER_APPLICATION: "Memberi keputusan bank atas permohonan",
    P.SEE_PROPOSALS: "Melihat usulan ke bank",
    P.SEND_PROPOSAL: "Mengirim usulan ke bank",
    P.SEE_LETTERS: "Melihat surat keluar",
    P.ISSUE_LETTER: "Menerbitkan surat",
    P.SEE_DISBURSEMENTS: "Melihat pencairan",
    P.RECORD_DISBURSEMENT: "Mencatat pencairan",
    P.APPROVE_DISBURSEMENT: "Menyetujui pencairan",
    P.UPLOAD_DISBURSEMENTS: "Mengunggah berkas pencairan",
    P.REQUEST_CHANGE: "Mengajukan permintaan perubahan",
    P.DECIDE_CHANGE: "Memutuskan permintaan perubahan",
    P.PRINT_SCHEDULE: "Mencetak jadwal dan surat pinjaman",
    P.ISSUE_UPLOAD_RECEIPT: "Menerbitkan tanda terima berkas",
    P.SEE_RECONCILIATION: "Melihat rekonsiliasi",
    P.PREPARE_RECONCILIATION: "Mencatat selisih, mengusulkan penutupan bulan",
    P.CLOSE_MONTH: "Menutup bulan",
    P.SEE_INDICATORS: "Melihat indikator dan dasbor",
    P.MANAGE_FIGURES: "Mencatat masukan dan mengusulkan definisi indikator",
    P.APPROVE_FIGURES: "Menyetujui definisi, mengunci tahun indikator",
    P.SEE_TRAIL: "Melihat jejak kegiatan dan rantai pembukuan",
    P.EXPORT_CHAIN: "Mengunduh rantai untuk diperiksa tanpa program ini",
    P.MANAGE_USERS: "Mengelola pengguna dan pengaturan masuk",
    P.MANAGE_BANKS: "Mengelola bank dan nama kolom berkasnya",
    P.MANAGE_OFFICE: "Mengelola kop surat dan batas waktu",
    P.SEE_TERMS: "Melihat ketentuan pinjaman",
    P.PROPOSE_TERMS: "Mengusulkan ketentuan pinjaman",
    P.APPROVE_TERMS: "Menyetujui ketentuan pinjaman",
    P.SET_QUOTA: "Menetapkan kuota bank",
    P.KEEP_BACKUPS: "Melihat cadangan dan memintanya; isinya tidak",
    P.SEE_PRIVACY: "Melihat pelindungan data: kegiatan, masa simpan, insiden",
    P.KEEP_INCIDENTS: "Mencatat insiden data pribadi dan penanganannya",
    P.EXPORT_SUBJECT: "Mengunduh riwayat data seseorang, dengan alasan",
    P.REQUEST_PSEUDONYM: "Mengusulkan penyamaran data yang lewat masa simpan",
    P.APPROVE_PSEUDONYM: "Menyetujui penyamaran data dan masa simpan",
}


def may(role: Role, permission: Permission) -> bool:
    return permission in ROLE_PERMISSIONS[role]
