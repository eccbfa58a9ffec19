// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab-draft.h"

#include <algorithm>

namespace isb
{

namespace
{

constexpr uint64_t MOST_USERS = 20'000;
constexpr size_t LONGEST_NAME = 24; // leaves room for "-site" and a number
constexpr std::string_view NONE = "none";
constexpr std::string_view FIREWALL = "firewall";

std::vector<std::string_view>
BarrierWords()
{
    std::vector<std::string_view> words(NAT_PRESETS.begin(), NAT_PRESETS.end());
    words.push_back(FIREWALL);
    words.push_back(NONE);
    return words;
}

void
ReadBarriers(TableReader& reader, CrowdDraft& crowd)
{
    const LabKey key{"nats", "[\"none\", \"full-cone\", \"symmetric\"]"};
    const auto words = reader.Texts(key, Need::Optional);
    crowd.nats = words.value_or(std::vector<std::string>{std::string(NONE)});
    const std::vector<std::string_view> valid = BarrierWords();
    for (const std::string& word : crowd.nats)
    {
        if (std::find(valid.begin(), valid.end(), word) == valid.end())
        {
            reader.Fault(key, " cannot hold " + Quoted(word) + "; " + SuggestWord(word, valid));
        }
    }
    if (crowd.nats.empty())
    {
        reader.Fault(key, " is empty; leave it out for users on the internet");
    }
}

void
ReadRegionNames(LabDraft& draft, TableReader& reader, CrowdDraft& crowd)
{
    const LabKey key{"regions", "[\"east\", \"west\"]"};
    const auto names = reader.Texts(key, Need::Optional);
    std::vector<std::string_view> valid;
    for (const RegionDraft& region : draft.world.regions)
    {
        valid.push_back(region.name);
    }
    for (const std::string& name : names.value_or(std::vector<std::string>{}))
    {
        const auto found = std::find(valid.begin(), valid.end(), name);
        if (found != valid.end())
        {
            crowd.regions.push_back(static_cast<size_t>(found - valid.begin()));
        }
        else if (draft.nodesComplete)
        {
            reader.Fault(key,
                         ": there is no [[region]] " + Quoted(name) + "; " +
                             SuggestWord(name, valid));
        }
    }
}

/// Where they stand.
void
ReadPlaces(LabDraft& draft, TableReader& reader, CrowdDraft& crowd)
{
    constexpr DataRate LAN{1'000'000'000};
    ReadBarriers(reader, crowd);
    const auto each = reader.Integer({"users-per-site", "4"}, Need::Optional, 1, MOST_USERS);
    crowd.usersPerSite = static_cast<uint32_t>(each.value_or(1));
    crowd.behind = ReadSiteName(draft, reader, {"behind", "\"carrier\""});
    if (crowd.behind)
    {
        reader.Refuse("regions", "only without behind: the outer site has one");
        if (std::find(crowd.nats.begin(), crowd.nats.end(), NONE) != crowd.nats.end())
        {
            reader.Fault({"behind", {}}, ": users with nats \"none\" are on the internet");
        }
    }
    else
    {
        ReadRegionNames(draft, reader, crowd);
    }
    const Access uplink = ReadUplink(reader, USER_UPLINK);
    crowd.uplink = uplink.rate;
    crowd.uplinkDelay = uplink.delay;
    crowd.lan = reader.Rate({"lan", "\"1 Gb/s\""}, Need::Optional).value_or(LAN);
}

/// A number of members; all of them without the key.
uint32_t
ReadShare(TableReader& reader, LabKey key, uint32_t count)
{
    return static_cast<uint32_t>(reader.Integer(key, Need::Optional, 1, count).value_or(count));
}

void
ReadOffer(TableReader& reader, CrowdDraft& crowd)
{
    constexpr uint64_t LAST_PORT = 65535;
    crowd.offers = reader.Name({"offers", "\"web\""}, Need::Optional).value_or("");
    if (!reader.Has("offers"))
    {
        for (const std::string_view key : {"port", "protocol", "providers"})
        {
            reader.Refuse(key, "only with offers");
        }
        return;
    }
    const auto port = reader.Integer({"port", "80"}, Need::Optional, 1, LAST_PORT);
    crowd.port = static_cast<uint16_t>(port.value_or(crowd.port));
    const auto protocol = reader.Word({"protocol", "\"tcp\""}, Need::Optional, {"tcp", "udp"});
    crowd.protocol = protocol.value_or(0) == 1 ? Protocol::Udp : Protocol::Tcp;
    crowd.providers = ReadShare(reader, {"providers", "20"}, crowd.count);
}

void
ReadLoadOfCrowd(LabDraft& draft, TableReader& crowdReader, CrowdDraft& crowd)
{
    const LabKey key{"traffic", "{ kind = \"request-response\" }"};
    const toml::table* table = crowdReader.Table(key, Need::Optional);
    if (table == nullptr)
    {
        return;
    }
    TableReader reader(*table, "[crowd.traffic]", draft.faults);
    Traffic traffic;
    const LabKey spread{"spread", "\"2 s\""};
    crowd.spread = reader.Time(spread, Need::Optional).value_or(Duration(0));
    ReadLoadTimes(draft.lab, reader, traffic);
    if (crowd.spread.count() != 0 && crowd.spread >= traffic.stop - traffic.start)
    {
        reader.Fault(spread,
                     " is as long as from start to stop; nearest valid: less than \"" +
                         FormatDuration(traffic.stop - traffic.start) + "\"");
    }
    if (ReadLoad(reader, traffic))
    {
        reader.Finish();
        crowd.traffic = traffic;
    }
    crowd.trafficLine = reader.Line();
}

void
ReadSubscribing(LabDraft& draft, TableReader& reader, CrowdDraft& crowd)
{
    const LabKey key{"subscribes-to", "\"bob/web\""};
    const auto text = reader.Text(key, Need::Optional);
    if (!text)
    {
        for (const std::string_view name : {"choose",
                                            "subscriptions-each",
                                            "subscribers",
                                            "method",
                                            "require-ist",
                                            "prepared",
                                            "patience",
                                            "traffic"})
        {
            reader.Refuse(name, "only with subscribes-to");
        }
        return;
    }
    if (const auto parts = ReadServiceName(reader, key, *text))
    {
        crowd.target = parts->first;
        crowd.targetService = parts->second;
    }
    constexpr uint64_t MOST_EACH = 64; // the broker's quota
    const auto choose =
        reader.Word({"choose", "\"random\""}, Need::Optional, {"random", "in-turn"});
    crowd.inTurn = choose.value_or(0) == 1;
    const auto each = reader.Integer({"subscriptions-each", "2"}, Need::Optional, 1, MOST_EACH);
    crowd.subscriptionsEach = static_cast<uint32_t>(each.value_or(1));
    crowd.subscribers = ReadShare(reader, {"subscribers", "20"}, crowd.count);
    ReadWish(reader, crowd.wish);
    crowd.wish.line = reader.LineOf(key.name);
    crowd.wish.where = "'subscribes-to' in [[crowd]]";
    ReadLoadOfCrowd(draft, reader, crowd);
}

void
ReadCrowd(LabDraft& draft, const toml::table& table)
{
    TableReader reader(table, "[[crowd]]", draft.faults);
    const size_t before = draft.faults.Count();
    CrowdDraft crowd;
    const LabKey nameKey{"name", "\"u\""};
    const LabKey countKey{"count", "200"};
    const auto name = reader.Name(nameKey, Need::Required);
    if (name && name->size() > LONGEST_NAME)
    {
        reader.Fault(nameKey, ": " + Quoted(*name) + " has more than 24 characters");
    }
    const auto count = reader.Integer(countKey, Need::Required, 1, MOST_USERS);
    crowd.count = static_cast<uint32_t>(count.value_or(1));
    if (draft.lab.users.size() + crowd.count > MOST_USERS)
    {
        reader.Fault(countKey,
                     " makes " + std::to_string(draft.lab.users.size() + crowd.count) +
                         " users; nearest valid: 20000 in the whole scenario");
    }
    ReadPlaces(draft, reader, crowd);
    crowd.canChoosePort =
        reader.Boolean({"can-choose-port", "true"}, Need::Optional).value_or(false);
    const LabKey logins{"logins-over", "\"10 s\""};
    crowd.loginsOver = reader.Time(logins, Need::Optional).value_or(Duration(0));
    if (crowd.loginsOver >= draft.lab.duration && draft.lab.duration.count() != 0)
    {
        reader.Fault(logins,
                     " is as long as the run; nearest valid: less than \"" +
                         FormatDuration(draft.lab.duration) + "\", the duration");
    }
    ReadOffer(reader, crowd);
    ReadSubscribing(draft, reader, crowd);
    crowd.line = reader.Line();
    reader.Finish();
    if (!name || draft.faults.Count() != before || !TakeName(draft, *name, reader))
    {
        draft.world.usersComplete = draft.nodesComplete = draft.trafficComplete = false;
        return;
    }
    crowd.name = *name;
    if (!CreateCrowd(draft, reader, crowd))
    {
        draft.world.usersComplete = draft.nodesComplete = draft.trafficComplete = false;
        return;
    }
    draft.world.crowds.push_back(std::move(crowd));
}

} // namespace

void
ReadCrowds(LabDraft& draft, TableReader& root)
{
    const bool tables =
        root.EachTable("crowd", [&](const toml::table& table) { ReadCrowd(draft, table); });
    draft.world.usersComplete = draft.world.usersComplete && tables;
    draft.nodesComplete = draft.nodesComplete && tables;
}

} // namespace isb
