"""ConfigMaps and Secrets as the kubelet mounts them: links into a directory that is swapped as a whole when the object changes."""

import os
import shutil
from pathlib import Path


class Mounted:
    """One volume. Everything in it changes at one moment (Kubernetes' AtomicWriter)."""

    def __init__(self, folder: Path, files: dict[str, bytes]):
        self.folder = folder
        self.count = 0
        folder.mkdir(parents=True)
        folder.chmod(0o755)
        self.write(files)

    def write(self, files: dict[str, bytes]) -> None:
        self.count += 1
        now = self.folder / f"..{self.count}"
        now.mkdir(mode=0o755)
        for name, content in files.items():
            (now / name).write_bytes(content)
            (now / name).chmod(0o644)
        link = self.folder / "..data_tmp"
        link.symlink_to(now.name)
        os.rename(link, self.folder / "..data")
        for name in files:
            if not (self.folder / name).is_symlink():
                (self.folder / name).symlink_to(f"..data/{name}")
        for name in os.listdir(self.folder):
            if not name.startswith("..") and name not in files:
                (self.folder / name).unlink()
        shutil.rmtree(self.folder / f"..{self.count - 1}", ignore_errors=True)
