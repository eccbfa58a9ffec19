// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/ist/nearness-echo.h"

#include <cstring>

namespace isb
{

namespace
{

constexpr uint64_t MOST_PER_SECOND = 2000;
constexpr Duration BURST = std::chrono::seconds(10); ///< 20,000: a crowd that logs in at once
constexpr uint16_t FIRST_USER_PORT = 1024;

} // namespace

NearnessEcho::NearnessEcho(uint16_t pingPort)
    : m_pingPort(pingPort),
      m_rate(MOST_PER_SECOND, BURST)
{
}

std::string_view
NearnessEcho::Refusal(TimePoint now, const Endpoint& from, ByteView bytes)
{
    if (bytes.size != SIZE || std::memcmp(bytes.data, MAGIC.data(), MAGIC.size()) != 0)
    {
        return "ist.no-echo-request";
    }
    if (from.port < FIRST_USER_PORT || from.port == m_pingPort)
    {
        return "ist.echo-of-echo";
    }
    if (!m_rate.Admits(now))
    {
        return "ist.echo-limit";
    }
    m_rate.Charge(now, 1);
    return {};
}

} // namespace isb
