"""Media engines: implementations of ``engine.MediaEngine``."""
