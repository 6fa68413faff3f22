"""Wibawa, the loan management system of Kredit Wibawa, City of Semarang."""
