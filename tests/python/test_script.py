# SPDX-License-Identifier: GPL-2.0-or-later
"""The script ./isblab: packages, configuring, building; apt, dpkg, cmake and ninja are stand-ins
that write down how they were called."""

import shutil
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
NEEDED_TOOLS = ("bash", "cat", "cksum", "comm", "cut", "dirname", "echo", "env", "flock", "grep",
                "mkdir", "readlink", "sed", "sort", "tail", "touch", "xargs")

# INSTALLED holds what dpkg knows; CALLS is the log.
STAND_INS = {
    "dpkg-query": 'shift 3; for name; do grep -qx "$name" "$INSTALLED" && echo "ii $name"; done; '
                  "true",
    "apt-get": 'echo "apt-get $*" >> "$CALLS"\n'
               'case "$1" in update) exit "${APT_UPDATE:-0}" ;; esac\n'
               'for word; do case "$word" in -* | install | Dpkg::*) ;; '
               '*) echo "$word" >> "$INSTALLED" ;; esac; done',
    "sudo": 'echo "sudo" >> "$CALLS"; exec "$@"',
    "id": 'echo "${USER_ID:-0}"',
    "cmake": 'echo "cmake $*" >> "$CALLS"; mkdir -p "$2/build/release"\n'
             'cd "$2/build/release"; touch build.ninja\n'
             'for word; do case "$word" in -DISB_TESTS=*) '
             'echo "ISB_TESTS:BOOL=${word#*=}" > CMakeCache.txt ;; esac; done\n'
             'echo "ISB_HAS_EMULATION:INTERNAL=ON" >> CMakeCache.txt\n'
             'echo "ISB_HAS_BPF:INTERNAL=ON" >> CMakeCache.txt\n'
             'echo "ISB_MODULE:INTERNAL=isblab-ist.ko" >> CMakeCache.txt',
    "ninja": 'echo "ninja $*" >> "$CALLS"\n'
             'case "$*" in *" -n "*) echo "${NINJA_SAYS:-[1/9] Building}" ;; esac',
}


class Machine:
    """A tree with the script in it, on a machine with stand-ins only."""

    def __init__(self, folder: Path):
        self.tree = folder / "tree"
        self.tools = folder / "tools"
        self.calls_file = folder / "calls"
        self.installed = folder / "installed"
        (self.tree / "analysis" / "isblab").mkdir(parents=True)
        shutil.copy(ROOT / "isblab", self.tree)
        (self.tree / "analysis" / "isblab" / "__main__.py").write_text(
            "import os, sys; print('started', sys.argv[1:], os.environ['ISBLAB_BUILD'])")
        self.tools.mkdir()
        for tool in NEEDED_TOOLS:
            (self.tools / tool).symlink_to(shutil.which(tool))
        for tool, body in STAND_INS.items():
            path = self.tools / tool
            path.write_text(f"#!/bin/bash\n{body}\n")
            path.chmod(0o755)
        self.installed.write_text("")
        self.calls_file.write_text("")

    def run(self, *arguments, script=None, cwd="/", **environment):
        """Run the script; returns the finished process."""
        return subprocess.run(
            [script or self.tree / "isblab", *arguments], cwd=cwd, capture_output=True, text=True,
            env={"PATH": str(self.tools), "INSTALLED": str(self.installed),
                 "CALLS": str(self.calls_file), **environment}, check=False)

    def calls(self, program):
        """How a stand-in was called, one a line, since the last look."""
        return [line for line in self.calls_file.read_text().splitlines()
                if line.startswith(program)]

    def forget_calls(self):
        self.calls_file.write_text("")


@pytest.fixture
def machine(tmp_path):
    return Machine(tmp_path)


def test_missing_packages_are_named_and_installed_once(machine):
    done = machine.run("run", "x.toml")
    assert done.returncode == 0
    assert "missing Debian packages: " in done.stderr
    assert "libns3-dev" in done.stderr
    update, install = machine.calls("apt-get")
    assert update.startswith("apt-get update")
    assert "--no-install-recommends" in install
    assert {"g++", "cmake", "libns3-dev", "python3"} <= set(install.split())
    assert "libgtest-dev" not in install
    assert "started ['run', 'x.toml']" in done.stdout

    machine.forget_calls()
    assert machine.run("run", "x.toml").returncode == 0
    assert not machine.calls("apt-get")


def test_only_what_is_missing_is_installed(machine):
    machine.run("run", "x.toml")
    machine.forget_calls()
    machine.run("test")
    installs = [call for call in machine.calls("apt-get") if " install " in call]
    assert any("libgtest-dev" in call for call in installs)
    assert any("libasio-dev" in call for call in installs)
    assert not any("libns3-dev" in call for call in installs)


def test_the_tests_want_root_before_anything_is_done(machine):
    done = machine.run("test", USER_ID="1000")
    assert done.returncode == 3
    assert "sudo ./isblab test" in done.stderr
    assert not machine.calls_file.read_text()


def test_nothing_is_fetched_when_all_is_there(machine):
    needed = machine.run("packages").stdout.splitlines()[0].split()[1:]
    machine.installed.write_text("\n".join(needed) + "\n")
    done = machine.run("test")
    assert done.returncode == 0
    assert "missing" not in done.stderr
    assert not machine.calls("apt-get")


def test_packages_prints_and_installs_nothing(machine):
    needed, missing = machine.run("packages").stdout.splitlines()
    assert sorted(needed.split()[1:]) == sorted(missing.split()[1:])
    assert not machine.calls_file.read_text()


def test_another_user_than_root_installs_with_sudo(machine):
    assert machine.run("run", "x.toml", USER_ID="1000").returncode == 0
    assert len(machine.calls("sudo")) == 2


@pytest.mark.parametrize(("remove", "environment", "complaint"), [
    ("sudo", {"USER_ID": "1000"}, "installing needs root: run as root, or: apt-get install "),
    ("apt-get", {}, "no apt-get here"),
    ("dpkg-query", {}, "no dpkg here: install the equivalents of: g++"),
    (None, {"APT_UPDATE": "100"}, "apt-get update failed: is there a network"),
])
def test_what_hinders_an_installation_is_said(machine, remove, environment, complaint):
    if remove:
        (machine.tools / remove).unlink()
    done = machine.run("run", "x.toml", **environment)
    assert done.returncode == 3
    assert complaint in done.stderr.splitlines()[-1]
    assert not machine.calls("cmake")
    assert not list((machine.tree).glob("build/.packages*"))


def test_the_look_at_packages_can_be_skipped(machine):
    (machine.tools / "dpkg-query").unlink()
    assert machine.run("run", "x.toml", ISBLAB_PACKAGES="skip").returncode == 0


@pytest.mark.parametrize("arguments", [(), ("help",), ("--help",), ("figures", "--help"), ("list",),
                                       ("figrues",)])
def test_help_and_mistakes_need_no_packages_and_no_build(machine, arguments):
    done = machine.run(*arguments)
    assert done.returncode == 0
    assert f"started {list(arguments)}" in done.stdout
    assert not machine.calls_file.read_text()


@pytest.mark.parametrize(("command", "targets"), [
    ("run", "isblab-sim isblab_python"), ("figures", "isblab-sim isblab_python"),
    ("check", "isblab-sim isblab_python"), ("test", "all"),
    ("bench", "isblab-sim natbox bench_splice bench_ist bench_ns3 bench_nat"),
    ("conformance", "test_nat_conformance"), ("natbox", "natbox"), ("meter", "isblab-meter"),
    ("grid --world netns", "isblab-sim isblab-netns isblab_python"),
    ("run x.toml --world=netns", "isblab-sim isblab-netns isblab_python"),
])
def test_a_command_builds_what_it_needs(machine, command, targets):
    machine.run(*command.split())
    assert machine.calls("ninja")[-1].endswith(f" {targets}")


def test_what_is_up_to_date_is_neither_configured_nor_built(machine):
    machine.run("run", "x.toml")
    machine.forget_calls()
    machine.run("run", "x.toml", NINJA_SAYS="ninja: no work to do.")
    assert not machine.calls("cmake")
    assert len(machine.calls("ninja")) == 1
    assert " -n " in machine.calls("ninja")[0]


def test_tests_are_configured_when_first_asked_for(machine):
    machine.run("run", "x.toml")
    assert "-DISB_TESTS=OFF" in machine.calls("cmake")[0]
    machine.forget_calls()
    machine.run("test")
    assert "-DISB_TESTS=ON" in machine.calls("cmake")[0]
    machine.forget_calls()
    machine.run("run", "x.toml")
    machine.run("test")
    assert not machine.calls("cmake")


def test_the_script_runs_from_anywhere_and_through_a_link(machine, tmp_path):
    link = tmp_path / "link"
    link.symlink_to(machine.tree / "isblab")
    done = machine.run("list", script=link, cwd=tmp_path)
    assert f"{machine.tree}/build/release" in done.stdout


def test_a_failing_build_is_reported(machine):
    (machine.tools / "ninja").write_text("#!/bin/bash\nexit 1\n")
    done = machine.run("run", "x.toml")
    assert done.returncode == 3
    assert "the build failed" in done.stderr
    assert "started" not in done.stdout

