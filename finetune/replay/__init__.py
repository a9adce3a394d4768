"""Rounds that a validator has reported, judged again under other rules. Nothing is scored and nothing is sent."""
