"""The work of the subnet: chain, hub, streams, evals, mining, validating and the board. Rules are in `competitions`."""
