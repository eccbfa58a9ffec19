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
    user.settings.allowPunch = reader.Boolean({"punch", "true"}, Need::Optional).value_or(false);
    const LabKey predict{"predict", "true"};
    user.settings.allowPrediction = reader.Boolean(predict, Need::Optional).value_or(false);
    if (user.settings.allowPrediction && !user.settings.allowPunch)
    {
        reader.Fault(predict, " is about punching holes; add: punch = true");
    }
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
