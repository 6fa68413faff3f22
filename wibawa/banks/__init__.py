"""The channel banks, the dated settings of the product, and the city's kecamatan and kelurahan."""
