// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/ist/ist-text.h"

#include "emulation/ist/text-table.h"

#include <algorithm>
#include <array>
#include <cstdio>
#include <string_view>
#include <utility>

namespace isb
{

namespace
{

using Align = TextTable::Align;

/// The user, once he is known.
std::string
PeerText(const IstSpliceInfo::Side& side)
{
    return side.peer.port == 0 ? "-" : side.peer.ToString();
}

/// The IST's end: "-" without a port, "*:PORT" before its address is known.
std::string
LocalText(const IstSpliceInfo::Side& side)
{
    if (side.local.port == 0)
    {
        return "-";
    }
    if (side.local.address.IsUnspecified())
    {
        return "*:" + std::to_string(side.local.port);
    }
    return side.local.ToString();
}

std::string
MethodText(const IstSpliceInfo& splice)
{
    std::string text(ToString(splice.method));
    if (splice.method != splice.requested)
    {
        text += " (was " + std::string(ToString(splice.requested)) + ")";
    }
    return text;
}

std::string
LimitsText(const SpliceLimits& limits)
{
    std::string text;
    const auto add = [&text](bool set, const std::string& words)
    {
        if (set)
        {
            text += (text.empty() ? "" : ", ") + words;
        }
    };
    add(limits.rateBps != 0, FormatDataRate({limits.rateBps}));
    add(limits.bytes != 0, FormatByteCount(limits.bytes));
    add(limits.lifetime.count() != 0, FormatDuration(limits.lifetime) + " from pairing");
    return text.empty() ? "none" : text;
}

std::string
SideText(const IstSpliceInfo::Side& side)
{
    std::string text = PeerText(side) + " -> " + LocalText(side);
    if (side.peer.port != 0)
    {
        text += ", sent " + std::to_string(side.packets) + " packets, " + RoundedBytes(side.bytes);
    }
    return text;
}

std::string
PortText(uint16_t port)
{
    return port == 0 ? "the source port that A is seen with" : "port " + std::to_string(port);
}

} // namespace

std::string
RoundedBytes(uint64_t bytes)
{
    constexpr std::array<const char*, 7> UNITS{"B", "kB", "MB", "GB", "TB", "PB", "EB"};
    size_t unit = 0;
    auto value = static_cast<double>(bytes);
    // 999.5 and more would be printed as 1000.
    while (value >= (unit == 0 ? 1000 : 999.5))
    {
        value /= 1000;
        ++unit;
    }
    const int digits = unit == 0 || value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
    std::array<char, 32> text{};
    (void)std::snprintf(text.data(), text.size(), "%.*f %s", digits, value, UNITS.at(unit));
    return text.data();
}

std::string
RoundedTime(Duration time)
{
    const int64_t milliseconds = time.count() / 1'000'000;
    const int64_t seconds = milliseconds / 1000;
    if (seconds < 1)
    {
        return std::to_string(milliseconds) + " ms";
    }
    if (seconds < 60)
    {
        return std::to_string(seconds) + "." + std::to_string(milliseconds / 100 % 10) + " s";
    }
    if (seconds < 3600)
    {
        return std::to_string(seconds / 60) + " min " + std::to_string(seconds % 60) + " s";
    }
    return std::to_string(seconds / 3600) + " h " + std::to_string(seconds / 60 % 60) + " min";
}

std::string
ListText(const std::vector<IstSpliceInfo>& splices, TimePoint now)
{
    if (splices.empty())
    {
        return "no splices; `ist splice add --help` shows how to add one\n";
    }
    TextTable table({Align::Right,
                     Align::Left,
                     Align::Left,
                     Align::Left,
                     Align::Left,
                     Align::Left,
                     Align::Left,
                     Align::Right,
                     Align::Right,
                     Align::Right});
    table.Add({"ID",
               "METHOD",
               "STATE",
               "USER A",
               "IST A",
               "USER B",
               "IST B",
               "FROM A",
               "FROM B",
               "IDLE"});
    for (const IstSpliceInfo& splice : splices)
    {
        const IstSpliceInfo::Side& a = splice.side[0];
        const IstSpliceInfo::Side& b = splice.side[1];
        table.Add({std::to_string(splice.id),
                   std::string(ToString(splice.method)),
                   std::string(splice.state),
                   PeerText(a),
                   LocalText(a),
                   PeerText(b),
                   LocalText(b),
                   RoundedBytes(a.bytes),
                   RoundedBytes(b.bytes),
                   RoundedTime(std::max(now - splice.active, Duration(0)))});
    }
    return table.ToString();
}

std::string
SpliceText(const IstSpliceInfo& splice, TimePoint now)
{
    TextTable table({Align::Left, Align::Left});
    table.Add({"splice", std::to_string(splice.id)});
    table.Add({"method", MethodText(splice)});
    table.Add({"state", std::string(splice.state)});
    table.Add({"user A", SideText(splice.side[0])});
    table.Add({"user B", SideText(splice.side[1])});
    table.Add({"limits", LimitsText(splice.limits)});
    table.Add({"label", splice.label == 0 ? "none" : std::to_string(splice.label)});
    table.Add({"age", RoundedTime(std::max(now - splice.added, Duration(0)))});
    table.Add({"idle", RoundedTime(std::max(now - splice.active, Duration(0)))});
    return table.ToString();
}

std::string
CountersText(const IstCounters& counters)
{
    TextTable table({Align::Left, Align::Right});
    const auto add = [&table](const char* name, uint64_t value) {
        table.Add({name, std::to_string(value)});
    };
    add("splices added", counters.added);
    add("splices refused", counters.refused);
    add("splices paired", counters.paired);
    add("pure became passive", counters.fallbacks);
    add("splices ended", counters.ended);
    add("packets forwarded", counters.forwarded);
    table.Add({"bytes forwarded", RoundedBytes(counters.forwardedBytes)});
    add("packets consumed", counters.consumed);
    add("packets sent itself", counters.emitted);
    std::vector<std::pair<std::string_view, uint64_t>> drops(counters.drops.begin(),
                                                             counters.drops.end());
    std::stable_sort(drops.begin(),
                     drops.end(),
                     [](const auto& one, const auto& other) { return one.second > other.second; });
    for (const auto& [reason, count] : drops)
    {
        if (count > 0)
        {
            table.Add({"dropped: " + std::string(reason), std::to_string(count)});
        }
    }
    return table.ToString();
}

std::string
NewsText(const CarrierNews& news)
{
    std::string text = "splice " + std::to_string(news.id) + ": ";
    switch (news.kind)
    {
    case CarrierNews::FirstSide:
        text += "the first user came from " + news.peer.ToString();
        if (news.port != 0)
        {
            text += "; port " + std::to_string(news.port) + " waits for the other";
        }
        break;
    case CarrierNews::Paired:
        text += "paired, both users are there";
        break;
    case CarrierNews::FellBack:
        text += "pure became passive (" + std::string(news.reason) + ")";
        break;
    case CarrierNews::Ended:
        text +=
            "ended (" + std::string(news.reason) + "), " + RoundedBytes(news.bytes) + " forwarded";
        break;
    }
    return text + "\n";
}

std::string
AddedText(const IstPair& pair, uint64_t id)
{
    std::string text = "splice " + std::to_string(id) + ": " + std::string(ToString(pair.method)) +
                       ", user A connects to " + PortText(pair.portA);
    if (pair.method == SpliceMethod::Active)
    {
        return text + ", the IST to " + pair.activeTarget.ToString() + "\n";
    }
    return text + ", user B to " + PortText(pair.portB) + "\n";
}

std::string
CapabilitiesText(const std::vector<CapabilityReport>& reports)
{
    std::string text;
    for (const CapabilityReport& report : reports)
    {
        text += (text.empty() ? "" : "\n") + report.carrier + ": " +
                (report.IsUsable() ? "can be used" : "cannot be used") + "\n";
        TextTable table({Align::Left, Align::Left, Align::Left});
        for (const Capability& one : report.capabilities)
        {
            table.Add({one.present  ? "  yes"
                       : one.needed ? "  MISSING"
                                    : "  no",
                       one.what,
                       one.detail});
        }
        text += table.ToString();
    }
    return text;
}

} // namespace isb
