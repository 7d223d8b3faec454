"""Domains that may embed rooms: how they are written, and which origins they stand for."""

import pytest

from moothall.applications.domains import LOOPBACK_SOURCES, is_listed, parse_domain


@pytest.mark.parametrize(
    ("text", "domain"),
    [
        ("https://app.example", "https://app.example"),
        ("HTTPS://App.Example:443", "https://app.example"),
        ("https://app.example:8443", "https://app.example:8443"),
        ("https://*.app.example", "https://*.app.example"),
        ("https://*.app.example:8443", "https://*.app.example:8443"),
        ("https://bücher.example", "https://xn--bcher-kva.example"),
        ("https://*.bücher.example", "https://*.xn--bcher-kva.example"),
        ("http://localhost:5173", "http://localhost:5173"),
        ("http://127.0.0.1:80", "http://127.0.0.1"),
        ("https://intranet", "https://intranet"),
    ],
)
def test_domains_are_kept_in_one_form(text: str, domain: str) -> None:
    assert parse_domain(text) == domain


@pytest.mark.parametrize(
    "text",
    [
        "", "*", "app.example", "https://", "https://*", "https://*.example", "https://*.*.app.example", "https://a.*.example",
        "https://app.*", "http://app.example", "http://*.localhost", "https://app.example/", "https://app.example/room",
        "https://app.example; script-src *", "https://app.example https://b.example", "https://a\n.example", "'self'",
        "https://app.example:0", "https://app.example:99999", "https://app.example:*", "https://user@app.example",
        "https://-app.example", "https://app_.example", "https://[::1]", "data:", "null", f"https://{'a.' * 130}example",
    ],
)  # fmt: skip
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be such as"):
        parse_domain(text)


@pytest.mark.parametrize(
    ("origin", "source", "expected"),
    [
        ("https://app.example", "https://app.example", True),
        ("https://app.example:8443", "https://app.example", False),
        ("http://app.example", "https://app.example", False),
        ("https://app.example.evil", "https://app.example", False),
        ("https://a.app.example", "https://*.app.example", True),
        ("https://a.b.app.example", "https://*.app.example", True),
        ("https://app.example", "https://*.app.example", False),
        ("https://evilapp.example", "https://*.app.example", False),
        ("https://a.app.example:8443", "https://*.app.example", False),
        ("https://a.app.example:8443", "https://*.app.example:8443", True),
        ("http://localhost:5173", LOOPBACK_SOURCES[0], True),
        ("http://localhost.evil:5173", LOOPBACK_SOURCES[0], False),
        ("http://127.0.0.1", LOOPBACK_SOURCES[1], True),
    ],
)
def test_an_origin_is_listed_as_a_browser_reads_it(origin: str, source: str, *, expected: bool) -> None:
    assert is_listed(origin, [source]) is expected
