"""Word problems: units, sentences, worked lines, and how a story is told and read."""
