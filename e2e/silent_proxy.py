"""A TCP proxy in front of the server that can fall silent, as a network that died without a word.

Connections that are open when it falls silent stay open and carry nothing; later ones work.
"""

import contextlib
import socket
import threading


class SilentProxy:
    """Forwards ``localhost`` connections to ``port``; ``url`` is where it listens."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._silenced: set[socket.socket] = set()
        self._open: set[socket.socket] = set()
        self._lock = threading.Lock()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://localhost:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._accept, daemon=True).start()

    def silence_open_connections(self) -> int:
        """From now on nothing passes on the open connections. Returns how many there are."""
        with self._lock:
            self._silenced |= self._open
            return len(self._open)

    def close(self) -> None:
        self._listener.close()
        with self._lock:
            sockets = list(self._open)
        for each in sockets:
            each.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _address = self._listener.accept()
                server = socket.create_connection(self._target)
                with self._lock:
                    self._open |= {client, server}
                for source, sink in ((client, server), (server, client)):
                    threading.Thread(target=self._carry, args=(source, sink), daemon=True).start()

    def _carry(self, source: socket.socket, sink: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65_536):
                if source not in self._silenced:
                    sink.sendall(data)
        if source in self._silenced:
            return
        with self._lock:
            self._open -= {source, sink}
        for each in (source, sink):
            each.close()
