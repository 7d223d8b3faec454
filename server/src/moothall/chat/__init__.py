"""Chat: what was written in a session, as stored and as applications read it."""
