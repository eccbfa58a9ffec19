// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/ist/network-devices.h"

#include "emulation/sys/system-error.h"
#include "model/wire/nearest-word.h"

#include <algorithm>
#include <memory>
#include <net/if.h>
#include <string_view>

namespace isb
{

std::vector<std::string>
NetworkDevices()
{
    struct Free
    {
        void
        operator()(struct if_nameindex* list) const
        {
            if_freenameindex(list);
        }
    };

    const std::unique_ptr<struct if_nameindex, Free> list(if_nameindex());
    if (!list)
    {
        throw SystemError("list the network devices");
    }
    std::vector<std::string> names;
    for (const struct if_nameindex* one = list.get(); one->if_index != 0; ++one)
    {
        names.emplace_back(one->if_name);
    }
    return names;
}

std::optional<std::string>
UnknownDevice(const std::vector<std::string>& wanted)
{
    const std::vector<std::string> here = NetworkDevices();
    for (const std::string& device : wanted)
    {
        if (std::find(here.begin(), here.end(), device) == here.end())
        {
            return "there is no device " + Quoted(device) + " in this network namespace; " +
                   SuggestWord(device, std::vector<std::string_view>(here.begin(), here.end()));
        }
    }
    return std::nullopt;
}

} // namespace isb
