"""The little test harness: a story is a function whose name is a sentence that can be false.

    from story import story, broker

    @story
    def a_record_comes_back_with_its_headers():
        ...

`python story.py FOLDER [part of a name]…` imports every *_stories.py of the folder and runs their stories in order,
against one shared broker (`broker()`) unless a story starts its own (`fresh()`). The last line counts them. A story that
`@proves("key")` a cell of the matrix speaks for its client (cells.py); cells are reported when no story was left out.
"""

import importlib.util
import random
import sys
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import paths

# Run as a program this file is __main__; stories import it as `story`. Both must be one module.
sys.modules.setdefault("story", sys.modules[__name__])

import cells  # noqa: E402
from cells import proves  # noqa: E402, F401 (stories import it from here)
import clustered  # noqa: E402
from targets import Broker, target  # noqa: E402

STORIES: list[Callable[[], None]] = []
_shared: list[Broker] = []
_fresh: list[Broker] = []


class Skip(Exception):
    """Raised by a story that does not apply to this target; counted as neither passed nor failed."""


def story(function: Callable[[], None]) -> Callable[[], None]:
    STORIES.append(function)
    return function


def cases(**table):
    """Makes one story per entry: @cases(gzip=("gzip",), …) runs the function with these arguments."""

    def register(function):
        for name, arguments in table.items():

            def run(arguments=arguments):
                function(*arguments)

            run.__name__ = f"{function.__name__}[{name}]"
            run.proves = tuple(key.format(*arguments) for key in getattr(function, "proves", ()))
            STORIES.append(run)
        return function

    return register


def broker() -> Broker:
    """The broker that the stories of this run share; started at first use, and again should one have ended it."""
    if not _shared:
        _shared.append(clustered.Clustered() if clustered.is_asked_for() else target()())
    if not _shared[0].running():
        _shared[0].start()
    return _shared[0]


def fresh(overrides: dict[str, str] | None = None, **settings) -> Broker:
    """A broker of the story's own, on an empty directory; ended with the story."""
    one = clustered.Clustered(overrides) if clustered.is_asked_for() and not settings else target()(overrides, **settings)
    _fresh.append(one)
    return one.start()


def replicas() -> int:
    """How many replicas stories ask for: one on every node."""
    return len(broker().ids)


def keep(one: Broker) -> Broker:
    """Ends a broker that the story made itself along with the story."""
    _fresh.append(one)
    return one


def topic(prefix: str = "t") -> str:
    """A name nobody used before."""
    return f"{prefix}-{random.randrange(16**10):010x}"


def wait_for(condition: Callable[[], object], what: str, limit_s: float = 20.0):
    """Polls until the condition is true and returns its value; no sleeping to let things settle."""
    deadline = time.monotonic() + limit_s
    while not (value := condition()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {limit_s} s: {what}")
        time.sleep(0.05)
    return value


def run(one: Callable[[], None]) -> bool | None:
    started = time.monotonic()
    verdict: bool | None = True
    try:
        one()
    except Skip as reason:
        verdict = None
        print(f"  -    {one.__name__}: {reason}")
    except Exception:
        verdict = False
        print(f"  FAIL {one.__name__} ({time.monotonic() - started:.2f} s)")
        print("       " + traceback.format_exc().replace("\n", "\n       ").rstrip())
        for process in [*_fresh, *_shared]:
            if process.log.exists():
                print(f"       log of {process.name}: {process.log}; its end:\n         | " + "\n         | ".join(process.said().splitlines()[-4:]))
    else:
        print(f"  ok   {one.__name__} ({time.monotonic() - started:.2f} s)")
    while _fresh:
        process = _fresh.pop()
        process.discard() if verdict is not False else process._end()
    return verdict


def load(folder: Path) -> None:
    sys.path[:0] = [str(folder), str(paths.COMPAT / "stories")]
    for file in sorted(folder.glob("*_stories.py")):
        spec = importlib.util.spec_from_file_location(file.stem, file)
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


def main() -> int:
    paths.WORK.mkdir(parents=True, exist_ok=True)
    load(Path(sys.argv[1]).resolve())
    parts = sys.argv[2:]
    chosen = [one for one in STORIES if not parts or any(part in one.__name__ for part in parts)]
    verdicts = [run(one) for one in chosen]
    if chosen == STORIES:
        cells.report(list(zip(chosen, verdicts, strict=True)))
    failed = verdicts.count(False)
    for process in _shared:
        process.discard() if not failed else process._end()
    print(f"stories: {verdicts.count(True)} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
