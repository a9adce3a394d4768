"""The rules of the game on made-up losses: what they cost, how often they err, beside the two classic rules."""
