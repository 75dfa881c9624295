"""Reading a client's file, and writing it: whole or not at all, with what it was before kept beside it."""

import contextlib
import os
import stat
import tempfile
from datetime import datetime
from pathlib import Path

from blaxel_mcp.errors import ConfigurationError
from blaxel_mcp.setup.problems import refusal

_PRIVATE = 0o600
_OTHERS = 0o077


def read(path: Path) -> bytes | None:
    """Read a file; None if there is none.

    Raises:
        ConfigurationError: it can't be read.
    """
    try:
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refused("read", path, error) from None


def write(path: Path, data: bytes, before: bytes | None, *, private: bool, now: datetime) -> Path | None:
    """Write a file in place of what is there, which must still be `before`; return where that is kept.

    A link is followed. The file has the mode and the owner that it had; one that is new, and any that is to be
    `private`, can be read by its owner alone.

    Raises:
        ConfigurationError: it can't be written, or another program has written it meanwhile.
    """
    target = path.resolve()
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if read(target) != before:
            raise refusal(f"{path} was changed by another program just now; try again.")
        status = target.stat() if before is not None else None
        mode = _PRIVATE if private or status is None else stat.S_IMODE(status.st_mode)
        backup = None
        if before is not None:
            backup = _free_name(path, now)
            _create(backup, before, mode, status)
        descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
        os.close(descriptor)
        try:
            _fill(Path(name), data, mode, status)
            Path(name).replace(target)
        except BaseException:
            Path(name).unlink()
            raise
    except OSError as error:
        raise _refused("write", path, error) from None
    return backup


def make_private(path: Path) -> bool:
    """Let nobody but its owner read a file; whether others could. Windows has no modes: there it does nothing."""
    if os.name == "nt" or not stat.S_IMODE(path.stat().st_mode) & _OTHERS:
        return False
    path.chmod(_PRIVATE)
    return True


def _free_name(path: Path, now: datetime) -> Path:
    """A name beside the file that says when; with a number if there were several in a second."""
    stamp = now.strftime("%Y%m%d-%H%M%S")
    for number in range(1, 1_000):
        backup = path.with_name(f"{path.name}.{stamp}{f'-{number}' if number > 1 else ''}.bak")
        if not backup.exists():
            return backup
    raise FileExistsError(0, "there are too many backups of this second", str(path))


def _create(path: Path, data: bytes, mode: int, status: os.stat_result | None) -> None:
    """Make a file that is not there; nobody else can read it before it has its mode."""
    os.close(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _PRIVATE))
    _fill(path, data, mode, status)


def _fill(path: Path, data: bytes, mode: int, status: os.stat_result | None) -> None:
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    if status is not None and hasattr(os, "chown"):
        with contextlib.suppress(OSError):  # another user's file, in a folder that this one may write to
            os.chown(path, status.st_uid, status.st_gid)
    path.chmod(mode)


def _refused(what: str, path: Path, error: OSError) -> ConfigurationError:
    return refusal(f"{path} can't be {'read' if what == 'read' else 'written'}: {error.strerror}.")
