"""Installs the Standard Webhooks libraries of Python and Node into the folder PARTNERS_LIBRARIES.

The versions and their digests stand in docs/partners: `requirements.txt` and `package-lock.json`.
Nothing is fetched where the folder holds them already.
"""

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

LOCKS = Path(__file__).resolve().parents[2] / "docs" / "partners"
NODE_MIN = 20


def main(folder: Path) -> None:
    """Installs what is missing, whole or not at all."""
    node = subprocess.run(["node", "--version"], check=True, capture_output=True, text=True).stdout.strip()
    if int(node.removeprefix("v").split(".")[0]) < NODE_MIN:
        sys.exit(f"the partner programs need Node {NODE_MIN}, this is {node}")
    files = [LOCKS / name for name in ("requirements.txt", "package.json", "package-lock.json")]
    wanted = hashlib.sha256(b"\0".join([sys.version.encode(), *(file.read_bytes() for file in files)])).hexdigest()
    folder.parent.mkdir(parents=True, exist_ok=True)
    with folder.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two checkouts may share the folder
        install(folder, files, wanted)


def install(folder: Path, files: list[Path], wanted: str) -> None:
    """Makes the folder anew, unless it is stamped with what is wanted."""
    stamp = folder / "installed"
    if stamp.exists() and stamp.read_text() == wanted:
        return
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()

    venv.create(folder / "python", with_pip=True)
    pip = [folder / "python" / "bin" / "python", "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--require-hashes", "--requirement", files[0]], check=True)

    (folder / "node").mkdir()
    for file in files[1:]:
        shutil.copy(file, folder / "node")
    npm = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--silent"]
    subprocess.run(npm, cwd=folder / "node", check=True)
    stamp.write_text(wanted)


if __name__ == "__main__":
    main(Path(os.environ["PARTNERS_LIBRARIES"]).absolute())
