"""Making somebody a host, for the session that goes on."""
