"""LiveKit's protocol as every engine speaks it.

Messages and their codec, access tokens, the server API and webhooks.
"""
