"""The HTTP port, with limits on requests, their speed, and connections that wait for clients."""
