"""A server where it can hardly work: without a log or a certificate, on a full disk."""

import resource
import signal
import socket
import subprocess
import time
from pathlib import Path

import httpx2
import pytest
from support.process import MOOTHALL, run_command


def _is_ready(origin: str) -> bool:
    try:
        return httpx2.get(f"{origin}/readyz").status_code == 200
    except httpx2.TransportError:
        return False


@pytest.mark.parametrize("stderr", ["/dev/full", None], ids=["full", "closed"])
def test_a_server_whose_log_cannot_be_written_goes_on(tmp_path: Path, stderr: str | None) -> None:
    with socket.create_server(("127.0.0.1", 0)) as found:
        port = found.getsockname()[1]
    origin = f"http://127.0.0.1:{port}"
    options = f"serve --host 127.0.0.1 --port {port} --udp-ports 0 --tcp-port 0 --data-dir {tmp_path}"
    redirection = "2>&-" if stderr is None else f"2>{stderr}"
    process = subprocess.Popen(["sh", "-c", f"exec {MOOTHALL} {options} {redirection}"])  # noqa: S603, S607 - ours
    try:
        deadline = time.monotonic() + 180
        while not _is_ready(origin):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.1)
        # Each request is a line of the log.
        assert all(_is_ready(origin) for _ in range(20))
        # There is no certificate to reload.
        process.send_signal(signal.SIGHUP)
        assert all(_is_ready(origin) for _ in range(20))
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    finally:
        process.kill()
        process.wait(30)


def test_a_media_port_in_use_ends_the_start_with_the_options_that_change_it(tmp_path: Path) -> None:
    with socket.create_server(("", 0)) as taken:
        port = str(taken.getsockname()[1])
        options = ("--port", "0", "--udp-ports", "0", "--tcp-port", port, "--data-dir", str(tmp_path))
        refused = run_command("serve", *options, check=False)

    assert refused.returncode == 1
    assert port in refused.stderr
    assert "--udp-ports and --tcp-port" in refused.stderr


@pytest.mark.parametrize("largest", [0, 16 * 1024])
def test_a_full_data_directory_ends_the_start_with_a_sentence(tmp_path: Path, largest: int) -> None:
    def fill() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))

    done = subprocess.run(  # noqa: S603 - our own program; no threads run here
        [str(MOOTHALL), "serve", "--port", "0", "--udp-ports", "0", "--tcp-port", "0", "--data-dir", str(tmp_path)],
        preexec_fn=fill,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_a_data_directory_that_cannot_be_written_ends_the_start_with_a_sentence() -> None:
    done = subprocess.run(  # noqa: S603 - our own program
        [str(MOOTHALL), "serve", "--port", "0", "--data-dir", "/proc/moothall"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr.splitlines() == ["/proc/moothall: No such file or directory"]
