"""Limits of the HTTP port, which apply to every client before authentication."""

# Request line and headers together. The first message of a LiveKit client on /rtc/v1 is in its
# request line and takes up to 64 kB.
MAX_HEAD_BYTES = 96 * 1024
MAX_HEADERS = 100
# Bytes of the path without the query.
MAX_PATH_BYTES = 8 * 1024
MAX_TRAILER_BYTES = 8 * 1024
# Chunk sizes, chunk extensions and trailers: a fixed number of bytes, plus a multiple of the body.
# A client that sends its body in chunks of a few bytes stays below that.
MAX_FRAMING_BYTES = 16 * 1024
MAX_FRAMING_PER_BODY_BYTE = 8
# Pipelined requests that may queue behind the current one.
MAX_PIPELINED = 16
# Bytes of the remaining body that are read after an early answer, so that the client sees the
# answer instead of a reset connection.
MAX_DISCARDED_BYTES = 1024 * 1024

# Seconds.
TLS_HANDSHAKE_SECONDS = 10.0
HEAD_SECONDS = 10.0
# The time limit for the body: a fixed number of seconds, plus a second per this many bytes
# received.
BODY_SECONDS = 30.0
MIN_BODY_BYTES_PER_SECOND = 4 * 1024
KEEP_ALIVE_SECONDS = 5.0
DISCARD_SECONDS = 5.0
# A client that reads nothing of its answer for this many seconds is considered gone.
WRITE_STALL_SECONDS = 30.0
# Seconds for a refused client that is still sending to read the reason.
LINGER_SECONDS = 2.0
# A closed connection is aborted if its client does not read the rest within this many seconds.
CLOSE_SECONDS = 10.0

# WebSocket frames of any kind, including fragments, pings and pongs. Clients with a write buffer of
# 4 kB send one fragment per 4 kB.
MAX_FRAMES_PER_SECOND = 200.0
MAX_FRAME_BURST = 1_000
MAX_FRAGMENTS = 512

# Connections that wait for their client, as a share of the process's limit on open files.
FILES_PER_WAITING_CONNECTION = 4
MIN_WAITING_CONNECTIONS = 64
MAX_WAITING_CONNECTIONS = 4_096
# One IPv4 address or IPv6 /64 may have one n-th of them.
SHARES = 4
# An upper bound far above any need, because some systems have no limit at all.
MAX_OPEN_FILES = 1_048_576
