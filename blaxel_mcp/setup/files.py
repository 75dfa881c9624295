"""Reading a client's file, and writing it: whole or not at all, with what it was before kept beside it."""

import contextlib
import errno
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
        ConfigurationError: it can't be read, or is no regular file: a pipe would never end, a device would be replaced.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise refusal(f"{path} can't be read: it is not a regular file.")
        return path.read_bytes()
    except FileNotFoundError:
        return None
    except OSError as error:
        raise _refused("read", path, error) from None


def write(path: Path, data: bytes, before: bytes | None, *, private: bool, now: datetime) -> Path | None:
    """Write a file in place of what is there, which must still be `before`; return where that is kept.

    A link is followed. The file has the mode and the owner that it had; one that is new, and any that is to be
    `private`, can be read by its owner alone, and so can its backup.

    Raises:
        ConfigurationError: it can't be written, or another program has written it meanwhile; no backup is left.
    """
    target = path.resolve()
    backup = None
    try:
        with contextlib.ExitStack() as made:  # what is removed again unless the file is replaced
            target.parent.mkdir(parents=True, exist_ok=True)
            _require_unchanged(path, target, before)
            status = target.stat() if before is not None else None
            mode = _PRIVATE if private or status is None else stat.S_IMODE(status.st_mode)
            descriptor, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
            made.callback(Path(name).unlink, missing_ok=True)
            os.close(descriptor)
            _fill(Path(name), data, mode, status)
            if before is not None:
                backup = _create_backup(path, now)
                made.callback(backup.unlink, missing_ok=True)
                _fill(backup, before, mode, status)
            _require_unchanged(path, target, before)  # again: what is above can take seconds on a slow disk
            Path(name).replace(target)
            made.pop_all()
    except OSError as error:
        raise _refused("write", path, error) from None
    return backup


def _require_unchanged(path: Path, target: Path, before: bytes | None) -> None:
    if read(target) != before:
        raise refusal(f"{path} was changed by another program just now; try again.")


def make_private(path: Path) -> bool:
    """Let nobody but its owner read a file; whether others could. Windows has no modes: there it does nothing."""
    if os.name == "nt" or not stat.S_IMODE(path.stat().st_mode) & _OTHERS:
        return False
    path.chmod(_PRIVATE)
    return True


def _create_backup(path: Path, now: datetime) -> Path:
    """Make an empty file beside this one, named by the time, and by a number if there were several in a second.

    Nobody but its owner can read it before `_fill` gives it its mode.
    """
    stamp = now.strftime("%Y%m%d-%H%M%S")
    for number in range(1, 1_000):
        backup = path.with_name(f"{path.name}.{stamp}{f'-{number}' if number > 1 else ''}.bak")
        with contextlib.suppress(FileExistsError):
            os.close(os.open(backup, os.O_CREAT | os.O_EXCL | os.O_WRONLY, _PRIVATE))
            return backup
    raise FileExistsError(errno.EEXIST, "there are too many backups of this second", str(path))


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
