"""The unmodified integration tests of LiveKit's Go SDK against our engine (make test-go-sdk).

They need Go, minutes to build, and port 7880, which is written into them: they run only where
GO_SDK is set. Each runs in a process of its own, because a panic would end the others.
"""

import asyncio
import os
import re
from pathlib import Path

import pytest
from conftest import API_KEY, API_SECRET, REPOSITORY, serving

_MODULE = REPOSITORY / "compat/go"
_PACKAGE = "github.com/livekit/server-sdk-go/v2"
_PORT = 7880
_SECONDS = 90
# The number seen to pass with the SDK in compat/go/go.mod. The source is searched for tests, and a
# search that finds fewer is wrong.
_LEAST = 13
# TestForceTLS expects a path over a TURN server, which neither the test nor the SFU brings along.
_NEEDS_RELAY = frozenset({"TestForceTLS"})


async def _run(*command: str | Path, seconds: float, **variables: str) -> tuple[int, str]:
    process = await asyncio.create_subprocess_exec(
        *command,
        cwd=_MODULE,
        env={**os.environ, **variables},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    try:
        async with asyncio.timeout(seconds):
            output, _ = await process.communicate()
    except TimeoutError:
        process.kill()
        await process.wait()
        return -1, f"not done after {seconds} s"
    return process.returncode or 0, output.decode(errors="replace")


@pytest.mark.skipif(not os.environ.get("GO_SDK"), reason="make test-go-sdk")
@pytest.mark.timeout(3600)
async def test_integration_tests_of_the_go_sdk_pass(tmp_path: Path) -> None:
    binary = tmp_path / "sdk.test"
    code, output = await _run("go", "test", "-c", "-o", binary, _PACKAGE, seconds=1800)
    assert code == 0, output
    code, source = await _run("go", "list", "-f", "{{.Dir}}", _PACKAGE, seconds=60)
    assert code == 0, source
    tests = re.findall(r"^func (Test\w+)\(t ", (Path(source.strip()) / "integration_test.go").read_text(), re.MULTILINE)
    passed: set[str] = set()
    for name in tests:
        # A server of its own, so that no test depends on another.
        async with serving(_PORT):
            code, output = await _run(
                binary, f"-test.run=^{name}$", "-test.v", seconds=_SECONDS, LIVEKIT_KEYS=f"{API_KEY}: {API_SECRET}"
            )
        if code == 0 and f"--- PASS: {name}" in output:
            passed.add(name)
        else:
            print(f"{name}:\n{output[-3000:]}")  # noqa: T201 - the target prints why
    print(f"{len(passed)} of {len(tests)} passed; failed: {sorted(set(tests) - passed)}")  # noqa: T201 - as above
    assert set(tests) - passed <= _NEEDS_RELAY
    assert len(passed) >= _LEAST
