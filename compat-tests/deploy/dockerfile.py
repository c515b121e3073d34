"""A Dockerfile without a container engine: its stages from `scratch` are built in a directory, by its own instructions.

Stages from an image (rust, debian) are this machine: it is the same Debian, their `RUN` lines are what the runner has done already (the release
build, packages), and `check` sees to it that they say the same. Only what our Dockerfile uses is understood; anything else is an error.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

import paths
import suites

MACHINE = "machine"


@dataclass
class Image:
    """What an image says about the processes that it starts."""

    root: Path | None = None  # None: this machine
    environment: dict[str, str] = field(default_factory=dict)
    user: str = "0:0"
    entrypoint: list[str] = field(default_factory=list)
    command: list[str] = field(default_factory=list)
    directory: str = "/"
    volumes: list[str] = field(default_factory=list)
    ports: list[str] = field(default_factory=list)

    def size(self) -> int:
        return sum(file.lstat().st_size for file in self.root.rglob("*"))


def instructions(text: str) -> list[tuple[str, str]]:
    lines = "\n".join(line for line in text.splitlines() if line.strip() and not line.lstrip().startswith("#"))
    joined = re.sub(r"\\\n\s*", "", lines)
    return [(line.split(None, 1)[0], line.split(None, 1)[1]) for line in joined.splitlines()]


def build(file: Path, target: str, into: Path) -> Image:
    """The image of the stage `target`, its root file system in `into`."""
    stages: dict[str, Image] = {}
    image = Image()
    for verb, rest in instructions(file.read_text()):
        if verb == "FROM":
            base, _, name = rest.split()
            image = stages[name] = start(base, stages, into / name)
        elif image.root is None:
            on_machine(verb, rest)
        else:
            BUILDERS[verb](image, stages, rest)
    return stages[target]


def start(base: str, stages: dict[str, Image], root: Path) -> Image:
    if base == "scratch":
        root.mkdir(parents=True)
        return Image(root)
    if base in stages:
        older = stages[base]
        shutil.copytree(older.root, root, symlinks=True)
        keep_owners(older.root, root)
        return Image(root, dict(older.environment), older.user, list(older.entrypoint), list(older.command), older.directory, list(older.volumes), list(older.ports))
    assert re.fullmatch(r"(rust:[\d.]+-bookworm|debian:bookworm-slim)", base), f"FROM {base}: not Debian as this machine is"
    return Image()


def keep_owners(source: Path, target: Path) -> None:
    for file in source.rglob("*"):
        status = file.lstat()
        os.chown(target / file.relative_to(source), status.st_uid, status.st_gid, follow_symlinks=False)


def on_machine(verb: str, rest: str) -> None:
    """What the stage's image does has been done here; see that it is the same."""
    if verb != "RUN":
        assert (verb, rest) in (("WORKDIR", "/src"), ("COPY", ". .")), f"{verb} {rest}: not understood"
    elif rest.startswith("cargo"):
        assert shlex.split(rest) == suites.RELEASE.command, f"the suite `release build` runs {suites.RELEASE.command}, the Dockerfile {rest}"
    elif rest.startswith("apt-get"):
        for package in shlex.split(rest.rpartition("--no-install-recommends")[2]):
            subprocess.run(["dpkg", "--status", package], check=True, capture_output=True)
    else:
        assert rest in ("mkdir /empty", "objcopy --strip-all target/release/ottla /ottla"), f"RUN {rest}: not understood"


def of_machine(path: str, into: Path) -> Path:
    """Where a path of a stage that is this machine is."""
    if path == "/ottla":
        stripped = into / "stripped"
        if not stripped.exists():
            subprocess.run(["objcopy", "--strip-all", str(paths.OTTLA), str(stripped)], check=True)
        return stripped
    if path == "/empty/":
        (into / "empty").mkdir(exist_ok=True)
        return into / "empty"
    return Path(path)


def copy(image: Image, stages: dict[str, Image], rest: str) -> None:
    words = shlex.split(rest)
    options = dict(word.removeprefix("--").split("=", 1) for word in words if word.startswith("--"))
    source, target = (word for word in words if not word.startswith("--"))
    if stage := options.get("from"):
        assert stages[stage].root is None, f"COPY --from={stage}: not understood"
        found = of_machine(source, image.root.parent)
    else:
        found = paths.ROOT / source
    owner, group = map(int, options.get("chown", "0:0").split(":"))
    mode = int(options["chmod"], 8) if "chmod" in options else None
    destination = image.root / target.lstrip("/")
    if found.is_dir():
        made(destination, image.root, owner, group)
        for file in sorted(found.rglob("*")):
            place(file, destination / file.relative_to(found), owner, group, mode)
    else:
        if target.endswith("/"):
            destination /= found.name
        made(destination.parent, image.root, 0, 0)
        place(found.resolve(), destination, owner, group, mode)


def made(directory: Path, root: Path, owner: int, group: int) -> None:
    """Makes what is missing of a path; the last of it has the owner."""
    for parent in reversed([directory, *directory.parents]):
        if root in parent.parents and not parent.exists():
            parent.mkdir(mode=0o755)
            if parent == directory:
                os.chown(parent, owner, group)


def place(file: Path, target: Path, owner: int, group: int, mode: int | None) -> None:
    if file.is_dir():
        target.mkdir(exist_ok=True)
    else:
        shutil.copyfile(file, target)
        target.chmod(mode if mode is not None else file.stat().st_mode & 0o777)
    os.chown(target, owner, group)


def run(image: Image, _stages: dict[str, Image], rest: str) -> None:
    subprocess.run(["chroot", str(image.root), *json.loads(rest)], check=True, capture_output=True)


def words_of(rest: str) -> list[str]:
    return json.loads(rest) if rest.startswith("[") else ["/bin/sh", "-c", rest]


def set_environment(image: Image, _stages: dict[str, Image], rest: str) -> None:
    image.environment |= dict(word.split("=", 1) for word in shlex.split(rest))


BUILDERS = {
    "COPY": copy,
    "RUN": run,
    "ENV": set_environment,
    "LABEL": lambda *_: None,
    "EXPOSE": lambda image, _stages, rest: image.ports.extend(rest.split()),
    "VOLUME": lambda image, _stages, rest: image.volumes.extend(json.loads(rest)),
    "USER": lambda image, _stages, rest: setattr(image, "user", rest),
    "WORKDIR": lambda image, _stages, rest: setattr(image, "directory", rest),
    "ENTRYPOINT": lambda image, _stages, rest: setattr(image, "entrypoint", words_of(rest)),
    "CMD": lambda image, _stages, rest: setattr(image, "command", words_of(rest)),
}
