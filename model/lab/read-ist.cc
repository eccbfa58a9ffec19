// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab-draft.h"

namespace isb
{

namespace
{

constexpr std::string_view ONLY_KERNEL = "only with role = \"ist-kernel\"";

/// A time of [box.ist].
struct IstTime
{
    LabKey key;
    Duration IstSettings::*field;
    bool proxyToo; ///< the application proxy has this one as well
};

const IstTime TIMES[] = {
    {{"unmatched", "\"30 s\""}, &IstSettings::unmatchedTimeout, true},
    {{"unmatched-limit", "\"5 min\""}, &IstSettings::unmatchedLimit, false},
    {{"handshake-retry", "\"1 s\""}, &IstSettings::handshakeRetry, false},
    {{"idle", "\"124 min\""}, &IstSettings::idleTimeout, true},
    {{"half-close", "\"124 min\""}, &IstSettings::halfCloseTimeout, false},
    {{"two-msl", "\"60 s\""}, &IstSettings::timeWait, false},
    {{"udp-idle", "\"5 min\""}, &IstSettings::udpIdleTimeout, true},
};

void
ReadTimes(TableReader& reader, bool kernel, IstSettings& settings)
{
    for (const IstTime& time : TIMES)
    {
        if (!kernel && !time.proxyToo)
        {
            reader.Refuse(time.key.name, ONLY_KERNEL);
            continue;
        }
        const std::optional<Duration> value = reader.Time(time.key, Need::Optional);
        if (value && value->count() == 0)
        {
            reader.Fault(time.key, " is zero: nothing would live; nearest valid: \"1 ns\"");
        }
        settings.*time.field = value.value_or(settings.*time.field);
    }
}

/// What only the splice in the kernel has, besides times.
void
ReadKernelKeys(TableReader& reader, IstSettings& settings)
{
    constexpr uint64_t MOST_RETRIES = 15;
    const auto retries =
        reader.Integer({"handshake-retries", "5"}, Need::Optional, 0, MOST_RETRIES);
    settings.handshakeRetries = static_cast<uint8_t>(retries.value_or(settings.handshakeRetries));
    const auto early = reader.Boolean({"early-data", "false"}, Need::Optional);
    settings.earlyData = early.value_or(settings.earlyData);
}

} // namespace

void
ReadIst(const toml::table* table,
        const std::string& where,
        LabFaults& faults,
        BoxRole role,
        IstSettings& settings)
{
    if (table == nullptr)
    {
        return;
    }
    constexpr uint64_t MOST_SPLICES = 1'000'000;
    TableReader reader(*table, where, faults);
    ReadTimes(reader, role == BoxRole::IstKernel, settings);
    const auto splices = reader.Integer({"max-splices", "65536"}, Need::Optional, 1, MOST_SPLICES);
    settings.maxSplices = splices.value_or(settings.maxSplices);
    if (role == BoxRole::IstKernel)
    {
        ReadKernelKeys(reader, settings);
    }
    else
    {
        reader.Refuse("handshake-retries", ONLY_KERNEL);
        reader.Refuse("early-data", ONLY_KERNEL);
    }
    reader.Finish();
}

} // namespace isb
