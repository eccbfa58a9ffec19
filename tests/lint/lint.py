# SPDX-License-Identifier: GPL-2.0-or-later
"""Checks of the tree itself: who includes whom, names, licence lines, leftovers.

`lint.py RULE ROOT` prints one line a fault (file:line: what; what would be right) and exits 1 when
there is any. Rules are functions of a root directory, so that the tests can show each a bad tree.
"""

import re
import sys
from pathlib import Path

# A folder may include itself, the folders it names, and what these may include.
LAYERS = {
    "model/splice": [],
    "model/wire": ["model/splice"],
    "model/core/trace": ["model/wire"],
    "model/core/random": ["model/wire"],
    "model/core/machine": ["model/core/trace", "model/core/random"],
    "model/core/impair": ["model/core/random"],
    "model/core/stun": ["model/core/machine"],
    "model/core/punch": ["model/core/random"],
    "model/core/nat": ["model/core/trace", "model/core/random"],
    "model/core/ist": ["model/core/machine"],
    "model/core/isb": ["model/core/stun", "model/core/punch"],
    "model/core/daemon": ["model/core/stun", "model/core/punch"],
    "model/box": ["model/wire"],
    "model/lab": ["model/core/nat", "model/core/impair", "model/core/ist", "model/core/isb", "model/core/daemon",
                  "model/box"],
    "model/ns3": ["model/core/nat", "model/core/impair", "model/core/ist", "model/core/isb", "model/core/daemon",
                  "model/box"],
    "helper": ["model/ns3", "model/lab"],
    "examples": ["helper"],
    "emulation/sys": ["model/core/trace", "model/core/random"],
    "emulation/io": ["emulation/sys", "model/core/machine"],
    "emulation/natbox": ["emulation/io", "model/core/nat", "model/core/impair", "model/lab"],
    "emulation/meter": ["emulation/io", "model/core/stun", "model/core/punch"],
    "kernel/uapi": ["model/splice"],
    "kernel/bpf": ["kernel/uapi"],
    "kernel/module": ["kernel/uapi"],
    "emulation/carrier": ["emulation/io", "emulation/sys", "model/core/ist", "kernel/uapi"],
    "emulation/ist": ["emulation/io", "emulation/carrier"],
    "emulation/lab": ["emulation/io", "emulation/natbox", "emulation/carrier", "model/lab"],
    "analysis/bindings": ["model/lab"],
}

# Headers that are not ours, by layer: a regular expression of what may stand between <> or "".
STANDARD = (
    r"(algorithm|array|cassert|cctype|charconv|chrono|climits|cmath|cstddef|cstdint|cstdio|cstdlib"
    r"|cstring|deque|exception|functional|initializer_list|iterator|limits|list|map|memory|new"
    r"|numeric|optional|queue|set|stdexcept|string|string_view|system_error|tuple|type_traits"
    r"|typeinfo|unordered_map|unordered_set|utility|variant|vector)"
)
PROGRAM = r"(csignal|filesystem|fstream|iomanip|iostream|sstream|ostream|sys/resource\.h|unistd\.h)"
SYSTEM = (
    r"(arpa|linux|net|netinet|netpacket|sys)/[\w/]+\.h"
    r"|(errno|fcntl|grp|poll|pwd|pthread|sched|signal|spawn|unistd|ifaddrs)\.h|cerrno"
)
NETWORK_PROGRAM = (STANDARD + "|" + PROGRAM + "|" + SYSTEM
                   + r"|(atomic|coroutine|mutex|span|thread)|asio(/.*)?\.hpp|asio|spdlog/.*|CLI/.*"
                   r"|nlohmann/.*|sys/capability\.h")
THIRD_PARTY = {
    "model/splice": r"(stdbool|stdint|stddef|string|linux/types|linux/string|asm/byteorder|bpf/bpf_\w+"
    r"|linux/bpf)\.h",
    # isb.pb.h is made by protoc; WIRE_SCHEMA_USER alone includes it. arpa/inet.h: text of addresses.
    "model/wire": STANDARD + r"|isb\.pb\.h|arpa/inet\.h",
    "model/core/trace": STANDARD,
    "model/core/random": STANDARD,
    "model/core/machine": STANDARD,
    "model/core/impair": STANDARD,
    "model/core/stun": STANDARD,
    "model/core/punch": STANDARD,
    "model/core/nat": STANDARD,
    "model/core/isb": STANDARD,
    "model/core/daemon": STANDARD,
    "model/core/ist": STANDARD,
    "model/box": STANDARD,
    "model/lab": STANDARD + r"|toml\+\+/.*|toml\+\+\.h|sstream|nlohmann/json\.hpp",
    "model/ns3": STANDARD + r"|ns3/[a-z0-9-]+\.h",
    "helper": STANDARD + "|" + PROGRAM + r"|ns3/[a-z0-9-]+\.h|nlohmann/.*|CLI/.*",
    "examples": STANDARD + "|" + PROGRAM + r"|ns3/[a-z0-9-]+\.h",
    "emulation/sys": STANDARD + "|" + PROGRAM + "|" + SYSTEM + r"|sys/capability\.h",
    "emulation/io": NETWORK_PROGRAM,
    "emulation/natbox": NETWORK_PROGRAM,
    "emulation/meter": NETWORK_PROGRAM,
    "kernel/uapi": r"linux/(types|bpf)\.h",
    "kernel/bpf": r"linux/(bpf|pkt_cls|if_ether|ip|ipv6|icmp|icmpv6|in|in6|tcp|udp|types)\.h|bpf/bpf_\w+\.h",
    "kernel/module": r"(linux|net|asm|uapi)/[\w/-]+\.h",
    "emulation/carrier": NETWORK_PROGRAM + r"|bpf/\w+\.h|libmnl/libmnl\.h|ist-\w+\.skel\.h|sstream",
    "emulation/ist": NETWORK_PROGRAM,
    "emulation/lab": NETWORK_PROGRAM,
    "analysis/bindings": STANDARD + r"|sstream|pybind11/.*",
}
SPLICE_ENVIRONMENT = "model/splice/ist-env.h"
WIRE_SCHEMA_USER = "model/wire/isb-codec.cc"
SOURCES = (".h", ".cc", ".c", ".py")
NS3_HEADERS = Path("/usr/include/ns3")


def files(root, *suffixes):
    """Every project file with one of the suffixes, in order; build and output folders left out."""
    for path in sorted(root.rglob("*")):
        parts = path.relative_to(root).parts
        if parts[0] in ("build", "out", ".git") or "__pycache__" in parts:
            continue
        if path.is_file() and path.suffix in suffixes:
            yield path


def layer_of(relative):
    """The longest layer name that the path lies in, or None."""
    names = [name for name in LAYERS if relative.startswith(name + "/")]
    return max(names, key=len, default=None)


def reachable(layer):
    """The layer itself and all that it may include."""
    found, open_ = set(), [layer]
    while open_:
        name = open_.pop()
        if name not in found:
            found.add(name)
            open_ += LAYERS[name]
    return found


def layers(root):
    """Includes go only where LAYERS and THIRD_PARTY let them."""
    pattern = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]')
    for path in files(root, ".h", ".cc", ".c"):
        relative = path.relative_to(root).as_posix()
        layer = layer_of(relative)
        if layer is None:
            continue
        allowed = reachable(layer)
        for number, line in enumerate(path.read_text().splitlines(), 1):
            match = pattern.match(line)
            if not match:
                continue
            target = match.group(2)
            other = layer_of(target)
            if other is not None:
                if other not in allowed:
                    yield f"{relative}:{number}: {layer} may not include {other} ({target})"
            elif layer == "model/splice" and (root / "model/splice" / target).exists():
                pass  # kernel builds find the core's headers by their own folder
            elif not re.fullmatch(THIRD_PARTY[layer], target):
                yield f"{relative}:{number}: {layer} may not include {target}"
            elif layer == "model/splice" and relative != SPLICE_ENVIRONMENT:
                yield f"{relative}:{number}: only {SPLICE_ENVIRONMENT} names the environment"
            elif target == "isb.pb.h" and relative != WIRE_SCHEMA_USER:
                yield f"{relative}:{number}: only {WIRE_SCHEMA_USER} includes what protoc made"


def spdx(root):
    """The licence stands in the first two lines of every source file."""
    for path in files(root, *SOURCES):
        relative = path.relative_to(root).as_posix()
        head = "\n".join(path.read_text().splitlines()[:2])
        if "SPDX-License-Identifier: GPL-2.0-or-later" not in head:
            yield f"{relative}:1: no SPDX-License-Identifier: GPL-2.0-or-later"


def names(root):
    """Header basenames are unique, none is ns-3's (its headers are flat), guards fit the path."""
    seen = {}
    for path in files(root, ".h"):
        relative = path.relative_to(root).as_posix()
        if path.name in seen:
            yield f"{relative}:1: same basename as {seen[path.name]}"
        seen[path.name] = relative
        if (NS3_HEADERS / path.name).exists():
            yield f"{relative}:1: ns-3 has a header of this basename"
        text = path.read_text()
        if not re.search(r"^#ifndef \w+_H_?$", text, re.M) and "#pragma once" not in text:
            yield f"{relative}:1: no include guard"


def leftovers(root):
    """No notes to self, no dead code, no paths of one machine."""
    patterns = {
        r"\b(TO" r"DO|FIX" r"ME|XX" r"X|HA" r"CK)\b": "note to self",
        r"^\s*#\s*if\s+0\b": "code that is never compiled",
        r"(^|[^\w./])/(work|root|home)/": "path of one machine",
    }
    for path in files(root, *SOURCES, ".md", ".toml", ".cmake", ".txt", ".html", ".j2"):
        relative = path.relative_to(root).as_posix()
        for number, line in enumerate(path.read_text(errors="replace").splitlines(), 1):
            for pattern, what in patterns.items():
                if re.search(pattern, line) and relative != "tests/lint/lint.py":
                    yield f"{relative}:{number}: {what}"


def links(root):
    """Every relative link of the documentation leads to a file of the tree."""
    for path in files(root, ".md"):
        relative = path.relative_to(root).as_posix()
        for number, line in enumerate(path.read_text().splitlines(), 1):
            for target in re.findall(r"\]\(([^)#\s]+)", line):
                if "://" not in target and not (path.parent / target).exists():
                    yield f"{relative}:{number}: link to {target}, which does not exist"


RULES = {rule.__name__: rule for rule in (layers, spdx, names, leftovers, links)}


def main(arguments):
    if len(arguments) != 2 or arguments[0] not in RULES:
        print(f"usage: lint.py {'|'.join(RULES)} ROOT", file=sys.stderr)
        return 2
    faults = list(RULES[arguments[0]](Path(arguments[1])))
    for fault in faults:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
