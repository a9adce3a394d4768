"""The rules of the game: frozen values and pure functions. No chain, no hub, no torch, no clock in here."""
