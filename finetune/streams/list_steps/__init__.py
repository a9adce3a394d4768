"""Operations on lists and strings: what one is, and which there are."""
