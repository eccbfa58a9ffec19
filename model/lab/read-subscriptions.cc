// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/lab/lab-draft.h"

#include <algorithm>

namespace isb
{

namespace
{

constexpr uint64_t FIRST_FREE = 1024;
constexpr uint64_t LAST_PORT = 65535;

/// In the order of ServicePath, from 1.
const std::vector<std::string_view> WAYS{"direct", "reversed", "translated", "punched"};
const std::vector<std::string_view> METHODS{"proxy", "active", "passive", "pure", "udp"};

/// The user and service that a wish names; nothing (a fault) when there is no such service.
std::optional<std::pair<size_t, size_t>>
FindWish(LabDraft& draft, const WishDraft& wish)
{
    const auto provider = draft.world.userNames.find(wish.provider);
    if (provider == draft.world.userNames.end())
    {
        if (draft.world.usersComplete)
        {
            std::vector<std::string_view> names;
            for (const auto& [name, index] : draft.world.userNames)
            {
                names.push_back(name);
            }
            draft.faults.Add(wish.line,
                             wish.where + ": there is no [[user]] " + Quoted(wish.provider) + "; " +
                                 SuggestWord(wish.provider, names));
        }
        return std::nullopt;
    }
    const LabUser& user = draft.lab.users[provider->second];
    const auto service = FindService(user, wish.service);
    if (!service)
    {
        if (draft.world.usersComplete)
        {
            std::vector<std::string_view> names;
            for (const ProvidedService& each : user.settings.provides)
            {
                names.push_back(each.record.name);
            }
            draft.faults.Add(wish.line,
                             wish.where + ": " + Quoted(wish.provider) + " has no [[service]] " +
                                 Quoted(wish.service) + "; " + SuggestWord(wish.service, names));
        }
        return std::nullopt;
    }
    return std::make_pair(provider->second, *service);
}

/// The method as the protocol has it; nothing (a fault) when it has not.
std::optional<ForwardingMethod>
MethodFor(LabDraft& draft, const WishDraft& wish, Protocol protocol)
{
    const ForwardingMethod method = wish.wanted.method;
    const bool udp = protocol == Protocol::Udp;
    if (wish.anyMethod)
    {
        return udp ? ForwardingMethod::Udp : ForwardingMethod::Passive;
    }
    const bool both = method == ForwardingMethod::Proxy;
    if (!both && udp != (method == ForwardingMethod::Udp))
    {
        draft.faults.Add(
            wish.line,
            wish.where + ": method '" + std::string(ToString(method)) +
                "' is not for a service of protocol '" + std::string(ToString(protocol)) +
                "'; valid: " + (udp ? "'udp', 'proxy'" : "'passive', 'pure', 'active', 'proxy'"));
        return std::nullopt;
    }
    return method;
}

/// `ways`: none twice, and an order that is about them alone.
void
ReadWays(TableReader& reader, WantedService& wanted)
{
    const LabKey key{"ways", "[\"direct\", \"punched\", \"translated\"]"};
    const auto texts = reader.Texts(key, Need::Optional);
    if (texts && texts->empty())
    {
        reader.Fault(key, " is empty: nothing could be tried; leave it out for the usual order");
    }
    for (const std::string& text : texts.value_or(std::vector<std::string>{}))
    {
        const auto word = std::find(WAYS.begin(), WAYS.end(), text);
        if (word == WAYS.end())
        {
            reader.Fault(key, ": " + Quoted(text) + " is no way; " + SuggestWord(text, WAYS));
            continue;
        }
        const auto way = static_cast<ServicePath>(1 + (word - WAYS.begin()));
        if (std::find(wanted.ways.begin(), wanted.ways.end(), way) != wanted.ways.end())
        {
            reader.Fault(key, " names " + Quoted(text) + " twice");
            continue;
        }
        wanted.ways.push_back(way);
    }
    wanted.predictPorts = reader.Boolean({"predict", "true"}, Need::Optional).value_or(false);
}

void
ReadSubscription(LabDraft& draft, const toml::table& table)
{
    TableReader reader(table, "[[subscription]]", draft.faults);
    const LabKey userKey{"user", "\"ann\""};
    const LabKey serviceKey{"service", "\"bob/web\""};
    WishDraft wish;
    wish.line = reader.Line();
    wish.where = "[[subscription]]";
    const auto user = reader.Text(userKey, Need::Required);
    const auto found = draft.world.userNames.find(user.value_or(""));
    if (user && found == draft.world.userNames.end())
    {
        FaultNoUser(draft, reader, userKey, *user);
    }
    const auto service = reader.Text(serviceKey, Need::Required);
    const auto parts = service ? ReadServiceName(reader, serviceKey, *service) : std::nullopt;
    ReadWish(reader, wish);
    const auto port = reader.Integer({"local-port", "8000"}, Need::Optional, FIRST_FREE, LAST_PORT);
    wish.wanted.localPort = static_cast<uint16_t>(port.value_or(0));
    reader.Finish();
    if (!parts || found == draft.world.userNames.end())
    {
        draft.world.usersComplete = false;
        return;
    }
    wish.user = found->second;
    wish.provider = parts->first;
    wish.service = parts->second;
    (void)AddWish(draft, wish);
}

} // namespace

void
ReadWish(TableReader& reader, WishDraft& wish)
{
    constexpr uint64_t MOST_PREPARED = 64;
    const auto method = reader.Word({"method", "\"pure\""}, Need::Optional, METHODS);
    wish.anyMethod = !method;
    wish.wanted.method = static_cast<ForwardingMethod>(1 + method.value_or(2));
    if (reader.Has("ways"))
    {
        reader.Refuse("require-ist", "without ways only: they say what may be tried");
    }
    else
    {
        wish.wanted.requireIst =
            reader.Boolean({"require-ist", "true"}, Need::Optional).value_or(false);
    }
    ReadWays(reader, wish.wanted);
    const auto prepared = reader.Integer({"prepared", "2"}, Need::Optional, 0, MOST_PREPARED);
    wish.wanted.prepared = static_cast<uint32_t>(prepared.value_or(0));
    const LabKey patience{"patience", "\"30 s\""};
    wish.wanted.patience = reader.Time(patience, Need::Optional).value_or(wish.wanted.patience);
    if (wish.wanted.patience.count() == 0)
    {
        reader.Fault(patience, " is zero: no client would wait; nearest valid: \"1 ns\"");
    }
}

bool
AddWish(LabDraft& draft, const WishDraft& wish)
{
    const auto found = FindWish(draft, wish);
    if (!found)
    {
        draft.world.usersComplete = false;
        return false;
    }
    LabUser& user = draft.lab.users[wish.user];
    const ServiceRecord& record =
        draft.lab.users[found->first].settings.provides[found->second].record;
    const std::string name = Quoted(wish.provider + "/" + wish.service);
    if (found->first == wish.user)
    {
        draft.faults.Add(wish.line, wish.where + ": " + name + " is the user's own service");
        return false;
    }
    if (const auto other = FindWanted(user, wish.provider, wish.service))
    {
        draft.faults.Add(wish.line,
                         wish.where + ": " + Quoted(user.settings.user) + " subscribes to " + name +
                             " already, in line " +
                             std::to_string(draft.world.wishLines[wish.user][*other]));
        return false;
    }
    const auto method = MethodFor(draft, wish, record.protocol);
    if (!method)
    {
        return false;
    }
    WantedService wanted = wish.wanted;
    wanted.provider = wish.provider;
    wanted.service = wish.service;
    wanted.protocol = record.protocol;
    wanted.method = *method;
    user.settings.wants.push_back(std::move(wanted));
    draft.world.wishLines[wish.user].push_back(wish.line);
    return true;
}

std::optional<size_t>
FindWanted(const LabUser& user, const std::string& provider, const std::string& service)
{
    const auto& wants = user.settings.wants;
    const auto found = std::find_if(wants.begin(),
                                    wants.end(),
                                    [&](const WantedService& each) {
                                        return each.provider == provider && each.service == service;
                                    });
    return found == wants.end() ? std::nullopt
                                : std::optional<size_t>(static_cast<size_t>(found - wants.begin()));
}

void
ReadSubscriptions(LabDraft& draft, TableReader& root)
{
    for (const WishDraft& wish : draft.world.wishes)
    {
        (void)AddWish(draft, wish);
    }
    const bool tables =
        root.EachTable("subscription",
                       [&](const toml::table& table) { ReadSubscription(draft, table); });
    draft.world.usersComplete = draft.world.usersComplete && tables;
}

} // namespace isb
