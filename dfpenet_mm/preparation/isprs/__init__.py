"""Data sets of ISPRS, prepared from their downloads."""
