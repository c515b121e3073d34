"""OffsetForLeaderEpoch (KIP-101, KIP-320)."""

from batch import batch as make
from batch import records
from session import Session, script


def body(topic: str, *partitions: dict, replica: int = -1) -> dict:
    return {"replica_id": replica, "topics": [{"topic": topic, "partitions": list(partitions)}]}


def asked(epoch: int, index: int = 0, current: int = -1) -> dict:
    return {"partition": index, "leader_epoch": epoch, "current_leader_epoch": current}


@script("OffsetForLeaderEpoch")
def epochs(s: Session, version: int):
    topic = s.topic("epochs", partitions=2)
    s.write(topic, make(records(b"0", b"1")))
    for epoch in (-2, -1, 0, 1, 1000):
        s.ask(f"epoch {epoch}", body(topic, asked(epoch)))
        s.ask(f"epoch {epoch}, nothing written", body(topic, asked(epoch, 1)))
    for current in (-1, 0, 1, -5):
        s.ask(f"current epoch {current}", body(topic, asked(0, current=current)))
    s.ask("unknown topic", body("never-created", asked(0)))
    s.ask("unknown partition", body(topic, asked(0), asked(0, 9)))
    s.ask("the same twice", body(topic, asked(0), asked(1)))
    s.ask("no topics", {"replica_id": -1, "topics": []})
    s.ask("a debugging replica", body(topic, asked(0), replica=-2))
