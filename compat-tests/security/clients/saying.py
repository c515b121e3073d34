"""Answers cases from standard input (speakers.py says what a case is) by a function that raises what went wrong.

Some clients tell a program only that they could not connect, and their log why: what was logged as an error or a warning is told as well.
"""

import json
import logging
import sys
from collections.abc import Callable

LIMIT_S = 40


class Logged(logging.Handler):
    """Keeps what was logged for the case under way."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(record.getMessage())


def answer(there_and_back: Callable[[dict], None]) -> None:
    logged = Logged()
    logging.basicConfig(level=logging.WARNING, handlers=[logged])
    for line in sys.stdin:
        one = json.loads(line)
        logged.said.clear()
        try:
            there_and_back(one)
            error = None
        except Exception as raised:
            error = " / ".join([f"{type(raised).__name__}: {raised}", *dict.fromkeys(logged.said)])
        print(json.dumps({"case": one["case"], "error": error}), flush=True)
