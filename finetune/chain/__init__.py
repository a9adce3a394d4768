"""The chain as the subnet needs it: the `Chain` port and its values, the local chain, and Yuma Consensus."""
