"""The checker is itself checked: what it must refuse, it refuses."""

from checker import Checker
from members import read
from story import story


def problems(*lines: str) -> list[str]:
    checker = Checker(2)
    for line in lines:
        checker.heard(read(line))
    checker.check_lookups()
    return checker.problems


@story
def owners_that_take_turns_are_no_problem():
    assert not problems(
        "10 assigned python-1 1 0,1", "12 stored python-1 11 0=0,1=0", "20 committed python-1 15 1 0=1,1=1", "25 revoked python-1 0,1",
        "30 assigned java-2 2 0,1", "35 stored java-2 31 0=1,1=1", "40 committed java-2 36 2 0=2,1=2")


@story
def a_partition_assigned_twice_in_a_generation_is_a_problem():
    assert "generation 3, partition 1: owned by python-1 and by java-2" in problems("10 assigned python-1 3 0,1", "11 assigned java-2 3 1")


@story
def a_commit_in_a_generation_that_assigned_the_partition_to_another_is_a_problem():
    assert problems("10 assigned python-1 3 0", "15 committed java-2 11 3 0=4")


@story
def one_number_acknowledged_to_two_is_a_problem():
    assert "partition 0: 5 was acknowledged to python-1 and to java-2" in problems("10 committed python-1 9 3 0=5", "11 committed java-2 9 4 0=5")


@story
def a_lookup_that_finds_less_than_was_acknowledged_is_a_problem_in_whatever_order_it_is_heard():
    late, early = "40 stored java-2 30 0=4", "20 committed python-1 15 1 0=5"
    assert problems(early, late) == problems(late, early) == ["partition 0: java-2 found 4 stored where 5 had been acknowledged"]
    assert not problems(early, "40 stored java-2 19 0=4"), "it was asked before"


@story
def a_partition_without_an_owner_or_with_a_dead_one_is_not_settled():
    checker = Checker(2)
    checker.heard(read("10 assigned python-1 1 0"))
    assert not checker.settled({"python-1"})
    checker.heard(read("10 assigned java-2 1 1"))
    assert checker.settled({"python-1", "java-2"})
    checker.crashed(["java-2"])
    assert not checker.settled({"python-1"})
