"""Chat: the messages of a session, as stored and as applications read them."""
