"""What the stream `subnet_feed` stands on: wandb's API, the judgement of its runs and rows, and a cache on disk."""
