// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab-draft.h"

namespace isb
{

namespace
{

/// Ports below belong to privileged programs; a daemon has no privilege.
constexpr uint64_t FIRST_FREE = 1024;
constexpr uint64_t LAST_PORT = 65535;

void
ReadListenPort(LabDraft& draft, TableReader& reader, DaemonSettings& settings)
{
    const LabKey key{"listen-port", "7471"};
    const auto port = reader.Integer(key, Need::Optional, 0, LAST_PORT);
    if (port && *port != 0 && *port < FIRST_FREE)
    {
        reader.Fault(key,
                     " is " + std::to_string(*port) +
                         "; a daemon has no privilege, nearest valid: 1024, or 0 for none");
    }
    draft.world.listenGiven.push_back(port.has_value());
    settings.listenPort = static_cast<uint16_t>(port.value_or(settings.listenPort));
}

/// `subscribes`: kept until all services are known.
void
ReadWishes(LabDraft& draft, TableReader& reader)
{
    const LabKey key{"subscribes", "[\"bob/web\"]"};
    const auto texts = reader.Texts(key, Need::Optional);
    for (const std::string& text : texts.value_or(std::vector<std::string>{}))
    {
        const auto service = ReadServiceName(reader, key, text);
        draft.world.usersComplete = draft.world.usersComplete && service;
        if (service)
        {
            WishDraft wish;
            wish.user = draft.lab.users.size();
            wish.provider = service->first;
            wish.service = service->second;
            wish.line = reader.LineOf(key.name);
            wish.where = "'subscribes' in [[user]]";
            draft.world.wishes.push_back(std::move(wish));
        }
    }
}

/// What may be done with the user's NAT, and by it (thesis 3.6.3).
void
ReadNatKeys(TableReader& reader, DaemonSettings& settings)
{
    settings.allowPunch = reader.Boolean({"punch", "true"}, Need::Optional).value_or(false);
    const LabKey predict{"predict", "true"};
    settings.allowPrediction = reader.Boolean(predict, Need::Optional).value_or(false);
    if (settings.allowPrediction && !settings.allowPunch)
    {
        reader.Fault(predict, " is about punching holes; add: punch = true");
    }
    settings.natTest = reader.Boolean({"nat-test", "true"}, Need::Optional).value_or(false);
    settings.volunteer = reader.Boolean({"volunteer", "true"}, Need::Optional).value_or(false);
    if (!settings.volunteer)
    {
        for (const std::string_view key : {"volunteer-rate", "volunteer-connections"})
        {
            reader.Refuse(key, "only with volunteer = true");
        }
        return;
    }
    constexpr uint64_t MOST_CONNECTIONS = 10'000;
    const LabKey rate{"volunteer-rate", "\"1 Mb/s\""};
    settings.volunteerRate = reader.Rate(rate, Need::Optional).value_or(settings.volunteerRate);
    const auto connections =
        reader.Integer({"volunteer-connections", "4"}, Need::Optional, 1, MOST_CONNECTIONS);
    settings.volunteerConnections =
        static_cast<uint32_t>(connections.value_or(settings.volunteerConnections));
}

void
ReadUser(LabDraft& draft, const toml::table& table)
{
    TableReader reader(table, "[[user]]", draft.faults);
    LabUser user;
    const auto name = reader.Name({"name", "\"ann\""}, Need::Required);
    const bool free = name && TakeName(draft, *name, reader);
    const auto host = ReadPlace(draft, reader, free ? *name : "", USER_UPLINK, true);
    const size_t wishes = draft.world.wishes.size();
    ReadWishes(draft, reader);
    user.settings.canChoosePort =
        reader.Boolean({"can-choose-port", "true"}, Need::Optional).value_or(false);
    ReadNatKeys(reader, user.settings);
    const LabKey login{"login", "\"2 s\""};
    user.start = reader.Time(login, Need::Optional).value_or(TimePoint(0));
    if (user.start >= draft.lab.duration && draft.lab.duration.count() != 0)
    {
        reader.Fault(login,
                     " lies after the end of the run; nearest valid: before \"" +
                         FormatDuration(draft.lab.duration) + "\", the duration");
    }
    const size_t before = draft.world.listenGiven.size();
    ReadListenPort(draft, reader, user.settings);
    reader.Finish();
    if (!free || !host)
    {
        draft.world.listenGiven.resize(before);
        draft.world.wishes.resize(wishes);
        draft.nodesComplete = draft.world.usersComplete = false;
        return;
    }
    user.settings.user = *name;
    user.host = *host;
    draft.world.userNames[*name] = draft.lab.users.size();
    draft.world.userLines.push_back(reader.Line());
    draft.world.serviceLines.emplace_back();
    draft.world.wishLines.emplace_back();
    draft.lab.users.push_back(std::move(user));
}

} // namespace

void
ReadUsers(LabDraft& draft, TableReader& root)
{
    const bool tables =
        root.EachTable("user", [&](const toml::table& table) { ReadUser(draft, table); });
    draft.world.usersComplete = draft.world.usersComplete && tables;
    draft.nodesComplete = draft.nodesComplete && tables;
}

void
FaultNoUser(LabDraft& draft, TableReader& reader, LabKey key, const std::string& name)
{
    if (!draft.world.usersComplete)
    {
        return;
    }
    std::vector<std::string_view> names;
    for (const auto& [each, index] : draft.world.userNames)
    {
        names.push_back(each);
    }
    reader.Fault(key, ": there is no [[user]] " + Quoted(name) + "; " + SuggestWord(name, names));
}

} // namespace isb
