"""Checks of reports, for anybody: one alone, with those before it, against chain and hub, or two side by side."""
