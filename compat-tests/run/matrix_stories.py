"""The judge of the matrix, judged: no cell goes unexplained, and the README says what was told."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import matrix
from story import story

KEYS = matrix.keys()


def lines(client: str, **outcomes: str) -> list[str]:
    """A client's report: everything passed, but for `outcomes` (underscores for dashes)."""
    told = dict.fromkeys(KEYS, "passed") | {key.replace("_", "-"): outcome for key, outcome in outcomes.items()}
    return [f"client {client} 1.0", *(f"cell {client} {key} {outcome}" for key, outcome in told.items() if outcome)]


def judged(said: list[str], ran: list[str], known: list[str], target: str = "ottla") -> list[str]:
    return matrix.check(ran, known, said, target).failures


def on_a_readme(body: Callable[[Path], None]) -> Callable[[], None]:
    """Runs a story on a README of its own, without a table."""

    def run() -> None:
        before = matrix.README
        with tempfile.TemporaryDirectory() as directory:
            matrix.README = Path(directory) / "README.md"
            matrix.README.write_text(f"above\n{matrix.BEGINS}{matrix.ENDS}below\n")
            try:
                body(matrix.README)
            finally:
                matrix.README = before

    run.__name__ = body.__name__
    return story(run)


@on_a_readme
def a_new_outcome_is_written_and_fails_the_run_once(readme: Path):
    said = lines("one", from_latest="limited it cannot | at all")
    assert len(judged(said, ["one"], ["one"])) == 1
    assert judged(said, ["one"], ["one"]) == []
    text = readme.read_text()
    assert text.startswith("above\n") and text.endswith("below\n")
    assert "| `from-latest` | – [1] |" in text and "1. one: it cannot / at all" in text, text


@on_a_readme
def another_version_or_remark_is_written_and_fails_nothing(readme: Path):
    judged(lines("one"), ["one"], ["one"])
    said = lines("one", headers="passed as text")
    said[0] = "client one 2.0"
    assert judged(said, ["one"], ["one"]) == []
    assert "| version | 2.0 |" in readme.read_text() and "| `headers` | ✓ [1] |" in readme.read_text()


@on_a_readme
def columns_of_clients_that_did_not_run_stay_and_those_of_nobody_go(readme: Path):
    judged(lines("one") + lines("two", headers="limited no"), ["one", "two"], ["one", "two"])
    assert judged(lines("one"), ["one"], ["one", "two"]) == []
    assert "| version | 1.0 | 1.0 |" in readme.read_text() and "1. two: no" in readme.read_text()
    assert len(judged(lines("one"), ["one"], ["one"])) == 1, "that a column goes is told"
    assert "two" not in readme.read_text()


@on_a_readme
def what_is_unexplained_fails_and_leaves_the_table_alone(readme: Path):
    judged(lines("one"), ["one"], ["one"])
    before = readme.read_text()
    for said, why in (
        (lines("one", headers=""), "one headers: missing"),
        (lines("one", headers="FAILED twice"), "one headers: FAILED twice"),
        (lines("one", headers="limited"), "one headers: limited without a reason"),
        (lines("one", juggling="passed"), "one juggling: not in stories.toml"),
        (lines("one")[1:], "one: its version is missing"),
        ([], "one: said nothing"),
    ):
        assert judged(said, ["one"], ["one"]) == [why], said
    assert judged(lines("one") + lines("two"), ["one"], ["one"]) == ["two: no suite announces this client"]
    assert readme.read_text() == before


@on_a_readme
def a_cell_told_twice_keeps_its_failure(_readme: Path):
    said = [*lines("one", headers="FAILED once"), "cell one headers passed"]
    assert judged(said, ["one"], ["one"]) == ["one headers: FAILED once"]


@on_a_readme
def apache_kafka_is_judged_and_not_written_down(readme: Path):
    before = readme.read_text()
    assert judged(lines("one"), ["one"], ["one"], target="kafka") == []
    assert judged(lines("one", headers=""), ["one"], ["one"], target="kafka") == ["one headers: missing"]
    assert readme.read_text() == before
