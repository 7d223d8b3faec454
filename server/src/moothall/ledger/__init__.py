"""The ledger: what is billed, written in the transaction that ends a stay or a recording."""
