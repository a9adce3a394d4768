"""The mirror: rounds on wandb, reports on a hub, for whoever looks there. Processes apart: no fault reaches a round."""
