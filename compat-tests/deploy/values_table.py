"""The README of the chart's values, out of the comments of values.yaml: `# --` says what the value below it is.

`python values_table.py` writes it; a story sees that it is current. Standard library only.
"""

import json
import re
from pathlib import Path

CHART = Path(__file__).resolve().parents[2] / "deploy" / "helm" / "ottla"
BEGIN, END = "<!-- values begin -->", "<!-- values end -->"


def rows(text: str) -> list[tuple[str, str, str]]:
    """Name, default and description of each value that has one."""
    found, path, said = [], [], None
    lines = text.splitlines()
    for number, line in enumerate(lines):
        if match := re.match(r" *# -- (.*)", line):
            said = match[1]
        elif match := re.match(r"( *)([A-Za-z]+):(.*)", line):
            depth = len(match[1]) // 2
            path = [*path[:depth], match[2]]
            if said is not None:
                found.append((".".join(path), default(match[3].strip(), lines[number + 1 :], depth), said))
                said = None
    return found


def default(inline: str, below: list[str], depth: int) -> str:
    """What stands behind the name, or that it is a group of values."""
    if inline:
        return re.sub(r"\s+#.*", "", inline)
    group = []
    for line in below:
        if line.strip() and len(line) - len(line.lstrip()) <= 2 * depth:
            break
        group.append(line)
    return " ".join(" ".join(group).split())


def table(text: str) -> str:
    lines = ["| value | default | |", "|---|---|---|"]
    for name, value, said in rows(text):
        shown = value if len(value) <= 60 else "see values.yaml"
        lines.append(f"| `{name}` | `{shown}` | {said.replace('|', chr(92) + '|')} |")
    return "\n".join(lines)


def readme() -> str:
    """The README as it is to be."""
    old = (CHART / "README.md").read_text()
    before, rest = old.split(BEGIN)
    return f"{before}{BEGIN}\n{table((CHART / 'values.yaml').read_text())}\n{END}{rest.split(END)[1]}"


def leaves(schema: dict, path: tuple[str, ...] = ()) -> set[str]:
    """Names of values that the schema knows, as deep as the schema names them."""
    whole = json.loads((CHART / "values.schema.json").read_text())
    if "$ref" in schema:
        schema = whole["definitions"][schema["$ref"].rpartition("/")[2]]
    if not schema.get("properties"):
        return {".".join(path)}
    return set().union(*(leaves(one, (*path, name)) for name, one in schema["properties"].items()))


if __name__ == "__main__":
    (CHART / "README.md").write_text(readme())
