"""Where the Meetings API lives."""

API_PREFIX = "/v1/meetings"
# Addresses that older snippets use.
OLD_API_PREFIXES = ("/meetings", "/beta/meetings")
