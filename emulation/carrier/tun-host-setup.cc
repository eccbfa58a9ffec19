// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/tun-host-setup.h"

#include "emulation/sys/capabilities.h"
#include "emulation/sys/descriptor.h"
#include "emulation/sys/policy-routes.h"
#include "emulation/sys/system-error.h"

#include <algorithm>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <ifaddrs.h>
#include <memory>
#include <net/if.h>
#include <netinet/in.h>
#include <optional>
#include <stdexcept>
#include <unistd.h>

namespace isb
{

namespace
{

constexpr const char* TUN_PATH = "/dev/net/tun";

struct AddressListDeleter
{
    void
    operator()(ifaddrs* list) const
    {
        freeifaddrs(list);
    }
};

/// Nothing for link-local addresses, which no user reaches from elsewhere.
std::optional<IpAddress>
ReachableAddress(const sockaddr& generic)
{
    if (generic.sa_family == AF_INET)
    {
        sockaddr_in inet{};
        std::memcpy(&inet, &generic, sizeof(inet));
        return IpAddress(Ipv4{ntohl(inet.sin_addr.s_addr)});
    }
    if (generic.sa_family != AF_INET6)
    {
        return std::nullopt;
    }
    sockaddr_in6 inet{};
    std::memcpy(&inet, &generic, sizeof(inet));
    if (IN6_IS_ADDR_LINKLOCAL(&inet.sin6_addr))
    {
        return std::nullopt;
    }
    IpAddress address;
    address.family = IST_FAMILY_IPV6;
    for (size_t i = 0; i < address.word.size(); ++i)
    {
        uint32_t word = 0;
        std::memcpy(&word, inet.sin6_addr.s6_addr + 4 * i, sizeof(word));
        address.word[i] = ntohl(word);
    }
    return address;
}

std::vector<IpAddress>
AddressesOfDevices(const std::vector<std::string>& devices)
{
    ifaddrs* first = nullptr;
    if (getifaddrs(&first) != 0)
    {
        throw SystemError("list the addresses of this host");
    }
    const std::unique_ptr<ifaddrs, AddressListDeleter> list(first);
    std::vector<IpAddress> addresses;
    for (const ifaddrs* one = first; one != nullptr; one = one->ifa_next)
    {
        const bool ours = std::find(devices.begin(), devices.end(), one->ifa_name) != devices.end();
        const auto address =
            ours && one->ifa_addr != nullptr ? ReachableAddress(*one->ifa_addr) : std::nullopt;
        if (address)
        {
            addresses.push_back(*address);
        }
    }
    return addresses;
}

std::string
SettingPath(uint8_t family, const std::string& device, const std::string& setting)
{
    return std::string("/proc/sys/net/") + (family == IST_FAMILY_IPV4 ? "ipv4" : "ipv6") +
           "/conf/" + device + "/" + setting;
}

bool
IsOn(const std::string& path)
{
    std::ifstream file(path);
    int value = 0;
    return (file >> value) && value != 0;
}

void
Write(const std::string& path, const char* value)
{
    const Descriptor file(open(path.c_str(), O_WRONLY | O_CLOEXEC));
    if (!file || write(file.Get(), value, std::strlen(value)) < 0)
    {
        throw SystemError("write " + std::string(value) + " to " + path);
    }
}

bool
HasFamily(const TunOptions& options, uint8_t family)
{
    const auto& addresses = options.settings.addresses;
    return std::any_of(addresses.begin(),
                       addresses.end(),
                       [family](const IpAddress& address) { return address.family == family; });
}

/// IPv6 forwards on all devices or on none.
bool
Forwards(uint8_t family, const std::string& device)
{
    return IsOn(SettingPath(family, family == IST_FAMILY_IPV4 ? device : "all", "forwarding"));
}

} // namespace

TunOptions
CompletedOptions(TunOptions options)
{
    if (options.device.empty() || options.device.size() >= IFNAMSIZ)
    {
        throw std::invalid_argument("the TUN interface's name '" + options.device +
                                    "' must have 1 to 15 characters");
    }
    if (options.devices.empty())
    {
        throw std::invalid_argument("the carrier tun needs a device that packets come in by");
    }
    for (const std::string& device : options.devices)
    {
        if (if_nametoindex(device.c_str()) == 0)
        {
            throw std::invalid_argument("there is no network device '" + device + "' here");
        }
    }
    if (options.settings.addresses.empty())
    {
        options.settings.addresses = AddressesOfDevices(options.devices);
    }
    if (options.settings.addresses.empty())
    {
        throw std::invalid_argument("the devices have no address that the IST could have");
    }
    return options;
}

void
DemandForwarding(const TunOptions& options)
{
    const auto refuse = [](const std::string& what, const std::string& setting)
    {
        throw std::runtime_error(
            what + ", and packets reach the carrier tun by a route; sysctl -w " + setting + "=1");
    };
    for (const std::string& device : options.devices)
    {
        if (HasFamily(options, IST_FAMILY_IPV4) && !Forwards(IST_FAMILY_IPV4, device))
        {
            refuse("IPv4 forwarding is off on " + device,
                   "net.ipv4.conf." + device + ".forwarding");
        }
    }
    if (HasFamily(options, IST_FAMILY_IPV6) && !Forwards(IST_FAMILY_IPV6, {}))
    {
        refuse("IPv6 forwarding is off", "net.ipv6.conf.all.forwarding");
    }
}

void
AdmitOwnSources(const TunOptions& options)
{
    constexpr const char* LOOSE =
        "2"; // RFC 3704 section 2.4; strict would ask for the address here
    Write(SettingPath(IST_FAMILY_IPV4, options.device, "forwarding"), "1");
    Write(SettingPath(IST_FAMILY_IPV4, options.device, "accept_local"), "1");
    Write(SettingPath(IST_FAMILY_IPV4, options.device, "rp_filter"), LOOSE);
    if (HasFamily(options, IST_FAMILY_IPV6))
    {
        Write(SettingPath(IST_FAMILY_IPV6, options.device, "disable_ipv6"), "0");
    }
}

CapabilityReport
ProbeTun()
{
    CapabilityReport report;
    report.carrier = "tun";
    const Descriptor tun(open(TUN_PATH, O_RDWR | O_CLOEXEC));
    if (tun)
    {
        report.Found(TUN_PATH);
    }
    else
    {
        report.Missing(TUN_PATH, std::string(std::strerror(errno)) + "; modprobe tun");
    }
    if (MayAdministerNetworks())
    {
        report.Found("CAP_NET_ADMIN");
    }
    else
    {
        report.Missing("CAP_NET_ADMIN", "needed to make the interface and its routes; be root");
    }
    for (const auto& [family, name] :
         {std::pair(IST_FAMILY_IPV4, "IPv4"), std::pair(IST_FAMILY_IPV6, "IPv6")})
    {
        const std::string what = std::string(name) + " routing rules";
        if (HasPolicyRouting(family))
        {
            report.Found(what);
        }
        else
        {
            report.Lacking(what, std::string("the kernel has none: no ") + name + " splices");
        }
        const std::string forwarding = std::string(name) + " forwarding";
        const std::string setting =
            family == IST_FAMILY_IPV4 ? "net.ipv4.ip_forward" : "net.ipv6.conf.all.forwarding";
        if (Forwards(family, "all"))
        {
            report.Found(forwarding);
        }
        else
        {
            report.Lacking(forwarding, "off; sysctl -w " + setting + "=1");
        }
    }
    return report;
}

} // namespace isb
