"""The two processes of the network."""
