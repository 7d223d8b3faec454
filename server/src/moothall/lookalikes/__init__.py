"""Names that could be taken for that of a host."""
