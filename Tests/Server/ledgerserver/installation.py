"""Where the binary is, and folders for what a run leaves behind."""
import contextlib
import os
import pathlib
import shutil
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[3]
"""The checkout."""

BINARY = os.environ.get("BINCARD", str(ROOT / ".build/release/bincard"))
"""The program that is looked at: the release build, unless the environment names another."""


@contextlib.contextmanager
def scratch_folder(name, keep=False):
    """A temporary folder that is gone afterwards; with `keep` it stays after a failure, and its path is printed."""
    folder = tempfile.mkdtemp(prefix=f"bincard-{name}-")
    os.chmod(folder, 0o755)  # PostgreSQL's user has to get through it.
    try:
        yield pathlib.Path(folder)
    except BaseException:
        if keep:
            print(f"what is left is in {folder}", flush=True)
        else:
            shutil.rmtree(folder, ignore_errors=True)
        raise
    shutil.rmtree(folder, ignore_errors=True)
