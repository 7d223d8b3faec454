"""A meeting while it runs: who may enter, who may end it, and what a join or a leave changes."""
