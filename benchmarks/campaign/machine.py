"""A virtual machine whose plug can be pulled: QEMU without hardware help, Debian's own kernel, this root shared read-write.

The guest boots in three seconds from a small initrd made here, mounts the host's root over 9p and an ext4 disk of its own, and
runs one script.  The disk either keeps what it was sent (a file), or loses whatever was not flushed (nbdkit's write-back cache).
"""

from __future__ import annotations

import os
import platform
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO

QEMU, NBDKIT, BUSYBOX = "qemu-system-x86_64", "nbdkit", "busybox"
PACKAGES = {                        # program -> Debian package
    QEMU: "qemu-system-x86", NBDKIT: "nbdkit", BUSYBOX: "busybox-static", "cpio": "cpio", "mke2fs": "e2fsprogs",
    "insmod": "kmod",
}
# in the order of their needs; the second virtio is after virtio_ring, which it takes on some kernels
MODULES = (
    "virtio", "virtio_ring", "virtio", "virtio_pci_legacy_dev", "virtio_pci_modern_dev", "virtio_pci", "virtio_blk",
    "crc16", "mbcache", "crc32c_generic", "libcrc32c", "jbd2", "ext4", "fscache", "netfs", "fscache", "9pnet", "9pnet_virtio",
    "9p",
)
MEMORY_MB = 320
INIT = """#!/bin/busybox sh
b=/bin/busybox
for m in {modules}; do [ -f /m/$m.ko ] && $b insmod /m/$m.ko 2>/dev/null; done
$b mount -t 9p -o trans=virtio,version=9p2000.L,msize=262144,cache=loose host /root || exit 1
$b mount -t proc proc /root/proc
$b mount -t devtmpfs dev /root/dev
$b mkdir -p /root/dev/shm
$b mount -t tmpfs shm /root/dev/shm
exec $b chroot /root {script}
"""


def missing() -> str:
    """Debian packages to install; "" when all is there."""
    path = f"{os.environ.get('PATH', '')}:/sbin:/usr/sbin"
    needed = [package for program, package in PACKAGES.items() if not shutil.which(program, path=path)]
    return " ".join([*needed, *([] if _kernel() else ["linux-image-amd64"])])


def cannot_run() -> str:
    """Why there can be no such machine here; "" when there can."""
    if platform.machine() != "x86_64":
        return "power cuts are tried with an x86-64 machine only"
    return "" if os.geteuid() == 0 else "the guest shares this machine's root: power cuts are tried as root"


def _kernel() -> Path | None:
    """The newest kernel with modules beside it."""
    there = [path for path in Path("/boot").glob("vmlinuz-*") if _modules(path).is_dir()]
    return max(there, key=lambda path: path.stat().st_mtime, default=None)


def _modules(kernel: Path) -> Path:
    return Path("/lib/modules") / kernel.name.removeprefix("vmlinuz-") / "kernel"


def make_initrd(at: Path, script: Path) -> None:
    kernel = _kernel()
    assert kernel is not None
    tree = at.with_suffix(".d")
    for directory in ("bin", "m", "root"):
        (tree / directory).mkdir(parents=True)
    busybox = shutil.which(BUSYBOX)
    assert busybox is not None
    shutil.copy(busybox, tree / "bin/busybox")
    for module in _modules(kernel).rglob("*.ko"):
        if module.stem in MODULES:
            shutil.copy(module, tree / "m")
    (tree / "init").write_text(INIT.format(modules=" ".join(MODULES), script=script))
    (tree / "init").chmod(0o755)
    names = "\n".join(str(path.relative_to(tree)) for path in tree.rglob("*"))
    packed = subprocess.run(["cpio", "-o", "-H", "newc"], cwd=tree, input=names.encode(), capture_output=True, check=True)
    at.write_bytes(packed.stdout)


@contextmanager
def running(where: Path, image: Path, initrd: Path, *, forgetful: bool) -> Iterator[IO[bytes]]:
    """The console of a guest that is switched on; at the end the plug is pulled, of the disk too."""
    with ExitStack() as plugs:
        drive = str(image)
        if forgetful:
            socket = where / "disk.sock"
            socket.unlink(missing_ok=True)
            disk = subprocess.Popen(
                [NBDKIT, "--foreground", "--unix", socket, "--filter=cache", "file", image, "cache=writeback"],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
            )
            plugs.callback(_pull, disk)
            _until(socket)
            drive = f"nbd+unix:///?socket={socket}"
        guest = subprocess.Popen(
            [QEMU, "-accel", "tcg", "-cpu", "max", "-m", str(MEMORY_MB), "-display", "none", "-nodefaults", "-no-reboot",
             "-serial", "stdio", "-kernel", str(_kernel()), "-initrd", initrd,
             "-append", "console=ttyS0 panic=-1 quiet loglevel=0",
             "-drive", f"file={drive},format=raw,if=virtio,cache=writeback",
             "-fsdev", "local,id=host,path=/,security_model=none,multidevs=remap",
             "-device", "virtio-9p-pci,fsdev=host,mount_tag=host"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, start_new_session=True,
        )
        plugs.callback(_pull, guest)
        assert guest.stdout is not None
        yield guest.stdout


def _until(socket: Path) -> None:
    ends = time.monotonic() + 10
    while not socket.exists() and time.monotonic() < ends:
        time.sleep(0.01)


def _pull(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
