"""The LiveKit wire protocol: what unmodified LiveKit clients speak with this server (docs/protocol.md)."""
