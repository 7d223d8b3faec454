"""Coverage-guided fuzzing of the parsers of untrusted bytes in Python.

``run SECONDS`` looks for new inputs, pytest replays the known ones.
"""
