"""Sessions: meetings in a room, from the first join to the last leave, and who attended."""
