"""What a folder of stories says about the client × story matrix (stories.toml): whose cells, which story proves which.

    cells.client("kcat", "1.7.0")                       # once, in any *_stories.py of the folder
    cells.limited("kcat sends no admin requests", "admin-grow", "admin-delete")

    @story
    @proves("admin-create", "admin-describe")
    def a_topic_is_created_and_described(): ...

A cell passes when all stories that prove it pass. What `story.py` prints at the end is what every client's suite prints,
in whatever language: see README.md, "How to report cells".
"""

from collections.abc import Callable

_client: list[str] = []
_limits: dict[str, str] = {}
_notes: dict[str, str] = {}


def client(name: str, version: str) -> None:
    """Names the client, without spaces, and its version as the table shows it."""
    _client[:] = [name, version]


def limited(reason: str, *keys: str) -> None:
    """The client itself cannot do this; `reason` becomes a footnote."""
    _limits.update(dict.fromkeys(keys, reason))


def noted(remark: str, *keys: str) -> None:
    """These cells pass, but for something the client cannot do: `remark` becomes a footnote."""
    _notes.update(dict.fromkeys(keys, remark))


def proves(*keys: str) -> Callable:
    """The story proves these cells. In `cases`, `{0}` in a key stands for the case's first argument, and so on."""

    def mark(function):
        function.proves = keys
        return function

    return mark


def report(told: list[tuple[Callable, bool | None]]) -> None:
    """Prints the client's cells, given every story and how it went (None: it did not apply)."""
    if not _client:
        return
    name, version = _client
    verdicts: dict[str, list[tuple[str, bool]]] = {}
    for one, verdict in told:
        for key in getattr(one, "proves", ()):
            if verdict is not None:
                verdicts.setdefault(key, []).append((one.__name__, verdict))
    print(f"client {name} {version}")
    for key, proofs in verdicts.items():
        failed = [story for story, passed in proofs if not passed]
        print(f"cell {name} {key} " + (f"FAILED {', '.join(failed)}" if failed else f"passed {_notes.get(key, '')}".rstrip()))
    for key, reason in _limits.items():
        print(f"cell {name} {key} limited {reason}")
