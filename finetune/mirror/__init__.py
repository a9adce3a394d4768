"""The mirror: rounds on wandb, for whoever looks there. A process apart: no fault of wandb reaches a round."""
