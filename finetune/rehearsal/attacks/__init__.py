"""Scripted attackers of a rehearsal: what cheats try on chain and hub, each a frozen value in `registry.ATTACKS`."""
