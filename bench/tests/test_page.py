"""The page written from saved figures."""

from pathlib import Path

import pytest

from side_by_side import page


def report(cost: float, rejected: tuple[str, ...] = ()) -> dict:
    window = {
        "server_cpu_s_per_million": cost, "server_core_percent": 20.0, "packets_per_second": 30000.0, "delivered_percent": 100.0,
        "latency_ms": {"p50": 1.0, "p99": 2.0}, "server_resident_mb": 50.0, "client_us_per_packet": 0.8,
    }  # fmt: skip
    return {
        "window": window,
        "rejected": list(rejected),
        "srtp_profiles": ["SRTP_AEAD_AES_128_GCM"],
        "load_average": 1.0,
    }


def record(**reports: list) -> dict:
    return {
        "date": "2026-01-01",
        "machine": "a machine",
        "command": "bench/run",
        "versions": {name: name.title() for name in reports},
        "reports": reports,
    }


def test_ratios_are_pairwise_and_ours_comes_first():
    text = page.section("fanout-video", record(janus=[report(9.0), report(8.0)], moothall=[report(3.0), report(2.0)]))

    assert text.index("| Moothall |") < text.index("| Janus |")
    assert "CPU-s per million packets: 3.50 times as good as Janus (pairwise, 3.00–4.00)" in text
    assert "| Moothall | 2 of 2 | 2.50 (2.00–3.00) |" in text


def test_a_rejected_run_is_named_and_not_counted():
    text = page.section(
        "fanout-video",
        record(moothall=[report(3.0), report(1.0, ("delivered 98 %",))], janus=[report(9.0), report(9.0)]),
    )

    assert "| Moothall | 1 of 2 | 3.00 |" in text
    assert "* Moothall, rejected: delivered 98 %" in text
    assert "3.00 times as good as Janus (pairwise, 3.00–3.00)" in text


def test_a_server_without_a_run_that_counts_has_no_figures():
    text = page.section("fanout-video", record(moothall=[{"rejected": ["the load client failed"]}]))

    assert "| Moothall | 0 of 1 | – |" in text


def test_a_run_against_an_earlier_commit_has_a_section_of_its_own_with_pairwise_ratios(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(page, "FIGURES", tmp_path)
    page.keep("fanout-video", record(moothall=[report(3.0)], janus=[report(9.0)]))
    page.keep("fanout-video", record(moothall=[report(4.0)], before=[report(5.0)]), paired=True)

    page.write(tmp_path / "page.md")

    peers, earlier = (tmp_path / "page.md").read_text().split("against an earlier commit")
    assert "3.00 times as good as Janus" in peers
    assert "1.25 times as good as Before" in earlier
