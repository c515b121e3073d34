"""The checker is itself checked: what it must refuse, it refuses. So is the comparison of replicas."""

import struct
import tempfile
from array import array
from pathlib import Path

from checker import UNKNOWN, Checker, record
from replicas import compare, cut
from story import story

A, B, C = record(0, 0), record(0, 1), record(1, 0)


def wrote(checker: Checker, *values: int) -> None:
    for offset, value in enumerate(values):
        checker.acknowledged(0, offset, value, 1.0)


def finished(checker: Checker, *values: int) -> list[str]:
    checker.finish(0, array("q", values))
    return checker.problems


def only(problems: list[str], text: str) -> None:
    assert len(problems) == 1 and text in problems[0], problems


@story
def a_history_in_which_nothing_is_wrong_has_no_problems():
    checker = Checker(2)
    wrote(checker, A, C, B)
    for offset, value in enumerate((A, C, B)):
        checker.read("reader", 0, offset, value, offset)
    checker.committed(0, 2, at=5.0)
    checker.looked_up("member", 0, 2, began=6.0)
    checker.led(0, 1, 1)
    checker.led(0, 1, 1)
    checker.led(0, 2, -1)
    checker.led(0, 2, 2)
    assert not finished(checker, A, C, B, record(1, 1)), "what was never acknowledged may be there"


@story
def an_acknowledged_record_that_is_not_there_is_lost():
    checker = Checker(1)
    checker.acknowledged(0, UNKNOWN, A, 1.0)
    checker.acknowledged(0, UNKNOWN, B, 1.0)
    only(finished(checker, A), "1 acknowledged records are lost, among them record 1 of writer 0")


@story
def a_log_that_ends_before_an_offset_that_was_read_is_a_problem():
    checker = Checker(1)
    checker.read("reader", 0, 0, A, 0)
    only(finished(checker), "it ends at 0, and offset 0 had been seen")


@story
def a_record_that_is_there_twice_is_a_problem():
    only(finished(Checker(1), A, C, A), "1 records are there more than once, among them record 0 of writer 0")


@story
def a_record_that_was_not_acknowledged_and_is_there_twice_is_a_problem_too():
    checker = Checker(1)
    wrote(checker, C)
    only(finished(checker, C, A, A), "more than once")


@story
def records_of_one_writer_out_of_order_are_a_problem():
    only(finished(Checker(1), B, A), "offset 1: record 0 of writer 0 follows record 1 of writer 0")


@story
def two_acknowledgements_of_one_offset_are_a_problem():
    checker = Checker(1)
    checker.acknowledged(0, 7, A, 1.0)
    checker.acknowledged(0, 7, C, 2.0)
    only(checker.problems, "offset 7: an acknowledgement says record 0 of writer 1, where record 0 of writer 0 was before")


@story
def an_offset_that_was_read_and_holds_something_else_later_is_a_problem():
    checker = Checker(1)
    checker.read("early", 0, 0, A, 0)
    checker.read("late", 0, 0, C, 0)
    only(checker.problems, "late says")
    again = Checker(1)
    again.read("early", 0, 0, A, 0)
    only(finished(again, C), "the last reader says")


@story
def an_offset_that_a_reader_skips_or_meets_again_is_a_problem():
    for met in (4, 2):
        checker = Checker(1)
        checker.read("reader", 0, 2, A, UNKNOWN)
        checker.read("reader", 0, met, C if met != 2 else A, 3)
        only(checker.problems, f"expected offset 3 and read {met}")


@story
def a_committed_offset_that_goes_back_is_a_problem():
    checker = Checker(1)
    checker.committed(0, 10, at=1.0)
    checker.committed(0, 20, at=3.0)
    checker.looked_up("member", 0, 10, began=2.0)
    assert not checker.problems, "20 was not acknowledged when it asked"
    checker.looked_up("member", 0, 10, began=4.0)
    only(checker.problems, "member found 10 committed, 20 had been acknowledged")


@story
def a_lower_commit_after_a_higher_one_does_not_lower_what_must_be_found():
    for times in ((1.0, 3.0), (3.0, 1.0)):
        checker = Checker(1)
        checker.committed(0, 20, at=times[0])
        checker.committed(0, 10, at=times[1])
        checker.looked_up("member", 0, 10, began=4.0)
        only(checker.problems, "20 had been acknowledged")


@story
def two_leaders_in_one_epoch_are_a_problem():
    checker = Checker(1)
    checker.led(0, 4, 1)
    checker.led(0, 4, 2)
    only(checker.problems, "leader epoch 4: node 1 and node 2 lead")


@story
def a_partition_without_an_acknowledgement_since_the_healing_is_behind():
    checker = Checker(2)
    checker.acknowledged(0, 0, A, at=5.0)
    checker.acknowledged(1, 0, C, at=3.0)
    assert checker.behind(since=4.0) == [1]


def batch(base: int, records: int, epoch: int = 0, fill: bytes = b"x") -> bytes:
    """As the log holds it, as far as anybody looks: base offset, length, leader epoch, magic, …, last offset delta."""
    rest = struct.pack(">ibIhi", epoch, 2, 0, 0, records - 1) + fill * 40
    return struct.pack(">qi", base, len(rest)) + rest


def directory(*segments: bytes) -> Path:
    place = Path(tempfile.mkdtemp())
    for index, data in enumerate(segments):
        (place / f"{index:020}.log").write_bytes(data)
    return place


@story
def replicas_that_hold_the_same_batches_in_other_segments_are_equal_below_the_high_watermark():
    one = directory(batch(0, 3) + batch(3, 2), batch(5, 1))
    other = directory(batch(0, 3), batch(3, 2) + batch(5, 1, fill=b"y"))
    assert not compare("p", {1: one, 2: other}, high_watermark=5)


@story
def replicas_that_differ_in_a_byte_below_the_high_watermark_are_a_problem():
    problems = compare("p", {1: directory(batch(0, 3) + batch(3, 2)), 2: directory(batch(0, 3) + batch(3, 2, fill=b"y"))}, 5)
    only(problems, "at offset 3 nodes 1 and 2 differ")


@story
def a_replica_that_ends_before_the_high_watermark_is_a_problem():
    only(compare("p", {1: directory(batch(0, 3) + batch(3, 2)), 2: directory(batch(0, 3))}, 5), "at offset 3 nodes 1 and 2 differ")


@story
def replicas_that_all_end_before_the_high_watermark_are_a_problem():
    only(compare("p", {1: directory(batch(0, 3)), 2: directory(batch(0, 3))}, 5), "all end at 3, the high watermark is 5")


@story
def leader_epochs_that_go_back_within_a_log_are_a_problem():
    data = batch(0, 3, epoch=4) + batch(3, 2, epoch=3)
    only(compare("p", {1: directory(data), 2: directory(data)}, 5), "leader epoch 3 follows 4")


@story
def a_loss_of_power_cuts_nothing_below_the_recovery_point():
    class Largest:
        def randint(self, low, _high):
            return low

    place = directory(batch(0, 3) + batch(3, 2) + batch(5, 1))
    cut(place, 3, Largest())
    assert (place / f"{0:020}.log").read_bytes() == batch(0, 3)
