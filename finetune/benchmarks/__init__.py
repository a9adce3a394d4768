"""Benchmarks: how fast and how frugal scoring is beside the plain ways, and how real models fare in a duel.

No rule depends on them.
"""
