# SPDX-License-Identifier: GPL-2.0-or-later
"""A Linux 6.1 guest in QEMU that runs guest-init.sh over programs and modules of the build."""

from __future__ import annotations

import re
import shutil
import subprocess
import tempfile
from pathlib import Path

__all__ = ["Guest", "MissingTool"]

#: Bytes that each TCP user sends, and the sender over UDP.
BYTES = 20 * 1024 * 1024
WATCHDOG_SECONDS = 540
HERE = Path(__file__).parent


class MissingTool(Exception):
    """Something that the guest is made of is not on this machine."""


class Guest:
    """The guest's parts, and what it printed.

    Args:
        cache: folder for the kernel image, kept from run to run.
        release: of the kernel that the module is for, "6.1.0-56-cloud-amd64".
        module: isblab-ist.ko.
        programs: of the build, to be run in the guest.
    """

    def __init__(self, cache: Path, release: str, module: Path, programs: list[Path]):
        self.cache = cache
        self.release = release
        self.module = module
        self.programs = programs

    def run(self) -> str:
        """Boot, run the cases, power off. What the guest printed."""
        image = self._image()
        with tempfile.TemporaryDirectory(prefix="ist-guest-") as folder:
            initramfs = self._initramfs(Path(folder), image)
            command = [self._tool("qemu-system-x86_64", "qemu-system-x86"), "-M", "q35",
                       "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", "768",
                       "-nographic", "-no-reboot", "-nic", "none",
                       "-kernel", str(next((image / "boot").glob("vmlinuz-*"))),
                       "-initrd", str(initramfs), "-append",
                       f"console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off ist_bytes={BYTES}"]
            try:
                printed = subprocess.run(command, capture_output=True, timeout=WATCHDOG_SECONDS,
                                         stdin=subprocess.DEVNULL, check=False).stdout
            except subprocess.TimeoutExpired as late:
                printed = late.stdout or b""
        return printed.decode(errors="replace").replace("\r", "")

    @staticmethod
    def _tool(name: str, package: str) -> str:
        path = shutil.which(name, path="/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin")
        if not path:
            raise MissingTool(f"{name} is missing (Debian package {package})")
        return path

    def _image(self) -> Path:
        """The kernel's package, unpacked."""
        package = f"linux-image-{self.release}"
        image = self.cache / package
        if (image / "boot").is_dir():
            return image
        self.cache.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=self.cache) as folder:
            download = ["apt-get", "-o", "APT::Sandbox::User=root", "download", package]
            done = subprocess.run(download, cwd=folder, capture_output=True, text=True, check=False)
            if done.returncode != 0:  # the lists may be old, or not there
                subprocess.run(["apt-get", "update", "-qq"], capture_output=True, check=False)
                done = subprocess.run(download, cwd=folder, capture_output=True, text=True,
                                      check=False)
            if done.returncode != 0:
                raise MissingTool(f"{package} cannot be downloaded: {done.stderr.strip()}")
            deb = next(Path(folder).glob("*.deb"))
            unpacked = Path(folder) / "unpacked"
            subprocess.run(["dpkg-deb", "-x", deb, unpacked], check=True)
            unpacked.rename(image)
        return image

    def _initramfs(self, folder: Path, image: Path) -> Path:
        """busybox, `ip`, our programs with their libraries, and the modules."""
        root = folder / "root"
        for name in ("bin", "sbin", "host", "modules"):
            (root / name).mkdir(parents=True)
        shutil.copy(self._tool("busybox", "busybox-static"), root / "bin/busybox")
        shutil.copy(self._tool("ip", "iproute2"), root / "host/ip")
        for program in (root / "host/ip", *self.programs):
            if not program.is_relative_to(root):
                shutil.copy(program, root / "bin")
            self._copy_libraries(program, root)
        modules = image / "lib/modules" / self.release
        for name in ("drivers/net/veth", "net/sched/sch_ingress", "net/sched/cls_bpf"):
            shutil.copy(modules / f"kernel/{name}.ko", root / "modules")
        shutil.copy(self.module, root / "modules")
        subprocess.run(["strip", "--strip-debug", root / "modules" / self.module.name], check=True)
        shutil.copy(HERE / "guest-init.sh", root / "init")
        (root / "init").chmod(0o755)
        archive = folder / "initramfs"
        names = "\n".join(str(path.relative_to(root)) for path in sorted(root.rglob("*")))
        with archive.open("wb") as out:
            subprocess.run([self._tool("cpio", "cpio"), "--quiet", "-o", "-H", "newc"], cwd=root,
                           input=names.encode(), stdout=out, check=True)
        return archive

    @staticmethod
    def _copy_libraries(program: Path, root: Path) -> None:
        listed = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
        for library in re.findall(r"(/\S+) \(0x", listed):
            target = root / library.lstrip("/")
            target.parent.mkdir(parents=True, exist_ok=True)
            if not target.exists():
                shutil.copy(Path(library).resolve(), target)
