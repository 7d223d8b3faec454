"""Sessions: what took place in a room, from the first join to the last leave, and who was there."""
