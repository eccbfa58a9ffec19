// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/sys/capabilities.h"

#include "emulation/sys/system-error.h"

#include <memory>
#include <sys/capability.h>
#include <sys/prctl.h>

namespace isb
{

namespace
{

struct CapabilityDeleter
{
    void
    operator()(cap_t set) const
    {
        cap_free(set);
    }
};

using CapabilitySet = std::unique_ptr<std::remove_pointer_t<cap_t>, CapabilityDeleter>;

} // namespace

bool
MayAdministerNetworks()
{
    const CapabilitySet own(cap_get_proc());
    cap_flag_value_t value = CAP_CLEAR;
    return own && cap_get_flag(own.get(), CAP_NET_ADMIN, CAP_EFFECTIVE, &value) == 0 &&
           value == CAP_SET;
}

void
DropCapabilities()
{
    const CapabilitySet none(cap_init()); // a new set is empty
    if (!none || cap_set_proc(none.get()) != 0)
    {
        throw SystemError("drop capabilities");
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
    {
        throw SystemError("forbid new privileges");
    }
}

} // namespace isb
