# SPDX-License-Identifier: GPL-2.0-or-later
"""Each lint rule passes a good tree and names the fault of a bad one."""

from pathlib import Path

import pytest

import lint

ROOT = Path(__file__).resolve().parents[2]
LICENCE = "// SPDX-License-Identifier: GPL-2.0-or-later\n"
GUARD = "#ifndef A_H\n#define A_H\n#endif\n"


def tree(folder, **texts):
    for name, text in texts.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return folder


@pytest.mark.parametrize("rule", lint.RULES)
def test_this_tree_follows(rule):
    assert list(lint.RULES[rule](ROOT)) == []


BAD = {
    "core includes ns-3": ("layers", "model/core/nat/a.h", '#include "ns3/node.h"', "ns3/node.h"),
    "core includes box": ("layers", "model/core/nat/a.h", '#include "model/box/b.h"', "model/box"),
    "box includes core": ("layers", "model/box/a.h", '#include "model/core/nat/b.h"', "model/core"),
    "nat includes ist": ("layers", "model/core/nat/a.h", '#include "model/core/ist/b.h"', "ist"),
    "wire opens files": ("layers", "model/wire/a.cc", "#include <fstream>", "fstream"),
    "core starts threads": ("layers", "model/core/ist/a.cc", "#include <thread>", "thread"),
    "lab includes ns3 adapters": ("layers", "model/lab/a.h", '#include "model/ns3/b.h"', "ns3"),
    "splice names a C header": ("layers", "model/splice/a.h", "#include <stdint.h>", "ist-env.h"),
    "broker knows the daemon": ("layers", "model/core/isb/a.h", '#include "model/core/daemon/b.h"',
                                "daemon"),
    "broker knows protobuf": ("layers", "model/core/isb/a.cc", '#include "isb.pb.h"', "isb.pb.h"),
    "schema in a second place": ("layers", "model/wire/a.cc", '#include "isb.pb.h"', "isb-codec"),
    "no licence": ("spdx", "model/wire/a.h", "", "SPDX"),
    "no guard": ("names", "model/wire/a.h", "int x;", "guard"),
    "note to self": ("leftovers", "model/wire/a.h", "// TO" "DO later", "note"),
    "machine path": ("leftovers", "doc/a.md", "see /wo" "rk/x", "path"),
    "dead link": ("links", "doc/a.md", "[a](b.md)", "b.md"),
}


@pytest.mark.parametrize("name", BAD)
def test_refuses(name, tmp_path):
    rule, path, text, said = BAD[name]
    faults = list(lint.RULES[rule](tree(tmp_path, **{path: text + "\n"})))
    assert len(faults) == 1
    assert said in faults[0]
    assert faults[0].startswith(path + ":1:")


def test_two_headers_of_one_name_are_refused(tmp_path):
    tree(tmp_path, **{"model/wire/a.h": LICENCE + GUARD, "model/box/a.h": LICENCE + GUARD})
    assert ["same basename" in fault for fault in lint.names(tmp_path)] == [True]


GOOD = {
    "core uses wire through trace": ("model/core/nat/a.h", '#include "model/wire/b.h"'),
    "ns3 uses box": ("model/ns3/a.h", '#include "model/box/b.h"'),
    "lab uses box": ("model/lab/a.h", '#include "model/box/b.h"'),
}


@pytest.mark.parametrize("name", GOOD)
def test_allows(name, tmp_path):
    path, text = GOOD[name]
    assert list(lint.layers(tree(tmp_path, **{path: text + "\n"}))) == []
