"""Copies: the same weights are the earliest commit's."""

from dataclasses import replace

from competitions.competition import Competition
from competitions.copies import same_weights
from competitions.season import REFERENCE, Entrant, reference_of


def test_the_same_tensors_are_the_earliest_commits_and_everybody_elses_rejection():
    first, second, other = (
        Entrant(block=block, key=f"{name}@{block}") for block, name in ((5, "z"), (6, "a"), (4, "c"))
    )
    digests = {first.key: "same", second.key: "same", other.key: "other"}
    found = same_weights(digests, {one.key: one for one in (first, second, other)})
    assert set(found) == {second.key}
    assert found[second.key].reason == "same_weights"
    assert not found[second.key].retry
    assert first.key in found[second.key].text


def test_the_references_weights_are_nobodys(tiny: Competition):
    copy = Entrant(block=5, key="a@5")
    digests = {copy.key: "same", REFERENCE: "same"}
    assert set(same_weights(digests, {copy.key: copy, REFERENCE: reference_of(tiny)})) == {copy.key}


def test_a_submission_that_no_longer_stands_takes_nothing_with_it():
    gone, here = Entrant(block=5, key="a@5"), Entrant(block=6, key="b@6")
    digests = {gone.key: "same", here.key: "same"}
    assert same_weights(digests, {here.key: here}) == {}


def test_the_references_weights_are_nobodys_even_if_committed_before_the_competition_began(tiny: Competition):
    opens_late = replace(tiny, first_block=50)
    copy = Entrant(block=5, key="a@5")
    digests = {copy.key: "same", REFERENCE: "same"}
    assert set(same_weights(digests, {copy.key: copy, REFERENCE: reference_of(opens_late)})) == {copy.key}
