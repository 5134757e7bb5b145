"""One guest, as both workers know them."""
