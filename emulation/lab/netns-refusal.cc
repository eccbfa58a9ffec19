// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/lab/netns-refusal.h"

namespace isb
{

namespace
{

constexpr const char* ELSEWHERE = "; run it in the simulation";

std::string
RefuseNodes(const Lab& lab)
{
    for (const Host& host : lab.hosts)
    {
        if (!host.machine.empty())
        {
            return "host '" + host.name + "' has a model of a machine, and namespaces have none" +
                   ELSEWHERE;
        }
    }
    for (const Box& box : lab.boxes)
    {
        if (!box.machine.empty())
        {
            return "box '" + box.name + "' has a model of a machine, and namespaces have none" +
                   ELSEWHERE;
        }
        if (box.role == BoxRole::IstApp || box.role == BoxRole::IstKernel)
        {
            return "box '" + box.name +
                   "' is a wired IST, and namespaces have only those of an ISB" + ELSEWHERE;
        }
    }
    return {};
}

std::string
RefuseLinks(const Lab& lab)
{
    for (const Link& link : lab.links)
    {
        if (link.impair[0] || link.impair[1])
        {
            return "the link " + EndName(lab, link.ends[0]) + " to " + EndName(lab, link.ends[1]) +
                   " is impaired, and links between namespaces are not" + ELSEWHERE;
        }
    }
    return {};
}

std::string
RefuseHappenings(const Lab& lab)
{
    for (const Incident& incident : lab.incidents)
    {
        if (incident.kind < IncidentKind::Reboot)
        {
            return "the incident '" + std::string(ToString(incident.kind)) + "' of '" +
                   incident.who + "' does not happen in namespaces" + ELSEWHERE;
        }
    }
    for (const Traffic& traffic : lab.traffic)
    {
        if (traffic.kind == TrafficKind::UdpRate)
        {
            return "traffic '" + traffic.name +
                   "' sends at a rate, which namespaces do not measure" + ELSEWHERE;
        }
    }
    return {};
}

} // namespace

std::string
FindNetnsRefusal(const Lab& lab)
{
    std::string why = RefuseNodes(lab);
    if (why.empty())
    {
        why = RefuseLinks(lab);
    }
    return why.empty() ? RefuseHappenings(lab) : why;
}

} // namespace isb
