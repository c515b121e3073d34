"""The client × story matrix: collects what suites say about their cells, checks that nothing is unexplained, and keeps the
table in compat-tests/README.md true.

A client's suite prints `client <name> <version>` and, for every key of stories.toml, one of

    cell <name> <key> passed [<remark>]
    cell <name> <key> FAILED <what>
    cell <name> <key> limited <reason>

Columns of clients whose suites did not run stay as they are; those of clients that nobody runs any more go. A failed or missing cell
leaves the file alone. An outcome that differs from the table's rewrites it and fails the run once, so that the change is seen and committed.
"""

import re
import tomllib
from dataclasses import dataclass, field

import paths
from summary import Result

README = paths.COMPAT / "README.md"
BEGINS, ENDS = "<!-- matrix begins -->\n", "<!-- matrix ends -->\n"
CLIENT = re.compile(r"^client (\S+) (.+)$")
CELL = re.compile(r"^cell (\S+) (\S+) (passed|FAILED|limited)(?: (.*))?$")
SIGNS = {"passed": "✓", "limited": "–"}


@dataclass
class Cell:
    outcome: str
    words: str = ""


@dataclass
class Column:
    """One client: its version and its cells by key."""

    version: str = "?"
    cells: dict[str, Cell] = field(default_factory=dict)

    def outcomes(self) -> dict[str, str]:
        return {key: cell.outcome for key, cell in self.cells.items()}


Matrix = dict[str, Column]


def groups() -> dict[str, dict[str, str]]:
    """group → key → sentence, as stories.toml lists them."""
    return tomllib.loads((paths.COMPAT / "stories.toml").read_text())


def keys() -> list[str]:
    return [key for group in groups().values() for key in group]


def is_said(line: str) -> bool:
    return bool(CLIENT.match(line) or CELL.match(line))


def collect(lines: list[str]) -> Matrix:
    """What suites said. Said twice, a cell keeps the worse outcome."""
    found: Matrix = {}
    for line in lines:
        if match := CLIENT.match(line):
            found.setdefault(match[1], Column()).version = plain(match[2])
        elif match := CELL.match(line):
            column = found.setdefault(match[1], Column())
            if (before := column.cells.get(match[2])) is None or before.outcome != "FAILED":
                column.cells[match[2]] = Cell(match[3], plain(match[4] or ""))
    return found


def plain(words: str) -> str:
    """Without what would end a cell of the table."""
    return words.strip().replace("|", "/")


def unexplained(client: str, column: Column | None) -> list[str]:
    """What is wrong with a client's column: cells failed, missing, unknown, or limited without a reason."""
    if column is None:
        return [f"{client}: said nothing"]
    wrong = [] if column.version != "?" else [f"{client}: its version is missing"]
    wrong += [f"{client} {key}: missing" for key in keys() if key not in column.cells]
    wrong += [f"{client} {key}: not in stories.toml" for key in column.cells if key not in keys()]
    wrong += [f"{client} {key}: FAILED {cell.words}" for key, cell in column.cells.items() if cell.outcome == "FAILED"]
    wrong += [f"{client} {key}: limited without a reason" for key, cell in column.cells.items() if cell.outcome == "limited" and not cell.words]
    return wrong


def render(matrix: Matrix) -> str:
    """The table and its footnotes."""
    notes: list[str] = []

    def shown(client: str, key: str) -> str:
        cell = matrix[client].cells.get(key)
        if cell is None:
            return ""
        if not cell.words:
            return SIGNS[cell.outcome]
        note = f"{client}: {cell.words}"
        if note not in notes:
            notes.append(note)
        return f"{SIGNS[cell.outcome]} [{notes.index(note) + 1}]"

    def row(*columns: str) -> str:
        return f"| {' | '.join(columns)} |"

    lines = [row("", *matrix), row(*["---"] * (len(matrix) + 1)), row("version", *(column.version for column in matrix.values()))]
    for group, stories in groups().items():
        lines.append(row(f"**{group}**", *[""] * len(matrix)))
        lines += [row(f"`{key}`", *(shown(client, key) for client in matrix)) for key in stories]
    footnotes = [f"{number}. {note}" for number, note in enumerate(notes, 1)]
    return "\n".join([*lines, "", *footnotes, *([""] if footnotes else [])]) + "\n"


def parse(text: str) -> Matrix:
    """The matrix that `render` rendered."""
    notes = dict(re.findall(r"^(\d+)\. [^:]+: (.+)$", text, re.M))
    rows = [[cell.strip() for cell in line.strip().strip("|").split("|")] for line in text.splitlines() if line.startswith("|")]
    if not rows:
        return {}
    matrix: Matrix = {client: Column() for client in rows[0][1:]}
    for first, *shown in rows[2:]:
        for client, cell in zip(matrix, shown, strict=True):
            if first == "version":
                matrix[client].version = cell
            elif first.startswith("`") and (match := re.match(r"(\S+)(?: \[(\d+)\])?$", cell)):
                outcome = next(name for name, sign in SIGNS.items() if sign == match[1])
                matrix[client].cells[first.strip("`")] = Cell(outcome, notes[match[2]] if match[2] else "")
    return matrix


def check(ran: list[str], known: list[str], lines: list[str], target: str) -> Result:
    """Judges the columns of the clients that ran and, against Ottla, brings the README's table up to date."""
    result = Result("matrix")
    found = collect(lines)
    result.failures = [wrong for client in ran for wrong in unexplained(client, found.get(client))]
    result.failures += [f"{client}: no suite announces this client" for client in found if client not in known]
    if not result.failures and target == "ottla":
        result.failures = update(found, known)
    result.failed = len(result.failures)
    result.passed = sum(cell.outcome != "FAILED" for column in found.values() for cell in column.cells.values())
    return result


def update(found: Matrix, known: list[str]) -> list[str]:
    """Writes the new columns beside the ones of clients that did not run; returns outcomes that changed."""
    before, rest = README.read_text().split(BEGINS)
    old_text, after = rest.split(ENDS)
    old = parse(old_text)
    merged = {client: found.get(client) or old[client] for client in known if client in found or client in old}
    changed = [client for client in merged if client not in old or old[client].outcomes() != merged[client].outcomes()]
    changed += [client for client in old if client not in merged]
    text = render(merged)
    if text != old_text:
        README.write_text(before + BEGINS + text + ENDS + after)
    return [f"{client}: its outcomes differ from compat-tests/README.md, which is rewritten now: look and commit" for client in changed]
