"""Rules that a reply can be told to keep: how each is worded, checked and drawn."""
