"""Turns the shared stories into stories of one client: `telling.by(Aiokafka())` in a *_stories.py of its folder."""

import functools
from collections.abc import Callable

import cells
from story import proves, story
from words import Client

Telling = Callable[[Client], None]
_tellings: list[tuple[str, Telling]] = []


def told(key: str) -> Callable[[Telling], Telling]:
    """The story that proves this key of stories.toml, for every client that can tell it."""

    def register(function: Telling) -> Telling:
        _tellings.append((key, function))
        return function

    return register


def by(client: Client) -> None:
    import tell_admin
    import tell_consume
    import tell_groups
    import tell_produce  # noqa: F401 (they register themselves)

    cells.client(client.name, client.version)
    for key, reason in client.limits.items():
        cells.limited(reason, key)
    for key, remark in client.notes.items():
        cells.noted(remark, key)
    for key, function in _tellings:
        if key not in client.limits:
            one = functools.partial(function, client)
            one.__name__ = function.__name__
            story(proves(key)(one))
