"""Coverage-guided fuzzing of what reads strangers' bytes in Python: ``run SECONDS`` looks for new inputs, pytest replays the known ones."""
