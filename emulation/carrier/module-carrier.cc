// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/module-carrier.h"

#include "emulation/carrier/module-answers.h"
#include "emulation/sys/capabilities.h"
#include "emulation/sys/system-error.h"
#include "kernel/uapi/ist-netlink.h"
#include "model/core/ist/core-settings.h"

#include <array>
#include <cerrno>
#include <cstring>
#include <linux/netlink.h>
#include <net/if.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <utility>

namespace isb
{

namespace
{

constexpr const char* NOT_LOADED = "the module isblab-ist is not loaded: insmod isblab-ist.ko";

/// The module's refusal, or what its errno says.
std::string
WordsOf(const ModuleAnswer& answer)
{
    return answer.why.empty() ? std::strerror(answer.error) : answer.why;
}

/// An answer that is the system's fault, not the order's.
void
ThrowUnlessRefused(const ModuleAnswer& answer, const std::string& what)
{
    if (answer.error == EPERM || answer.error == ENOMEM || answer.error == EOPNOTSUPP)
    {
        errno = answer.error;
        throw SystemError(what);
    }
}

void
PutSettings(ModuleRequest& request, const IstSettings& settings)
{
    const std::array<std::pair<uint16_t, Duration>, 8> times{{
        {IST_NL_S_UNMATCHED, settings.unmatchedTimeout},
        {IST_NL_S_UNMATCHED_LIMIT, settings.unmatchedLimit},
        {IST_NL_S_HANDSHAKE_RETRY, settings.handshakeRetry},
        {IST_NL_S_IDLE, settings.idleTimeout},
        {IST_NL_S_HALF_CLOSED, settings.halfCloseTimeout},
        {IST_NL_S_TIME_WAIT, settings.timeWait},
        {IST_NL_S_UDP_IDLE, settings.udpIdleTimeout},
        {IST_NL_S_FRAGMENT_TIME, settings.fragmentTimeout},
    }};
    request.BeginNest(IST_NL_A_SETTINGS);
    for (const auto& [attribute, time] : times)
    {
        request.Put64(attribute, Nanoseconds(time));
    }
    request.Put8(IST_NL_S_HANDSHAKE_RETRIES, settings.handshakeRetries);
    request.Put32(IST_NL_S_MAX_SPLICES, static_cast<uint32_t>(settings.maxSplices));
    request.Put16(IST_NL_S_PORT_FIRST, settings.ownPortFirst);
    request.Put16(IST_NL_S_PORT_LAST, settings.ownPortLast);
    request.Put8(IST_NL_S_EARLY_DATA, settings.earlyData ? 1 : 0);
    request.Put32(IST_NL_S_MAX_FRAGMENTED, static_cast<uint32_t>(settings.maxFragmented));
    request.Put32(IST_NL_S_MAX_HELD, static_cast<uint32_t>(settings.maxHeldFragments));
    request.EndNest();
}

void
PutLimits(ModuleRequest& request, const SpliceLimits& limits)
{
    const std::array<std::pair<uint16_t, uint64_t>, 3> all{{
        {IST_NL_A_LIMIT_RATE, limits.rateBps},
        {IST_NL_A_LIMIT_BYTES, limits.bytes},
        {IST_NL_A_LIMIT_TIME, Nanoseconds(limits.lifetime)},
    }};
    for (const auto& [attribute, value] : all)
    {
        if (value != 0)
        {
            request.Put64(attribute, value);
        }
    }
}

void
PutOptional(ModuleRequest& request, uint16_t attribute, const std::optional<IpAddress>& address)
{
    if (address)
    {
        request.PutAddress(attribute, *address);
    }
}

void
PutPair(ModuleRequest& request, const IstPair& pair)
{
    request.Put8(IST_NL_A_METHOD, static_cast<uint8_t>(CoreMethodOf(pair.method)));
    request.Put16(IST_NL_A_PORT_A, pair.portA);
    PutOptional(request, IST_NL_A_ALLOWED_A, pair.allowedA);
    PutOptional(request, IST_NL_A_ALLOWED_B, pair.allowedB);
    PutOptional(request, IST_NL_A_SOURCE, pair.activeSource);
    if (pair.activeTarget != IpEndpoint{})
    {
        request.PutAddress(IST_NL_A_TARGET, pair.activeTarget.address);
        request.Put16(IST_NL_A_TARGET_PORT, pair.activeTarget.port);
    }
    PutLimits(request, pair.limits);
    request.Put64(IST_NL_A_LABEL, pair.label);
    if (!pair.closedPorts.empty())
    {
        request.PutBytes(IST_NL_A_CLOSED_PORTS,
                         pair.closedPorts.data(),
                         pair.closedPorts.size() * sizeof(uint16_t));
    }
}

} // namespace

ModuleCarrier::ModuleCarrier() = default;

Result<std::unique_ptr<ModuleCarrier>>
ModuleCarrier::Attach(const ModuleAttachOptions& options)
{
    ModuleSocket socket;
    if (!socket.IsLoaded())
    {
        return Error{NOT_LOADED};
    }
    ModuleRequest request(IST_NL_CMD_ATTACH);
    for (const std::string& device : options.devices)
    {
        const unsigned int number = if_nametoindex(device.c_str());
        if (number == 0)
        {
            return Error{"there is no device " + device};
        }
        request.Put32(IST_NL_A_DEVICE, number);
    }
    for (const IpAddress& address : options.settings.addresses)
    {
        request.PutAddress(IST_NL_A_ADDRESS, address);
    }
    PutSettings(request, options.settings);
    const ModuleAnswer answer = socket.Ask(request);
    ThrowUnlessRefused(answer, "attach the IST module");
    if (answer.error != 0)
    {
        return Error{WordsOf(answer)};
    }
    return Open();
}

Result<std::unique_ptr<ModuleCarrier>>
ModuleCarrier::Open()
{
    std::unique_ptr<ModuleCarrier> carrier(new ModuleCarrier);
    if (!carrier->m_socket.IsLoaded())
    {
        return Error{NOT_LOADED};
    }
    ModuleRequest request(IST_NL_CMD_STATUS);
    const auto onSetting = [&](uint16_t type, const nlattr& attribute)
    {
        if (type == IST_NL_S_PORT_FIRST)
        {
            carrier->m_portFirst = static_cast<uint16_t>(NumberIn(attribute));
        }
        else if (type == IST_NL_S_PORT_LAST)
        {
            carrier->m_portLast = static_cast<uint16_t>(NumberIn(attribute));
        }
    };
    const ModuleAnswer answer =
        carrier->m_socket.Ask(request,
                              [&](const nlmsghdr& message)
                              {
                                  ForEachAttribute(message,
                                                   [&](uint16_t type, const nlattr& attribute)
                                                   {
                                                       if (type == IST_NL_A_SETTINGS)
                                                       {
                                                           ForEachNested(attribute, onSetting);
                                                       }
                                                   });
                              });
    if (answer.error != 0)
    {
        return Error{"the IST module is not attached in this network namespace"};
    }
    carrier->m_news.Subscribe();
    return carrier;
}

bool
ModuleCarrier::IsAttached()
{
    ModuleSocket socket;
    ModuleRequest request(IST_NL_CMD_STATUS);
    return socket.IsLoaded() && socket.Ask(request).error == 0;
}

bool
ModuleCarrier::Detach()
{
    ModuleSocket socket;
    if (!socket.IsLoaded())
    {
        return false;
    }
    ModuleRequest request(IST_NL_CMD_DETACH);
    const ModuleAnswer answer = socket.Ask(request);
    ThrowUnlessRefused(answer, "detach the IST module");
    return answer.error == 0;
}

CapabilityReport
ModuleCarrier::Probe()
{
    CapabilityReport report;
    report.carrier = "module";
    utsname system{};
    uname(&system);
    const std::string release = system.release;

    struct stat status
    {
    };

    if (stat("/proc/modules", &status) == 0)
    {
        report.Found("loadable modules", "kernel " + release);
    }
    else
    {
        report.Missing("loadable modules",
                       "kernel " + release + " is built without them; use the carrier bpf or tun");
    }
    if (ModuleSocket().IsLoaded())
    {
        report.Found("isblab-ist loaded");
    }
    else
    {
        const bool headers = stat(("/lib/modules/" + release + "/build").c_str(), &status) == 0;
        report.Missing("isblab-ist loaded",
                       headers
                           ? "headers of this kernel are here: build kernel/module and insmod it"
                           : "no headers at /lib/modules/" + release +
                                 "/build: install them, build kernel/module and insmod it");
    }
    if (MayAdministerNetworks())
    {
        report.Found("CAP_NET_ADMIN");
    }
    else
    {
        report.Missing("CAP_NET_ADMIN", "run as root");
    }
    return report;
}

std::string_view
ModuleCarrier::Name() const
{
    return "module";
}

Result<uint64_t>
ModuleCarrier::Add(const IstPair& pair)
{
    ModuleRequest request(IST_NL_CMD_ADD);
    PutPair(request, pair);
    uint16_t portB = pair.portB;
    if (pair.method == SpliceMethod::Active)
    {
        const uint64_t drawn = m_random.Next();
        request.Put32(IST_NL_A_ISN_A, static_cast<uint32_t>(drawn));
        request.Put32(IST_NL_A_ISN_B, static_cast<uint32_t>(drawn >> 32));
        if (portB == 0 && m_portLast >= m_portFirst)
        {
            const uint64_t count = uint64_t{m_portLast} - m_portFirst + 1;
            portB = static_cast<uint16_t>(m_portFirst + m_random.Below(count));
        }
    }
    request.Put16(IST_NL_A_PORT_B, portB);
    uint64_t id = 0;
    const ModuleAnswer answer =
        m_socket.Ask(request,
                     [&](const nlmsghdr& message)
                     {
                         ForEachAttribute(message,
                                          [&](uint16_t type, const nlattr& attribute)
                                          { id = type == IST_NL_A_ID ? NumberIn(attribute) : id; });
                     });
    ThrowUnlessRefused(answer, "add a splice to the IST module");
    if (answer.error != 0)
    {
        return Error{WordsOf(answer)};
    }
    return id;
}

bool
ModuleCarrier::Remove(uint64_t id)
{
    ModuleRequest request(IST_NL_CMD_REMOVE);
    request.Put64(IST_NL_A_ID, id);
    const ModuleAnswer answer = m_socket.Ask(request);
    ThrowUnlessRefused(answer, "remove a splice from the IST module");
    return answer.error == 0;
}

std::vector<IstSpliceInfo>
ModuleCarrier::List()
{
    std::vector<IstSpliceInfo> all;
    ModuleRequest request(IST_NL_CMD_SHOW, NLM_F_DUMP);
    (void)m_socket.Ask(request, [&](const nlmsghdr& message) { all.push_back(SpliceIn(message)); });
    return all;
}

std::optional<IstSpliceInfo>
ModuleCarrier::Find(uint64_t id)
{
    std::optional<IstSpliceInfo> found;
    ModuleRequest request(IST_NL_CMD_SHOW);
    request.Put64(IST_NL_A_ID, id);
    (void)m_socket.Ask(request, [&](const nlmsghdr& message) { found = SpliceIn(message); });
    return found;
}

IstCounters
ModuleCarrier::Counters()
{
    IstCounters counters;
    ModuleRequest request(IST_NL_CMD_STATS);
    (void)m_socket.Ask(request, [&](const nlmsghdr& message) { counters = CountersIn(message); });
    return counters;
}

std::vector<CarrierNews>
ModuleCarrier::TakeNews()
{
    std::vector<CarrierNews> all;
    m_news.TakeNews([&](const nlmsghdr& message) { all.push_back(NewsIn(message)); });
    return all;
}

int
ModuleCarrier::NewsDescriptor() const
{
    return m_news.Descriptor();
}

std::vector<std::string>
ModuleCarrier::Devices()
{
    std::vector<std::string> names;
    ModuleRequest request(IST_NL_CMD_STATUS);
    (void)m_socket.Ask(request,
                       [&](const nlmsghdr& message)
                       {
                           ForEachAttribute(
                               message,
                               [&](uint16_t type, const nlattr& attribute)
                               {
                                   if (type == IST_NL_A_DEVICE)
                                   {
                                       std::array<char, IF_NAMESIZE> name{};
                                       const auto number =
                                           static_cast<unsigned int>(NumberIn(attribute));
                                       names.emplace_back(if_indextoname(number, name.data())
                                                              ? name.data()
                                                              : "#" + std::to_string(number));
                                   }
                               });
                       });
    return names;
}

} // namespace isb
