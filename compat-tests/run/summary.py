"""What a run says at its end: one line per suite, and the line `N passed, N failed, N skipped`.

A suite is PASS, FAIL or SKIPPED with a reason. SKIPPED fails the run when CI=true: a suite that did not run has
proved nothing. The exception are the advisories of `make verify`, whose database is no registry.
"""

import os
from dataclasses import dataclass, field


@dataclass
class Result:
    """What one suite did. `passed` and `failed` count its tests (a suite without tests of its own counts as one)."""

    name: str
    seconds: float = 0.0
    passed: int = 0
    failed: int = 0
    skipped_because: str | None = None
    may_be_skipped: bool = False
    failures: list[str] = field(default_factory=list)
    cells: list[str] = field(default_factory=list)  # what it said about the client × story matrix (see matrix.py)

    @property
    def verdict(self) -> str:
        if self.skipped_because is not None:
            return f"SKIPPED ({self.skipped_because})"
        return "FAIL" if self.failed else "PASS"


def show(results: list[Result], took_s: float | None = None) -> int:
    """Prints the summary and returns the exit status of the run. `took_s`: by the clock, where suites ran side by side."""
    width = max((len(result.name) for result in results), default=0)
    print("\n── summary ──")
    for result in results:
        counts = f"{result.passed:5} passed {result.failed:3} failed" if result.skipped_because is None else " " * 23
        print(f"{result.name:<{width}}  {result.seconds:7.1f} s  {counts}  {result.verdict}")
        for failure in result.failures:
            print(f"{'':<{width}}    {failure}")
    total_seconds = sum(result.seconds for result in results) if took_s is None else took_s
    print(f"{'total':<{width}}  {total_seconds:7.1f} s")
    passed = sum(result.passed for result in results)
    failed = sum(result.failed for result in results)
    skipped = sum(result.skipped_because is not None for result in results)
    print(f"{passed} passed, {failed} failed, {skipped} skipped", flush=True)
    unproved = any(result.skipped_because is not None and not result.may_be_skipped for result in results)
    if failed or (unproved and os.environ.get("CI") == "true"):
        return 1
    return 0
