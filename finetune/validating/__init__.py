"""A validator: the stages of a round, its memory, and the loop that plays one round after the other."""
