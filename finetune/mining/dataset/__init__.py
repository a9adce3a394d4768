"""Training data of a miner's own: JSON Lines into samples, and what is wrong with them, before training begins."""
