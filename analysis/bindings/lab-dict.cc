// SPDX-License-Identifier: GPL-2.0-or-later
#include "analysis/bindings/lab-dict.h"

#include "analysis/bindings/conversions.h"
#include "model/lab/lab.h"

#include <pybind11/stl.h>

namespace py = pybind11;

namespace isb
{

namespace
{

const std::string&
HostName(const Lab& lab, size_t host)
{
    return lab.hosts[host].name;
}

py::dict
FromService(const Lab& lab, const LabUser& user, size_t index)
{
    const ProvidedService& service = user.settings.provides[index];
    py::dict item;
    item["name"] = service.record.name;
    item["protocol"] = FromText(ToString(service.record.protocol));
    item["server"] = service.server.ToString();
    item["server_host"] = HostName(lab, user.serverHosts[index].value_or(user.host));
    item["open"] = service.record.open;
    item["allowed"] = py::cast(service.record.allowed);
    return item;
}

py::dict
FromWanted(const WantedService& wanted)
{
    py::dict item;
    item["provider"] = wanted.provider;
    item["service"] = wanted.service;
    item["protocol"] = FromText(ToString(wanted.protocol));
    item["method"] = FromText(ToString(wanted.method));
    item["require_ist"] = wanted.requireIst;
    item["prepared"] = wanted.prepared;
    item["local_port"] = wanted.localPort;
    return item;
}

py::dict
FromUser(const Lab& lab, const LabUser& user)
{
    py::list provides;
    py::list wants;
    for (size_t i = 0; i < user.settings.provides.size(); ++i)
    {
        provides.append(FromService(lab, user, i));
    }
    for (const WantedService& wanted : user.settings.wants)
    {
        wants.append(FromWanted(wanted));
    }
    py::dict item;
    item["name"] = user.settings.user;
    item["host"] = HostName(lab, user.host);
    item["site"] = SiteNameOf(lab, lab.hosts[user.host].site);
    item["can_choose_port"] = user.settings.canChoosePort;
    item["listen_port"] = user.settings.listenPort;
    item["start_ns"] = FromTime(user.start);
    item["provides"] = provides;
    item["wants"] = wants;
    return item;
}

py::dict
FromBroker(const Lab& lab, const LabBroker& broker)
{
    py::dict item;
    item["name"] = broker.settings.name;
    item["host"] = HostName(lab, broker.host);
    item["port"] = broker.settings.port;
    item["forwards"] = broker.own.has_value();
    return item;
}

py::dict
FromTranslator(const Lab& lab, const LabTranslator& translator)
{
    py::list methods;
    for (const ForwardingMethod method : translator.settings.methods)
    {
        methods.append(FromText(ToString(method)));
    }
    py::dict item;
    item["name"] = translator.settings.name;
    item["host"] = HostName(lab, translator.host);
    item["methods"] = methods;
    item["capacity"] = translator.settings.capacity;
    return item;
}

py::dict
FromIncident(const Incident& incident)
{
    py::dict item;
    item["at_ns"] = FromTime(incident.at);
    item["kind"] = FromText(ToString(incident.kind));
    item["who"] = incident.who;
    item["service"] = py::none();
    if (!incident.service.empty())
    {
        item["service"] = incident.service;
    }
    return item;
}

template <typename Parts, typename From>
py::list
ListOf(const Parts& parts, const From& from)
{
    py::list items;
    for (const auto& part : parts)
    {
        items.append(from(part));
    }
    return items;
}

} // namespace

py::object
SiteNameOf(const Lab& lab, std::optional<size_t> site)
{
    return site ? py::object(py::str(lab.sites[*site].name)) : py::object(py::none());
}

py::object
FromTrafficService(const Lab& lab, const Traffic& traffic)
{
    if (!traffic.service)
    {
        return py::none();
    }
    const DaemonSettings& user = lab.users[traffic.service->user].settings;
    const WantedService& wanted = user.wants[traffic.service->wanted];
    py::dict item;
    item["user"] = user.user;
    item["provider"] = wanted.provider;
    item["service"] = wanted.service;
    return item;
}

void
AddWorld(const Lab& lab, py::dict& answer)
{
    answer["sites"] = ListOf(lab.sites,
                             [&](const Site& site)
                             {
                                 py::dict item;
                                 item["name"] = site.name;
                                 item["box"] = lab.boxes[site.box].name;
                                 item["behind"] = SiteNameOf(lab, site.behind);
                                 return item;
                             });
    answer["users"] = ListOf(lab.users, [&](const LabUser& user) { return FromUser(lab, user); });
    answer["brokers"] =
        ListOf(lab.brokers, [&](const LabBroker& each) { return FromBroker(lab, each); });
    answer["translators"] =
        ListOf(lab.translators,
               [&](const LabTranslator& each) { return FromTranslator(lab, each); });
    answer["crowds"] = ListOf(lab.crowds,
                              [&](const LabCrowd& crowd)
                              {
                                  py::dict item;
                                  item["name"] = crowd.name;
                                  item["count"] = crowd.userCount;
                                  item["traffic"] = crowd.trafficCount;
                                  return item;
                              });
    answer["incidents"] = ListOf(lab.incidents, FromIncident);
}

} // namespace isb
