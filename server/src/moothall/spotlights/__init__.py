"""The spotlight: people whom a host shows to everybody in the first place."""
