"""Streams of fresh samples: one file a source, drawn by seed."""
