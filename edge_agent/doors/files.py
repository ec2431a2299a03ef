"""Files of configuration and state, with errors a technician can act on."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import grp
import os
import pwd
import sys
from pathlib import Path
from urllib.parse import quote

from edge_agent.words.errors import BusyError, SettingsError, StorageError, Unavailable
from edge_agent.words.language import worded


def read_text(path: Path, what: str, remedy: str = "Is the path right?") -> str:
    """The text of a file a person maintains; SettingsError says what to do, `remedy` where there is no such file."""
    if path.is_char_device() or path.is_block_device() or path.is_fifo():
        raise SettingsError(worded("{what} {path} is a device or a pipe and no file.\n  Give a file", what=what, path=path))
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        raise SettingsError(worded("{what} {path} does not exist.\n  {remedy}", what=what, path=path, remedy=remedy)) from None
    except UnicodeDecodeError:
        raise SettingsError(worded(
            "{what} {path} is not text in UTF-8.\n"
            "  Is it the right file?",
            what=what, path=path)) from None
    except OSError as problem:
        raise SettingsError(worded(
            "cannot read {what} {path}: {strerror}.\n"
            "  Is the path right, and may this account read it?",
            what=what, path=path, strerror=problem.strerror)) from None


def read_secret(path: Path, what: str) -> str:
    """The text of a file with a password in it, which no account but owner and group may read."""
    text = read_text(path, what)
    mode = path.stat().st_mode & 0o777
    if mode & 0o007:
        raise SettingsError(worded(
            "{what}: every account can read {path} (mode {mode:o}).\n"
            "  Close it: chown root:edge-agent-uplink {path}; chmod 640 {path}",
            what=what, path=path, mode=mode))
    return text


def shipped_config() -> Path:
    """The directory of shipped profiles and the example configuration: the checkout's, or the installed one."""
    return _shipped("config")


def shipped_verifiers() -> Path:
    """The directory of the verifiers that need nothing of ours."""
    return _shipped("verifiers")


def _shipped(name: str) -> Path:
    checkout = Path(__file__).resolve().parents[2]
    return checkout / name if (checkout / "config/profiles").is_dir() else Path(sys.prefix) / "share/edge-agent" / name


def not_a_directory(path: Path) -> Path | None:
    """The path, or the one above it that is there and is no directory; None where a directory is or can be made."""
    try:
        return next((part for part in (path, *path.parents) if part.exists() and not part.is_dir()), None)
    except OSError:                     # closed to this account, or a name too long: whoever makes it is told
        return None


def unmakable(path: Path) -> str:
    """Why this account cannot make or use the directory, as the system says it; "" where it can.  Nothing is made."""
    try:
        there = next(part for part in (path, *path.parents) if os.path.lexists(part))
        about = os.statvfs(there)       # follows a link: one that leads nowhere is refused here
    except OSError as problem:
        return os.strerror(problem.errno or errno.EINVAL)
    if about.f_flag & os.ST_RDONLY:
        return os.strerror(errno.EROFS)
    if not os.access(there, os.W_OK | os.X_OK):
        return os.strerror(errno.EACCES)
    if not about.f_blocks:              # /proc, /sys: root may "write" there, and mkdir is refused
        return os.strerror(errno.EPERM)
    names = path.relative_to(there).parts
    return os.strerror(errno.ENAMETOOLONG) if any(len(os.fsencode(name)) > about.f_namemax for name in names) else ""


def make_directory(path: Path, mode: int = 0o700, key: str = "") -> None:
    """`key`: of the configuration, that says where; for the message."""
    file = not_a_directory(path)
    if file is not None:                # giving a file of someone else's to our account would be the wrong remedy
        what = "it" if file == path else str(file)
        raise StorageError(worded(
            "cannot use the directory {path}: {what} is a file.\n"
            "  Choose another directory{key}",
            path=path, what=what, key=f" ({key})" if key else ""))
    try:
        path.mkdir(mode=mode, parents=True, exist_ok=True)
        if not os.access(path, os.W_OK | os.X_OK):
            number = errno.EROFS if os.statvfs(path).f_flag & os.ST_RDONLY else errno.EACCES
            raise OSError(number, os.strerror(number))
    except OSError as problem:
        if problem.errno == errno.EROFS:        # a card that took an error; no owner helps
            raise StorageError(worded(
                "cannot write to the directory {path}: its file system is read-only.\n"
                "  Why: dmesg | tail.  A damaged card: umount, e2fsck -p, mount",
                path=path)) from None
        raise StorageError(worded(
            "cannot write to the directory {path}: {strerror}.\n"
            "  Make it, or give it to the account the agent runs as: chown edge-agent {path}",
            path=path, strerror=problem.strerror)) from None


def hold(path: Path, what: str) -> int:
    """Lock a file for as long as this process lives; BusyError when another holds it."""
    try:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as problem:
        raise StorageError(worded("cannot make the lock {path}: {strerror}", path=path, strerror=problem.strerror)) from None
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        held_by = os.read(handle, 32).decode("ascii", "replace").strip()
        os.close(handle)
        raise BusyError(worded(
            "{what} is already running on {parent} (pid {held_by}).\n"
            "  To look at it:  edge-agent status      To stop it:  systemctl stop edge-agent",
            what=what, parent=path.parent, held_by=held_by or "?")) from None
    with contextlib.suppress(OSError):      # a full disk: the lock holds all the same, only our number is not told
        os.ftruncate(handle, 0)
        os.write(handle, f"{os.getpid()}\n".encode())
    return handle


def hold_read_only(path: Path, what: str, unit: str) -> int:
    """The same by a file this account may only read, for a process that writes nothing; on a file system without locks, none."""
    handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(handle)
        raise BusyError(worded(
            "{what} is already running with {path}.\n"
            "  To look at it:  systemctl status {unit}      To stop it:  systemctl stop {unit}",
            what=what, path=path, unit=unit)) from None
    except OSError:
        pass
    return handle


def reading_uri(database: Path) -> str:
    """How SQLite opens a database that is only looked at.  Where nothing can be written beside it, a card mounted read-only,
    it needs to be told that nobody else writes; with a write-ahead log there it has to be read too, and is not told so."""
    still = not os.access(database.parent, os.W_OK) and not database.with_name(database.name + "-wal").exists()
    return f"file:{quote(str(database))}?mode=ro" + ("&immutable=1" if still else "")


WRITE_BYTES = 1 << 20               # of one write


def write_whole(path: Path, data: bytes, mode: int = 0o644) -> None:
    """Replace a file in one step: the old one or the new one is there, never half of either.  Never a device or a pipe."""
    if path.exists() and not path.is_file():
        raise StorageError(worded("cannot write {path}: it is there and is no file.\n  Name a file to make", path=path))
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
        try:
            for begin in range(0, len(data), WRITE_BYTES):
                part = data[begin : begin + WRITE_BYTES]
                if os.write(handle, part) != len(part):     # a disk that fills up may take a part
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            os.fsync(handle)
        finally:
            os.close(handle)
        beside.replace(path)
    except OSError as problem:
        with contextlib.suppress(OSError):      # half of it, on a disk that is full
            beside.unlink()
        raise StorageError(worded("cannot write {path}: {strerror}", path=path, strerror=problem.strerror)) from None


def read_through(directory: Path) -> None:
    """Read every file of a directory to its end; Unavailable where the device does not give it."""
    try:
        for path in sorted(path for path in directory.iterdir() if path.is_file()):
            with path.open("rb") as file:
                while file.read(1 << 20):
                    pass
    except OSError as problem:
        raise Unavailable(worded(
            "cannot read {filename}: {strerror}; is the disk well?",
            filename=problem.filename or directory, strerror=problem.strerror)) from None


def lend(path: Path, group: str, mode: int) -> None:
    """Open a path to the members of a group; where there is no such group (a trial), to its owner alone."""
    try:
        gid = grp.getgrnam(group).gr_gid
        os.chown(path, -1, gid)
    except (KeyError, OSError):
        path.chmod(mode & 0o700)
        return
    path.chmod(mode)


def who() -> str:
    """The account of the person who typed the command: the one behind sudo where there is one."""
    try:
        return os.environ.get("SUDO_USER") or pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return f"uid {os.getuid()}"


def free_mb(path: Path) -> int | None:
    try:
        found = os.statvfs(path)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize // (1 << 20)


def space(path: Path) -> tuple[int, int] | None:
    """(free, all) bytes of the file system a path is on; None where it does not say."""
    try:
        found = os.statvfs(path)
    except OSError:
        return None
    return found.f_bavail * found.f_frsize, found.f_blocks * found.f_frsize


def preallocate(path: Path, size: int) -> bool:
    """A file of `size` bytes that has its blocks on the disk; False where there is no room for it."""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT, 0o600)
        try:
            os.posix_fallocate(handle, 0, size)
            os.fsync(handle)
        finally:
            os.close(handle)
    except OSError:
        path.unlink(missing_ok=True)
        return False
    return True


def kernel_boot() -> str:
    """The kernel's own name of this boot; "" where it does not say."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""
