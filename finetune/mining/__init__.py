"""A miner: base models, training, and publishing a submission."""
