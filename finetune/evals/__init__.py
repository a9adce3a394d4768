"""Scoring: loss methods, one a file, on models loaded from verified folders."""
