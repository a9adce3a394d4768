"""The board: one HTML page made from the signed reports of validators and the chain's own figures."""
