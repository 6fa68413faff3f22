"""What this kind of file, its statuses and its problems are called."""

from __future__ import annotations

from wibawa.uploads.kinds import Kind

STATUS_WORDS = {
    "faulty": ("Perlu diperbaiki", "danger"),
    "clean": ("Siap dikirim", "info"),
    "submitted": ("Siap dikirim", "info"),  # this kind goes from clean to posted at once
    "posted": ("Keputusan dikirim", "success"),
    "withdrawn": ("Ditarik", "neutral"),
}
CODE_WORDS = {
    "above_asked": "Melebihi yang diminta",
    "already_decided": "Sudah diputuskan lain",
    "already_decided_same": "Sudah diputuskan",
    "amount_has_sen": "Jumlah memakai sen",
    "amount_missing": "Jumlah kosong",
    "amount_not_positive": "Jumlah tidak positif",
    "amount_of_refusal": "Jumlah pada penolakan",
    "amount_unreadable": "Jumlah tidak terbaca",
    "application_duplicate": "Permohonan ganda",
    "application_unknown": "Permohonan tidak dikenal",
    "application_withdrawn": "Permohonan dibatalkan",
    "decision_missing": "Keputusan kosong",
    "decision_unknown": "Keputusan tidak dikenal",
    "name_differs": "Nama berbeda",
    "note_too_long": "Penjelasan terlalu panjang",
    "nothing_to_send": "Tidak ada yang dikirim",
    "number_missing": "Nomor kosong",
    "number_unreadable": "Nomor tidak terbaca",
    "reason_missing": "Alasan kosong",
    "reason_needs_text": "Alasan tanpa penjelasan",
    "reason_unknown": "Alasan tidak dikenal",
    "unanswered": "Belum dijawab",
}
SAID = {
    "faulty": "masih bermasalah",
    "clean": "belum dikirim",
    "submitted": "belum dikirim",
    "posted": "sudah dikirim keputusannya",
    "withdrawn": "sudah ditarik",
}
DECISIONS = Kind("decisions", STATUS_WORDS, CODE_WORDS, SAID)
