// SPDX-License-Identifier: GPL-2.0-or-later
// Arbitrary packets into the module's packet logic with one open pair of each method: records of
// one byte method and time, one byte length, packet bytes. The sanitizers watch; in the end nothing
// may be left in the tables.
#include "tests/kernel/module/stand-in/module-stand-in.h"

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace
{

void
Demand(bool condition)
{
    if (!condition)
    {
        std::abort();
    }
}

void
OpenPairs(ist_host* host)
{
    for (uint8_t method = IST_METHOD_PASSIVE; method <= IST_METHOD_UDP; ++method)
    {
        ist_order order{};
        order.method = method;
        order.port[0] = static_cast<uint16_t>(5001 + 2 * method);
        order.port[1] = static_cast<uint16_t>(5002 + 2 * method);
        if (method == IST_METHOD_ACTIVE)
        {
            order.target.family = IST_FAMILY_IPV4;
            ist_address_set_ipv4(&order.target.address, 0xc0000202);
            order.target.port = 80;
        }
        uint64_t id = 0;
        const char* why = nullptr;
        Demand(ist_stand_in_add(host, &order, 0, nullptr, 0, &id, &why) == 0);
    }
}

void
CheckSent(void* /*context*/, const uint8_t* bytes, size_t length)
{
    Demand(length >= 20 && (bytes[0] >> 4 == 4 || bytes[0] >> 4 == 6));
}

} // namespace

extern "C" int
LLVMFuzzerTestOneInput(const uint8_t* data, size_t size)
{
    ist_settings core;
    ist_settings_default(&core);
    core.reuse = 0;
    ist_host* host = ist_stand_in_create(&core, CheckSent, nullptr);
    OpenPairs(host);
    while (size > 2)
    {
        const size_t length = std::min<size_t>(data[1], size - 2);
        unsigned int reason = 0;
        ist_stand_in_advance(host, uint64_t{data[0]} * 100000000U);
        const auto path = ist_stand_in_give(host, data + 2, length, &reason);
        Demand(path <= IST_STAND_IN_HELD && reason < IST_REASONS);
        data += 2 + length;
        size -= 2 + length;
    }
    Demand(ist_stand_in_destroy(host) == 0);
    return 0;
}
