"""Benchmarks: how fast and how frugal scoring is, beside the plain ways to do the same. No rule depends on them."""
