"""The check of a connection that people may run before they join, and its result."""
