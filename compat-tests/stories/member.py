"""A member of a group as a process: `python member.py CLIENT_FOLDER '{"bootstrap": …, "group": …}'` (the arguments of Client.member).

Prints `owned 0 1 …` whenever its assignment changed, `rebalanced N` whenever its listener was told, `read VALUE` for each record, `committed`
after each commit. `leave` on its standard input, or its end, makes it leave the group and say `left`. SIGKILL is a crash.
"""

import json
import sys
import threading


def obey(leaving: threading.Event) -> None:
    sys.stdin.readline()
    leaving.set()


def main() -> None:
    sys.path.insert(0, sys.argv[1])
    from adapter import CLIENT

    leaving = threading.Event()
    threading.Thread(target=obey, args=(leaving,), daemon=True).start()
    member = CLIENT.member(**json.loads(sys.argv[2]))
    owned: list[int] = []
    rebalances = 0

    def say(*words: object) -> None:
        print(*words, flush=True)

    while not leaving.is_set():
        records = member.poll(0.1)
        for record in records:
            say("read", record.value.decode())
        if records:
            try:
                member.commit()
                say("committed")
            except Exception as refusal:  # a rebalance: whoever owns the partition next reads it again
                say("refused", type(refusal).__name__, refusal)
        if owned != (owned := member.owned()):
            say("owned", *owned)
        if rebalances != (rebalances := member.rebalances):
            say("rebalanced", rebalances)
    member.close()
    say("left")


main()
