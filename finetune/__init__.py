"""The work of the subnet: chain, hub, streams, evals, validating, mining and the board. The rules are in `competitions`."""
