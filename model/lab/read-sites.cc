// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab-draft.h"
#include "model/lab/read-impairment.h"

#include <algorithm>

namespace isb
{

namespace
{

/// No delay of a wire on Earth; keeps sums of delays far from the end of time.
constexpr Duration MOST_DELAY = std::chrono::seconds(10);
constexpr Duration UPLINK_DELAY = std::chrono::milliseconds(1);
constexpr DataRate BACKBONE{10'000'000'000};
constexpr DataRate LAN{1'000'000'000};

Duration
ReadDelay(TableReader& reader, LabKey key, Need need, Duration standard)
{
    const Duration delay = reader.Time(key, need).value_or(standard);
    if (delay > MOST_DELAY)
    {
        reader.Fault(key, " is absurdly long for a wire; nearest valid: \"10 s\"");
    }
    return delay;
}

void
ReadRegionName(LabDraft& draft, TableReader& reader, Access& access)
{
    const LabKey key{"region", "\"east\""};
    const auto name = reader.Text(key, Need::Optional);
    if (!name)
    {
        return;
    }
    std::vector<std::string_view> names;
    for (const RegionDraft& region : draft.world.regions)
    {
        names.push_back(region.name);
    }
    const auto found = std::find(names.begin(), names.end(), *name);
    if (found != names.end())
    {
        access.region = static_cast<size_t>(found - names.begin());
    }
    else if (draft.nodesComplete)
    {
        reader.Fault(key,
                     ": there is no [[region]] " + Quoted(*name) + "; " +
                         SuggestWord(*name, names));
    }
}

void
ReadRegion(LabDraft& draft, const toml::table& table)
{
    TableReader reader(table, "[[region]]", draft.faults);
    RegionDraft region;
    const auto name = reader.Name({"name", "\"east\""}, Need::Required);
    region.delay = ReadDelay(reader, {"delay", "\"20 ms\""}, Need::Required, Duration(0));
    region.rate = reader.Rate({"rate", "\"10 Gb/s\""}, Need::Optional).value_or(BACKBONE);
    region.line = reader.Line();
    reader.Finish();
    if (!name || !TakeName(draft, *name, reader))
    {
        draft.nodesComplete = false;
        return;
    }
    region.name = *name;
    draft.world.regions.push_back(std::move(region));
}

/// Another site, one that comes before or after this one in the text.
struct Behind
{
    size_t site;
    std::string name;
    const toml::table* table;
};

void
ReadSite(LabDraft& draft, const toml::table& table, std::vector<Behind>& behind)
{
    TableReader reader(table, "[[site]]", draft.faults);
    SiteDraft site;
    const auto name = reader.Name({"name", "\"ann-home\""}, Need::Required);
    NatDraft nat;
    ReadNat(reader, "[site.nat]", nat);
    if (reader.Has("nat"))
    {
        site.nat = std::move(nat);
    }
    site.firewall = reader.Texts({"firewall", "[\"isb\", \"ist\"]"}, Need::Optional);
    const auto outer = reader.Text({"behind", "\"carrier\""}, Need::Optional);
    if (outer)
    {
        reader.Refuse("region", "only without behind: the outer site has one");
    }
    else
    {
        ReadRegionName(draft, reader, site.access);
    }
    const Access uplink = ReadUplink(reader, USER_UPLINK);
    site.access.rate = uplink.rate;
    site.access.delay = uplink.delay;
    std::copy(std::begin(uplink.impair), std::end(uplink.impair), std::begin(site.access.impair));
    site.lan = reader.Rate({"lan", "\"1 Gb/s\""}, Need::Optional).value_or(LAN);
    site.machine = ReadMachineName(draft, reader);
    site.line = reader.Line();
    site.firewallLine = reader.LineOf("firewall");
    reader.Finish();
    if (!name || !TakeName(draft, *name, reader))
    {
        draft.nodesComplete = false;
        return;
    }
    if (outer)
    {
        behind.push_back({draft.lab.sites.size(), *outer, &table});
    }
    AddSite(draft, *name, std::move(site));
}

std::vector<std::string_view>
SiteNames(const LabDraft& draft)
{
    std::vector<std::string_view> names;
    for (const auto& [name, index] : draft.world.siteNames)
    {
        names.push_back(name);
    }
    return names;
}

void
ResolveBehind(LabDraft& draft, const Behind& behind)
{
    TableReader reader(*behind.table, "[[site]]", draft.faults);
    const LabKey key{"behind", {}};
    const auto found = draft.world.siteNames.find(behind.name);
    if (found == draft.world.siteNames.end())
    {
        if (draft.nodesComplete)
        {
            reader.Fault(key,
                         ": there is no [[site]] " + Quoted(behind.name) + "; " +
                             SuggestWord(behind.name, SiteNames(draft)));
        }
        return;
    }
    for (std::optional<size_t> outer = found->second; outer; outer = draft.lab.sites[*outer].behind)
    {
        if (*outer == behind.site)
        {
            reader.Fault(key,
                         ": " + Quoted(behind.name) + " is itself behind " +
                             Quoted(draft.lab.sites[behind.site].name) +
                             "; one of them must be joined to the internet");
            return;
        }
    }
    draft.lab.sites[behind.site].behind = found->second;
    draft.world.sites[behind.site].access.site = found->second;
}

} // namespace

size_t
AddSite(LabDraft& draft, const std::string& name, SiteDraft site)
{
    const size_t index = draft.lab.sites.size();
    draft.world.siteNames[name] = index;
    draft.lab.sites.push_back({name, 0, site.access.site});
    draft.world.sites.push_back(std::move(site));
    return index;
}

void
ReadRegions(LabDraft& draft, TableReader& root)
{
    const bool tables =
        root.EachTable("region", [&](const toml::table& table) { ReadRegion(draft, table); });
    draft.nodesComplete = draft.nodesComplete && tables;
}

void
ReadSites(LabDraft& draft, TableReader& root)
{
    std::vector<Behind> behind;
    const bool tables =
        root.EachTable("site", [&](const toml::table& table) { ReadSite(draft, table, behind); });
    draft.nodesComplete = draft.nodesComplete && tables;
    for (const Behind& each : behind)
    {
        ResolveBehind(draft, each);
    }
}

Access
ReadUplink(TableReader& reader, DataRate standard)
{
    Access access;
    access.rate = reader.Rate({"uplink", "\"20 Mb/s\""}, Need::Optional).value_or(standard);
    access.delay = ReadDelay(reader, {"uplink-delay", "\"5 ms\""}, Need::Optional, UPLINK_DELAY);
    ReadImpairments(reader, "uplink-impair", "uplink-impair-down", access.impair);
    return access;
}

Access
ReadAccess(LabDraft& draft, TableReader& reader, DataRate rate)
{
    Access access = ReadUplink(reader, rate);
    ReadRegionName(draft, reader, access);
    return access;
}

void
RefuseAccess(TableReader& reader, std::string_view why)
{
    for (const std::string_view key :
         {"region", "uplink", "uplink-delay", "uplink-impair", "uplink-impair-down"})
    {
        reader.Refuse(key, why);
    }
}

std::optional<size_t>
ReadSiteName(LabDraft& draft, TableReader& reader, LabKey key)
{
    const auto name = reader.Text(key, Need::Optional);
    if (!name || *name == INTERNET)
    {
        return std::nullopt;
    }
    const auto found = draft.world.siteNames.find(*name);
    if (found == draft.world.siteNames.end())
    {
        if (draft.nodesComplete)
        {
            std::vector<std::string_view> names = SiteNames(draft);
            names.push_back(INTERNET);
            reader.Fault(key,
                         ": there is no [[site]] " + Quoted(*name) + "; " +
                             SuggestWord(*name, names));
        }
        draft.nodesComplete = false; // whoever is meant to be there is not
        return std::nullopt;
    }
    return found->second;
}

Access
ReadInside(LabDraft& draft, TableReader& reader, std::optional<size_t> site, DataRate rate)
{
    if (!site)
    {
        return ReadAccess(draft, reader, rate);
    }
    RefuseAccess(reader, "only on the internet: inside a site there is its lan");
    Access access;
    access.site = site;
    access.rate = draft.world.sites[*site].lan;
    return access;
}

std::optional<size_t>
ReadPlace(LabDraft& draft, TableReader& reader, const std::string& name, DataRate rate, bool sites)
{
    const LabKey key{"on", "\"server\""};
    const auto on = reader.Text(key, Need::Optional);
    if (!on)
    {
        const auto site =
            sites ? ReadSiteName(draft, reader, {"site", "\"ann-home\""}) : std::nullopt;
        const Access access = ReadInside(draft, reader, site, rate);
        Host host;
        host.name = name;
        host.machine = ReadMachineName(draft, reader);
        return AddHost(draft, std::move(host), access, reader.Line());
    }
    constexpr std::string_view WHY = "only without on: that host has its own";
    RefuseAccess(reader, WHY);
    reader.Refuse("machine", WHY);
    if (sites)
    {
        reader.Refuse("site", WHY);
    }
    const auto found = draft.nodes.find(*on);
    if (found != draft.nodes.end() && found->second.kind == LabNode::IsHost)
    {
        return found->second.index;
    }
    if (draft.nodesComplete)
    {
        reader.Fault(key,
                     ": there is no host " + Quoted(*on) + "; " +
                         SuggestWord(*on, NodeNames(draft, LabNode::IsHost)));
    }
    return std::nullopt;
}

} // namespace isb
