// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab-draft.h"

#include <algorithm>

namespace isb
{

namespace
{

constexpr uint64_t LAST_PORT = 65535;

/// `allowed`: users, or crowds for all of theirs. Nothing of the key: open to all.
void
ReadAllowed(LabDraft& draft, TableReader& reader, ServiceRecord& record)
{
    const LabKey key{"allowed", "[\"ann\"]"};
    const auto names = reader.Texts(key, Need::Optional);
    if (!names)
    {
        return;
    }
    record.open = false;
    for (const std::string& name : *names)
    {
        const auto crowd = std::find_if(draft.lab.crowds.begin(),
                                        draft.lab.crowds.end(),
                                        [&](const LabCrowd& each) { return each.name == name; });
        if (crowd != draft.lab.crowds.end())
        {
            for (size_t i = 0; i < crowd->userCount; ++i)
            {
                record.allowed.push_back(draft.lab.users[crowd->firstUser + i].settings.user);
            }
        }
        else if (draft.world.userNames.count(name) != 0)
        {
            record.allowed.push_back(name);
        }
        else
        {
            FaultNoUser(draft, reader, key, name);
        }
    }
    constexpr size_t MOST = 256; // in one announcement
    if (record.allowed.size() > MOST)
    {
        reader.Fault(key,
                     " names " + std::to_string(record.allowed.size()) +
                         " users; nearest valid: 256, or leave it out: open to all");
    }
}

/// `on`: a peripheral in the provider's site.
std::optional<size_t>
ReadPeripheral(LabDraft& draft, TableReader& reader, const LabUser& user)
{
    const LabKey key{"on", "\"printer\""};
    const auto name = reader.Text(key, Need::Optional);
    if (!name)
    {
        return std::nullopt;
    }
    const auto found = draft.nodes.find(*name);
    if (found == draft.nodes.end() || found->second.kind != LabNode::IsHost)
    {
        if (draft.nodesComplete)
        {
            reader.Fault(key,
                         ": there is no host " + Quoted(*name) + "; " +
                             SuggestWord(*name, NodeNames(draft, LabNode::IsHost)));
        }
        return std::nullopt;
    }
    const Host& own = draft.lab.hosts[user.host];
    const Host& other = draft.lab.hosts[found->second.index];
    if (own.site != other.site && draft.nodesComplete)
    {
        const auto where = [&](const Host& host)
        { return Quoted(host.site ? draft.lab.sites[*host.site].name : std::string(INTERNET)); };
        reader.Fault(key,
                     ": " + Quoted(*name) + " stands in " + where(other) + ", the provider in " +
                         where(own) + "; a peripheral is in the provider's site");
    }
    return found->second.index;
}

void
ReadService(LabDraft& draft, const toml::table& table)
{
    TableReader reader(table, "[[service]]", draft.faults);
    const LabKey nameKey{"name", "\"web\""};
    const LabKey providerKey{"provider", "\"bob\""};
    ProvidedService service;
    const auto name = reader.Name(nameKey, Need::Required);
    const auto provider = reader.Text(providerKey, Need::Required);
    const auto port = reader.Integer({"port", "80"}, Need::Required, 1, LAST_PORT);
    const auto protocol = reader.Word({"protocol", "\"tcp\""}, Need::Optional, {"tcp", "udp"});
    service.record.protocol = protocol.value_or(0) == 1 ? Protocol::Udp : Protocol::Tcp;
    service.record.name = name.value_or("");
    service.server.port = static_cast<uint16_t>(port.value_or(0));
    ReadAllowed(draft, reader, service.record);
    const auto found = draft.world.userNames.find(provider.value_or(""));
    if (provider && found == draft.world.userNames.end())
    {
        FaultNoUser(draft, reader, providerKey, *provider);
    }
    std::optional<size_t> peripheral;
    if (found != draft.world.userNames.end())
    {
        peripheral = ReadPeripheral(draft, reader, draft.lab.users[found->second]);
    }
    else
    {
        (void)reader.Text({"on", {}}, Need::Optional);
    }
    reader.Finish();
    if (!name || !port || found == draft.world.userNames.end())
    {
        draft.world.usersComplete = false;
        return;
    }
    LabUser& user = draft.lab.users[found->second];
    if (const auto other = FindService(user, *name))
    {
        const size_t line = draft.world.serviceLines[found->second][*other];
        reader.Fault(nameKey,
                     ": " + Quoted(*provider + "/" + *name) + " is there already, in line " +
                         std::to_string(line));
        draft.world.usersComplete = false;
        return;
    }
    AddService(draft, found->second, std::move(service), peripheral, reader.Line());
}

} // namespace

void
AddService(LabDraft& draft,
           size_t user,
           ProvidedService service,
           std::optional<size_t> peripheral,
           size_t line)
{
    draft.lab.users[user].settings.provides.push_back(std::move(service));
    draft.lab.users[user].serverHosts.push_back(peripheral);
    draft.world.serviceLines[user].push_back(line);
}

void
ReadServices(LabDraft& draft, TableReader& root)
{
    const bool tables =
        root.EachTable("service", [&](const toml::table& table) { ReadService(draft, table); });
    draft.world.usersComplete = draft.world.usersComplete && tables;
}

std::optional<size_t>
FindService(const LabUser& user, const std::string& name)
{
    const auto& provides = user.settings.provides;
    const auto found = std::find_if(provides.begin(),
                                    provides.end(),
                                    [&](const auto& each) { return each.record.name == name; });
    return found == provides.end()
               ? std::nullopt
               : std::optional<size_t>(static_cast<size_t>(found - provides.begin()));
}

std::optional<std::pair<std::string, std::string>>
ReadServiceName(TableReader& reader, LabKey key, const std::string& text)
{
    const size_t slash = text.find('/');
    const std::string provider = text.substr(0, slash);
    const std::string service = slash == std::string::npos ? "" : text.substr(slash + 1);
    if (!IsLabName(provider) || !IsLabName(service))
    {
        reader.Fault(key,
                     ": " + Quoted(text) +
                         " is no service; write provider/service as in \"bob/web\"");
        return std::nullopt;
    }
    return std::make_pair(provider, service);
}

} // namespace isb
