from competitions.rejection import Rejection


def test_a_rejection_is_the_miners_and_final_unless_it_says_otherwise() -> None:
    plain = Rejection(reason="same_weights", text="the same weights as another")
    assert (plain.fault, plain.retry, dict(plain.evidence)) == ("miner", False, {})
