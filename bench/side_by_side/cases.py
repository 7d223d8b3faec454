"""The cases: options of the load client, and figures to compare."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

# The load client's report on one run.
Report = Mapping[str, Any]


@dataclass(frozen=True)
class Figure:
    """One figure of a run.

    ``ratio``: theirs divided by ours ("less is better"), or ours by theirs ("more is better").
    """

    title: str
    read: Callable[[Report], float | None]
    ratio: str = ""
    digits: int = 2


@dataclass(frozen=True)
class Case:
    name: str
    title: str
    arguments: Sequence[str]
    figures: Sequence[Figure]
    # Arguments for some servers only, because these lack a feature; the page says so.
    differences: Mapping[str, Sequence[str]] = field(default_factory=dict)
    note: str = ""
    # Servers that cannot run this case; the note says why.
    without: Sequence[str] = ()
    # Sizes to try in order until one fails, with the option that sets the size.
    sizes: tuple[str, Sequence[int]] | None = None


def _window(name: str) -> Callable[[Report], float | None]:
    return lambda report: report["window"][name]


def _latency(name: str) -> Callable[[Report], float | None]:
    return lambda report: report["window"]["latency_ms"][name]


COST = Figure("CPU-s per million packets", _window("server_cpu_s_per_million"), "less")
_RATE = Figure("packets/s", _window("packets_per_second"), digits=0)
_CORE = Figure("server, % of a core", _window("server_core_percent"), digits=0)
_DELIVERED = Figure("delivered %", _window("delivered_percent"), digits=3)
_P50 = Figure("latency p50 ms", _latency("p50"))
_P99 = Figure("latency p99 ms", _latency("p99"))
_MEMORY = Figure("memory MB", _window("server_resident_mb"), digits=0)
_CLIENT = Figure("load client µs/packet", _window("client_us_per_packet"))
_STEADY = (COST, _CORE, _RATE, _DELIVERED, _P50, _P99, _MEMORY, _CLIENT)

_JOINS = (
    Figure("to first media p50 ms", lambda report: report["join_ms"]["p50"], "less", 0),
    Figure("p95 ms", lambda report: report["join_ms"]["p95"], "less", 0),
    Figure("p99 ms", lambda report: report["join_ms"]["p99"], "less", 0),
    Figure(
        "CPU ms per join", lambda report: report["storm"]["server_cpu_s"] * 1000 / report["join_ms"]["joins"], "less", 0
    ),
)

_FAN_OUT = ["fanout-video", "--publishers", "10", "--pps", "100", "--bytes", "1100", "--subscribers", "30"]
_PEOPLE = (25, 50, 75, 100, 150, 200, 250)
# The peers forward every microphone; and Janus is spared the upper layers, which it would only
# throw away.
_VOICES = {"janus": ["--microphones", "3", "--layers", "1"], "livekit": ["--microphones", "3"]}
_VOICES_NOTE = (
    "Publishers send three simulcast layers and a microphone each, and three of them speak. The peers\n"
    "forward every microphone they are given, so with them only the three speakers have one; Moothall\n"
    "is given all 25 and forwards the three loudest. Janus gets the smallest layer only. A size counts\n"
    "while p99 stays below 50 ms."
)

CASES = {
    case.name: case
    for case in (
        Case(
            "fanout-video",
            "Video fan-out: 10 publishers × 100 packets/s × 1,100 bytes to 30 subscribers",
            _FAN_OUT,
            _STEADY,
        ),
        Case(
            "latency",
            "Latency of the video fan-out, by the kernel's arrival times",
            [*_FAN_OUT, "--timestamps"],
            (
                Figure("p50 ms", _latency("p50"), "less", 3),
                Figure("p99 ms", _latency("p99"), "less", 3),
                Figure("max ms", _latency("max"), digits=1),
                _DELIVERED,
            ),
        ),
        Case(
            "fanout-audio",
            "Audio fan-out: 10 publishers × 50 packets/s × 120 bytes to 100 subscribers",
            ["fanout-audio", "--publishers", "10", "--pps", "50", "--bytes", "120", "--subscribers", "100"],
            _STEADY,
        ),
        Case(
            "room",
            "The room: everybody sees 25 cameras at 180p and hears the three loudest voices; the most people one core carries",
            ["room", "--cameras", "25"],
            (Figure("people", lambda report: report["window"]["subscribers"], "more", 0), *_STEADY),
            _VOICES,
            _VOICES_NOTE,
            sizes=("--people", _PEOPLE),
        ),
        Case(
            "room-250",
            "The room of 250: everybody sees 25 cameras at 180p and hears the three loudest voices",
            ["room", "--cameras", "25", "--people", "250"],
            _STEADY,
        ),
        Case(
            "room-speaker",
            "The room in speaker layout: one camera at 720p, 24 at 180p, three voices; the most people one core carries",
            ["room-speaker", "--cameras", "25"],
            (Figure("people", lambda report: report["window"]["subscribers"], "more", 0), *_STEADY),
            {"livekit": ["--microphones", "3"]},
            "Janus is left out: it cannot choose a layer by the size that a subscriber asks for.",
            without=("janus",),
            sizes=("--people", _PEOPLE),
        ),
        Case(
            "capacity",
            "Capacity: 10 publishers × 100 packets/s × 1,100 bytes; subscribers join until 0.1 % is lost or p99 exceeds 50 ms",
            [
                "capacity",
                "--publishers",
                "10",
                "--pps",
                "100",
                "--bytes",
                "1100",
                "--subscribers",
                "20",
                "--step",
                "10",
            ],
            (Figure("subscribers held", lambda report: report["held_subscribers"], "more", 0),),
        ),
        Case(
            "join-storm",
            "Join storm: 225 people join within 4.5 s a room with 25 publishers of 20 packets/s × 900 bytes",
            ["join-storm", "--publishers", "25", "--subscribers", "225", "--storm-rate", "50"],
            _JOINS,
        ),
        Case(
            "join-storm-small",
            "Join storm, small: 50 people join within 1 s a room with 10 publishers of 20 packets/s × 900 bytes",
            ["join-storm", "--publishers", "10", "--subscribers", "50", "--storm-rate", "50"],
            _JOINS,
        ),
    )
}
