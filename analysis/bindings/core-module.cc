// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/bindings/bindings.h"

PYBIND11_MODULE(_core, module)
{
    module.doc() = R"(The core of isblab, compiled.

Times are integers in nanoseconds and never go back from one call of a machine to the next.
Packets are bytes as on the wire (network byte order), from the IPv4 header on. Addresses are
texts: "192.0.2.1", with port "192.0.2.1:80". Bad arguments raise ValueError.)";
    isb::BindLab(module);
    isb::BindNat(module);
    isb::BindIst(module);
    isb::BindPunch(module);
}
