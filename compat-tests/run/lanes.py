"""Runs suites side by side: a client's suite mostly waits, for timeouts and rebalances, so that two take little longer than one.

What a suite prints is shown whole when it ends, so that two never mix. Installers run one at a time (see Suite.run). Only for suites
that start brokers of their own on free ports, and measure nothing.
"""

import threading
from concurrent.futures import ThreadPoolExecutor

from suites import Suite
from summary import Result

LANES = 2


def run(suites: list[Suite], target: str, lanes: int = LANES) -> list[Result]:
    """The results in the order of the suites."""
    printing = threading.Lock()

    def one(suite: Suite) -> Result:
        said: list[str] = []
        with printing:
            print(f"   {suite.name}: started", flush=True)
        result = suite.run(target, said.append)
        with printing:
            print("".join(said), end="", flush=True)
        return result

    with ThreadPoolExecutor(lanes) as pool:
        return list(pool.map(one, suites))
