"""The register of processing activities: what the office does with personal data, as plain data.

It describes this program; what the office alone knows (its officer, its contracts) it adds to the
exported file.
"""

from __future__ import annotations

from typing import NamedTuple


class Activity(NamedTuple):
    """One purpose for which personal data is processed (UU 27/2022, pasal 31)."""

    name: str
    purpose: str
    basis: str
    people: str
    data: str
    source: str
    receivers: str
    kept: str
    guarded: str


HEADINGS = (
    "Kegiatan", "Tujuan", "Dasar pemrosesan", "Subjek data", "Data", "Asal", "Penerima",
    "Masa simpan", "Pengamanan",
)  # fmt: skip
DUTY = "Tugas dalam rangka kepentingan umum dan pelayanan publik (pasal 20 ayat 2 huruf e)"
CONTRACT = "Permintaan pemohon sebelum perjanjian (pasal 20 ayat 2 huruf b)"
SEALED = "NIK, telepon, dan alamat disegel per nilai; NIK hanya tampil dengan alasan dan tercatat"
RETENTION = "Sesuai ketentuan masa simpan, lalu disamarkan oleh dua orang"
ACTIVITIES = (
    Activity(
        "Permohonan pinjaman",
        "Menerima, memeriksa, dan merekomendasikan permohonan Kredit Wibawa",
        CONTRACT,
        "Pemohon usaha mikro; ketua koperasi",
        "Nama, NIK, jenis kelamin, tanggal lahir, alamat, telepon, usaha, agunan, hasil kunjungan",
        "Pemohon sendiri di loket",
        "Bank penyalur yang dipilih",
        RETENTION,
        SEALED,
    ),
    Activity(
        "Dokumen pemohon",
        "Membuktikan syarat permohonan dan perubahan pinjaman",
        CONTRACT,
        "Pemohon dan peminjam",
        "Pindaian KTP, kartu keluarga, surat usaha, foto kunjungan",
        "Pemohon; petugas saat kunjungan",
        "Bank penyalur, selama permohonannya terbuka",
        RETENTION,
        "Setiap pindaian disegel; pembukaan tercatat",
    ),
    Activity(
        "Register usaha mikro (SI-UMI)",
        "Mengenali pelaku usaha mikro dan menghitung indikator",
        DUTY,
        "Pelaku usaha mikro Kota Semarang",
        "Nama, NIK, alamat, telepon, usaha",
        "Berkas SI-UMI",
        "Tidak ada",
        RETENTION,
        f"{SEALED}; berkas asli disegel",
    ),
    Activity(
        "Pinjaman, angsuran, dan rekonsiliasi",
        "Mencatat pencairan dan angsuran serta mencocokkannya dengan bank",
        DUTY,
        "Peminjam",
        "Nama, nomor rekening dan perjanjian, jumlah uang, kolektibilitas",
        "Berkas bank penyalur; petugas",
        "Bank penyalur",
        "Jurnal dan angka disimpan seterusnya; identitasnya disamarkan setelah masa simpan",
        "Jurnal tidak dapat diubah; berkas bank disegel",
    ),
    Activity(
        "Penagihan dan surat peringatan",
        "Mengingatkan peminjam yang menunggak",
        DUTY,
        "Peminjam yang menunggak",
        "Nama, alamat, telepon, catatan penagihan, janji bayar",
        "Petugas dinas",
        "Peminjam sendiri",
        RETENTION,
        "Catatan penagihan dan isi surat disegel",
    ),
    Activity(
        "Laporan, indikator, dan data terbuka",
        "Mempertanggungjawabkan program",
        DUTY,
        "Peminjam",
        "Jumlah menurut jenis kelamin, tempat, dan bidang usaha; tanpa nama",
        "Buku aplikasi ini",
        "Pimpinan, auditor, umum (hanya angka, sel kecil disembunyikan)",
        "Seterusnya",
        "Pimpinan tidak melihat data pribadi; auditor melihatnya tersamar",
    ),
    Activity(
        "Pengguna dan jejak kegiatan",
        "Mengetahui siapa melakukan apa",
        "Kewajiban hukum pengendali data (pasal 20 ayat 2 huruf c)",
        "Petugas dinas dan bank",
        "Nama, peran, waktu, alamat jaringan, perbuatan",
        "Aplikasi ini",
        "Auditor, administrator",
        "Seterusnya",
        "Jejak tidak dapat diubah atau dihapus",
    ),
    Activity(
        "Catatan teknis peladen",
        "Menjaga layanan dan menelusuri gangguan",
        "Kewajiban hukum pengendali data (pasal 35 dan 39)",
        "Siapa pun yang membuka aplikasi",
        "Alamat jaringan, waktu, halaman tanpa isi pencarian",
        "Proksi dan aplikasi ini",
        "Pengelola peladen",
        "90 hari",
        "NIK dan telepon disamarkan; isi pencarian tidak dicatat",
    ),
)
