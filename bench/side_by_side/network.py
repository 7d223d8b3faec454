"""A virtual network on this machine, with the load client in its own namespace.

Loopback is not sufficient: Janus ignores it and binds its sockets to the interface.
"""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

NAMESPACE = "moothall-bench"
SERVER_ADDRESS = "10.99.0.1"
CLIENT_BASE = "10.99.128.0"
_CLIENT_ADDRESS = "10.99.0.2"
_CLIENT_BLOCK = f"{CLIENT_BASE}/17"
_NEAR, _FAR = "mhbench0", "mhbench1"

# With the kernel's default buffers, servers that do not set their own would drop packets.
_BUFFERS = {"rmem_max": 33_554_432, "wmem_max": 33_554_432, "rmem_default": 4_194_304, "wmem_default": 4_194_304}


@contextmanager
def network() -> Iterator[list[str]]:
    """Set the network up and tear it down; yields the command prefix for the client's namespace.

    Raises subprocess.CalledProcessError without the right to do so (root).
    """
    before = {name: _buffer(name).read_text() for name in _BUFFERS}
    _remove()
    try:
        _ip(f"netns add {NAMESPACE}")
        _ip(f"link add {_NEAR} type veth peer name {_FAR} netns {NAMESPACE}")
        _ip(f"addr add {SERVER_ADDRESS}/24 dev {_NEAR}")
        _ip(f"link set {_NEAR} up")
        inside = f"-n {NAMESPACE}"
        _ip(f"{inside} addr add {_CLIENT_ADDRESS}/24 dev {_FAR}")
        _ip(f"{inside} link set {_FAR} up")
        _ip(f"{inside} link set lo up")
        # All addresses of the block belong to the client and share one route.
        _ip(f"{inside} route add local {_CLIENT_BLOCK} dev lo")
        _ip(f"route add {_CLIENT_BLOCK} via {_CLIENT_ADDRESS} dev {_NEAR}")
        for name, value in _BUFFERS.items():
            _buffer(name).write_text(str(value))
        yield ["ip", "netns", "exec", NAMESPACE]
    finally:
        for name, text in before.items():
            _buffer(name).write_text(text)
        _remove()


def _buffer(name: str) -> Path:
    return Path("/proc/sys/net/core") / name


def _ip(arguments: str) -> None:
    subprocess.run(["ip", *arguments.split()], check=True)


def _remove() -> None:
    for arguments in (f"link del {_NEAR}", f"netns del {NAMESPACE}"):
        subprocess.run(["ip", *arguments.split()], check=False, stderr=subprocess.DEVNULL)
