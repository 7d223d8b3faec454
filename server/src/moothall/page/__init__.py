"""The meeting page: its files, its security headers and its calls (docs/page-api.md)."""
