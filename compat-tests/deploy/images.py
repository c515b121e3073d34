"""The images of deploy/Dockerfile, built once per run in directories, and what clients need to reach their containers."""

import atexit
import functools
import shutil
import tempfile
from pathlib import Path

import paths
from container import Container
from dockerfile import Image, build

DOCKERFILE = paths.ROOT / "deploy" / "Dockerfile"


@functools.cache
def image(target: str = "ottla") -> Image:
    paths.WORK.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="image-", dir=paths.WORK))
    folder.chmod(0o755)
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return build(DOCKERFILE, target, folder)


def volume(container: Container, target: str = "/var/lib/kafka/data") -> None:
    """A fresh volume, which has the owner that the directory has in the image, as engines do it."""
    folder = container.home / "volume"
    folder.mkdir(exist_ok=True)
    owner = (container.image.root / target.lstrip("/")).stat()
    shutil.chown(folder, owner.st_uid, owner.st_gid)
    container.mounts.append((str(folder), target, False))
