"""What this kind of file, its statuses and its problems are called."""

from __future__ import annotations

from wibawa.uploads.kinds import Kind

STATUS_WORDS = {
    "reading": ("Sedang diperiksa", "waiting"),
    "faulty": ("Perlu diperbaiki", "danger"),
    "clean": ("Siap diajukan", "info"),
    "submitted": ("Menunggu dibukukan", "waiting"),
    "posted": ("Dibukukan", "success"),
    "withdrawn": ("Ditarik", "neutral"),
}
CODE_WORDS = {
    "account_missing": "Rekening kosong",
    "account_unknown": "Rekening tidak dikenal",
    "account_unreadable": "Rekening tidak terbaca",
    "amount_has_sen": "Jumlah memakai sen",
    "amount_missing": "Jumlah kosong",
    "amount_not_positive": "Jumlah tidak positif",
    "amount_unreadable": "Jumlah tidak terbaca",
    "balance_differs": "Sisa pokok berbeda",
    "class_differs": "Kolektibilitas berbeda",
    "collectibility_unreadable": "Kolektibilitas diabaikan",
    "date_before_disbursement": "Sebelum pencairan",
    "date_in_future": "Tanggal di masa depan",
    "date_missing": "Tanggal kosong",
    "date_unreadable": "Tanggal tidak terbaca",
    "days_past_due_unreadable": "Hari tunggakan diabaikan",
    "exceeds_outstanding": "Melebihi sisa tagihan",
    "loan_closed": "Pinjaman sudah lunas",
    "month_closed": "Bulan sudah ditutup",
    "name_differs": "Nama berbeda",
    "no_rows": "Tanpa pembayaran",
    "parts_differ": "Rincian tidak cocok",
    "date_before_cut_off": "Sudah dalam data awal",
    "reference_already_posted": "Sudah dibukukan",
    "reference_other_amount": "Nomor bukti, jumlah lain",
    "row_may_be_posted": "Mungkin sudah dibukukan",
    "row_recorded_by_hand": "Sudah dicatat dinas",
    "reference_duplicate": "Nomor bukti ganda",
    "split_differs": "Pokok dan bunga berbeda",
    "reference_unreadable": "Nomor bukti tidak terbaca",
    "row_already_posted": "Sudah dibukukan",
    "row_without_payment": "Baris tanpa pembayaran",
}
REASON_WORDS = {
    "account_unknown": "Rekening tidak dikenal",
    "loan_closed": "Pinjaman sudah lunas",
    "exceeds_outstanding": "Melebihi sisa tagihan",
}
REPAYMENTS = Kind("repayments", STATUS_WORDS, CODE_WORDS)
