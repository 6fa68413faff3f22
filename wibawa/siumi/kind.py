"""What this kind of file, its statuses and its problems are called."""

from __future__ import annotations

from wibawa.uploads.kinds import Kind

STATUS_WORDS = {
    "reading": ("Sedang diperiksa", "waiting"),
    "faulty": ("Perlu diperbaiki", "danger"),
    "clean": ("Siap diterapkan", "info"),
    "posted": ("Diterapkan", "success"),
    "withdrawn": ("Ditarik", "neutral"),
}
CODE_WORDS = {
    "birth_date_in_future": "Lahir sesudah hari ini",
    "business_start_in_future": "Usaha sesudah hari ini",
    "date_unreadable": "Tanggal tidak terbaca",
    "kelurahan_ambiguous": "Kelurahan bernama sama",
    "kelurahan_missing": "Kelurahan kosong",
    "kelurahan_unknown": "Kelurahan tidak dikenal",
    "name_missing": "Nama kosong",
    "nib_unreadable": "NIB tidak terbaca",
    "nik_birth_date_differs": "Lahir beda dengan NIK",
    "nik_birth_date_impossible": "NIK tidak mungkin",
    "nik_in_text": "NIK di kolom lain",
    "nik_missing": "NIK kosong",
    "nik_not_semarang": "NIK luar Semarang",
    "nik_repeated": "Baris kembar",
    "nik_repeated_differs": "NIK ganda, isi berbeda",
    "nik_sex_differs": "Kelamin beda dengan NIK",
    "nik_unreadable": "NIK tidak terbaca",
    "person_alike": "Mungkin orang yang sama",
    "phone_unreadable": "Telepon tidak terbaca",
    "record_merged": "Catatan sudah digabung",
    "rename_unconfirmed": "Ganti nama peminjam",
    "sector_new": "Bidang usaha baru",
    "sex_unknown": "Jenis kelamin tidak dikenal",
    "text_too_long": "Teks terlalu panjang",
    "text_unreadable": "Teks tidak terbaca",
    "too_young": "Di bawah umur",
}
SAID = {
    "faulty": "masih bermasalah",
    "clean": "belum diterapkan",
    "posted": "sudah diterapkan",
    "withdrawn": "sudah ditarik",
}
REGISTER = Kind("register", STATUS_WORDS, CODE_WORDS, SAID)
