"""Logic puzzles, one kind a file: how one is drawn, and how one is solved from its text alone."""
