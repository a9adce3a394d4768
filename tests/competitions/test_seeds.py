import hashlib

from competitions.seeds import CONTROL_SEED, draw_seed

BLOCK = bytes(range(32))


def test_the_seed_of_a_draw_is_sha256_over_its_length_delimited_parts() -> None:
    written = b"\0\0\0\0\0\0\0\x20" + BLOCK + b"\0\0\0\0\0\0\0\x012" + b"\0\0\0\0\0\0\0\x01X" + b"\0\0\0\0\0\0\0\x0217"
    assert draw_seed(BLOCK, 2, "X", 17) == hashlib.sha256(written).digest()


def test_parts_that_run_together_to_the_same_text_give_other_seeds() -> None:
    seeds = {draw_seed(BLOCK, 1, "2X", 0), draw_seed(BLOCK, 12, "X", 0), draw_seed(BLOCK, 1, "2X0", 0)}
    assert len({*seeds, draw_seed(BLOCK, 1, "X", 12), draw_seed(BLOCK, 1, "X1", 2)}) == 5


def test_every_part_of_a_draw_changes_its_seed() -> None:
    draws = [(BLOCK, 1, "X", 0), (BLOCK[::-1], 1, "X", 0), (BLOCK, 2, "X", 0), (BLOCK, 1, "Y", 0), (BLOCK, 1, "X", 1)]
    assert len({draw_seed(*draw) for draw in draws}) == 5


def test_the_control_seed_stays_what_the_known_losses_were_measured_on() -> None:
    assert CONTROL_SEED.hex() == "2107a3a13d27d7a31b81b218f4bb2c237bc0f94621d4aa11c55dd78dc076e07c"
