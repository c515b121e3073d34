"""InitProducerId for idempotent producers (KIP-98, KIP-360). Transactional ids come with their issue."""

from session import Session, script


@script("InitProducerId")
def idempotent(s: Session, version: int):
    def ask(label: str, **body):
        asked = {"transactional_id": None, "transaction_timeout_ms": 60_000} | body
        return s.ask(label, asked, keep=lambda answer: (s.names.learn_producer(answer["producer_id"]), answer)[1])

    ready = {"transactional_id": None, "transaction_timeout_ms": 60_000}
    s.until(lambda: s.quietly("InitProducerId", 4, ready)["error_code"] == 0)  # a new broker asks for its first block of ids
    first = ask("a first id")
    second = ask("a second id")
    s.note("they differ", differ=first.get("producer_id") != second.get("producer_id"))
    ask("empty transactional id", transactional_id="")
    if version >= 3:
        ask("only an id", producer_id=5)
        ask("only an epoch", producer_epoch=5)
        ask("an id and an epoch, no transactional id", producer_id=first.get("producer_id", 0), producer_epoch=0)
        ask("an id never given", producer_id=1 << 40, producer_epoch=3)
        ask("a negative id", producer_id=-5, producer_epoch=0)
    ask("timeout 0", transaction_timeout_ms=0)
    ask("timeout negative", transaction_timeout_ms=-1)
