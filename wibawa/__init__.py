"""Wibawa, the loan management system of Kredit Wibawa, City of Semarang."""

VERSION = "0.1.0"
