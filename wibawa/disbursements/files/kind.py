"""What this kind of file, its statuses and its problems are called."""

from __future__ import annotations

from wibawa.uploads.kinds import Kind

STATUS_WORDS = {
    "faulty": ("Perlu diperbaiki", "danger"),
    "clean": ("Siap diajukan", "info"),
    "submitted": ("Menunggu persetujuan", "waiting"),
    "posted": ("Dicairkan", "success"),
    "withdrawn": ("Ditarik", "neutral"),
}
CODE_WORDS = {
    "above_approved": "Melebihi yang disetujui",
    "account_duplicate": "Rekening ganda",
    "account_missing": "Rekening kosong",
    "account_taken": "Rekening sudah dipakai",
    "account_unreadable": "Rekening tidak terbaca",
    "agreement_after_disbursement": "Perjanjian sesudah cair",
    "agreement_missing": "Nomor perjanjian kosong",
    "agreement_repeated": "Nomor perjanjian berulang",
    "agreement_too_long": "Nomor perjanjian panjang",
    "already_disbursed": "Sudah dicairkan",
    "already_recorded": "Sudah dicatat",
    "amount_has_sen": "Jumlah memakai sen",
    "amount_missing": "Jumlah kosong",
    "amount_unreadable": "Jumlah tidak terbaca",
    "application_duplicate": "Permohonan ganda",
    "application_not_approved": "Belum disetujui bank",
    "application_unknown": "Permohonan tidak dikenal",
    "above_ceiling": "Melebihi plafon tertinggi",
    "borrower_not_eligible": "Syarat peminjam",
    "date_before_programme": "Sebelum ketentuan pertama",
    "date_before_sending": "Sebelum dikirim ke bank",
    "date_in_future": "Tanggal di masa depan",
    "date_missing": "Tanggal kosong",
    "date_unreadable": "Tanggal tidak terbaca",
    "loan_running": "Pinjaman belum lunas",
    "loan_of_same_person": "NIK sama, belum lunas",
    "disbursement_waiting": "Pencairan lain menunggu",
    "disbursement_of_same_person": "NIK sama, menunggu",
    "maturity_differs": "Jatuh tempo tidak cocok",
    "name_differs": "Nama berbeda",
    "nothing_to_pay_out": "Tidak ada pencairan",
    "number_missing": "Nomor kosong",
    "number_unreadable": "Nomor tidak terbaca",
    "principal_not_positive": "Jumlah tidak positif",
}
SAID = {
    "faulty": "masih bermasalah",
    "clean": "belum diajukan",
    "submitted": "sudah diajukan",
    "posted": "sudah dicairkan",
    "withdrawn": "sudah ditarik",
}
DISBURSEMENTS = Kind("disbursements", STATUS_WORDS, CODE_WORDS, SAID)
