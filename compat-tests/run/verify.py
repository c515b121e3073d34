"""`make verify` and `make fuzz`: what is checked about the source itself. Verify never writes outside target/ and .cache/, save the database of
advisories in cargo's home. Advisories are checked whenever that database can be fetched; where it cannot, the summary says so and nothing fails:
an advisory is about the world, not about this source, and must not stop a machine without it.
"""

import functools
import os
import subprocess

import install
import paths
import summary
from suites import WORKSPACE, Suite, cargo


@functools.cache
def cargo_deny() -> None:
    os.environ["PATH"] = f"{paths.CARGO_TOOLS / 'bin'}:{os.environ['PATH']}"
    install.cargo_tool("cargo-deny", "0.20.2")


def advisory_database() -> None:
    """RustSec's list of advisories, which a closed network cannot fetch."""
    cargo_deny()
    install.quietly(["cargo-deny", "fetch", "db"], "fetch RustSec's advisories; without them, only bans, licences and sources are checked")


def rust_files() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "*.rs"], cwd=paths.ROOT, capture_output=True, text=True, check=True)
    return [str(paths.ROOT / file) for file in listed.stdout.split()]


def verify(_arguments) -> int:
    """Formatting, lints, tidy, tests, documentation, and what the dependencies bring."""
    checks = [
        cargo("formatting", "fmt", "--all", "--check"),
        # `cargo fmt` does not see modules that a macro declares (`apis!`), nor packages outside the workspace.
        Suite("formatting of the APIs", ["rustfmt", "--edition", "2024", "--check", *rust_files()], foreign=False),
        cargo("clippy", "clippy", "--workspace", "--all-targets", "--", "-D", "warnings"),
        *WORKSPACE,
        Suite("dependencies", ["cargo-deny", "--log-level", "error", "check", "bans", "licenses", "sources"], [cargo_deny]),
        Suite("advisories", ["cargo-deny", "--log-level", "error", "check", "--disable-fetch", "advisories"], [advisory_database], may_be_unreachable=True),
    ]
    return summary.show([check.run("ottla") for check in checks])


def fuzz(arguments) -> int:
    """Every fuzz target of every fuzz crate, for a number of executions each."""
    os.environ["PATH"] = f"{paths.CARGO_TOOLS / 'bin'}:{os.environ['PATH']}"
    install.cargo_tool("cargo-fuzz", "0.13.1")
    results = []
    for manifest in sorted(paths.ROOT.glob("**/fuzz/Cargo.toml")):
        if ".cache" in manifest.parts or "target" in manifest.parts:
            continue
        folder = manifest.parent
        targets = subprocess.run(["cargo", "fuzz", "list", "--fuzz-dir", str(folder)], capture_output=True, text=True, check=True).stdout.split()
        for target in targets:
            command = ["cargo", "fuzz", "run", "-s", "none", "--fuzz-dir", str(folder), target, "--", f"-runs={arguments.runs}", "-rss_limit_mb=2048"]
            results.append(Suite(f"fuzz {target}", command, limit_s=24 * 3600, foreign=False).run("ottla"))
    return summary.show(results)
