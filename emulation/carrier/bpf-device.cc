// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/bpf-device.h"

#include "emulation/carrier/bpf-log.h"
#include "emulation/carrier/bpf-netlink.h"
#include "emulation/sys/system-error.h"

#include <algorithm>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cstring>
#include <ifaddrs.h>
#include <linux/if_link.h>
#include <memory>
#include <net/if.h>
#include <netinet/in.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace isb
{

namespace
{

constexpr uint32_t FIRST_PRIORITY = 1;
constexpr uint32_t LAST_PRIORITY = 64;
constexpr uint32_t HANDLE = 1;

/// libbpf's option structs carry their own size.
template <typename Options>
Options
Sized()
{
    Options options{};
    options.sz = sizeof(Options);
    return options;
}

bpf_tc_hook
Hook(const BpfRecordDevice& device, int points)
{
    auto hook = Sized<bpf_tc_hook>();
    hook.ifindex = static_cast<int>(device.interface);
    hook.attach_point = static_cast<bpf_tc_attach_point>(points);
    return hook;
}

std::string
NameOf(const BpfRecordDevice& device)
{
    return device.name.data();
}

/// The filter's place is taken, by a filter of this or another kind.
bool
IsTaken(int error)
{
    return error == -EEXIST || error == -EINVAL || error == -ENOSPC;
}

/// A device may have been renamed, but its number is never another's while it lives.
bool
IsSameDevice(const BpfRecordDevice& device)
{
    std::array<char, IF_NAMESIZE> name{};
    return if_indextoname(device.interface, name.data()) != nullptr;
}

uint32_t
XdpProgramOn(const BpfRecordDevice& device)
{
    uint32_t program = 0;
    const int error = bpf_xdp_query_id(static_cast<int>(device.interface),
                                       static_cast<int>(device.xdpFlags),
                                       &program);
    return error == 0 ? program : 0;
}

void
DetachXdp(const BpfRecordDevice& device)
{
    if (device.xdpProgram == 0 || XdpProgramOn(device) != device.xdpProgram)
    {
        return;
    }
    const int error = bpf_xdp_detach(static_cast<int>(device.interface), device.xdpFlags, nullptr);
    if (error != 0)
    {
        throw SystemError("take the XDP program off " + NameOf(device), -error);
    }
}

/// Where the recorded filter is; 0: it is not there. Whoever was interrupted has not noted it.
uint32_t
PriorityOf(const BpfRecordDevice& device)
{
    const BpfLog log;
    const bool noted = device.tcPriority != 0;
    const uint32_t last = noted ? device.tcPriority : LAST_PRIORITY;
    uint32_t priority = noted ? device.tcPriority : FIRST_PRIORITY;
    for (; device.tcProgram != 0 && IsSameDevice(device) && priority <= last; ++priority)
    {
        const bpf_tc_hook hook = Hook(device, BPF_TC_INGRESS);
        auto filter = Sized<bpf_tc_opts>();
        filter.handle = device.tcHandle;
        filter.priority = priority;
        if (bpf_tc_query(&hook, &filter) == 0 && filter.prog_id == device.tcProgram)
        {
            return priority;
        }
    }
    return 0;
}

void
DetachTc(const BpfRecordDevice& device)
{
    const uint32_t priority = PriorityOf(device);
    if (priority == 0)
    {
        return;
    }
    const BpfLog log;
    const bpf_tc_hook hook = Hook(device, BPF_TC_INGRESS);
    auto filter = Sized<bpf_tc_opts>();
    filter.handle = device.tcHandle;
    filter.priority = priority;
    const int error = bpf_tc_detach(&hook, &filter);
    if (error != 0)
    {
        throw SystemError("take the tc filter off " + NameOf(device) + log.Explanation(false),
                          -error);
    }
}

struct AddressListFreer
{
    void
    operator()(ifaddrs* list) const
    {
        freeifaddrs(list);
    }
};

std::optional<IpAddress>
RoutableAddress(const sockaddr& from)
{
    if (from.sa_family == AF_INET)
    {
        sockaddr_in address{};
        std::memcpy(&address, &from, sizeof(address));
        return IpAddress(Ipv4{ntohl(address.sin_addr.s_addr)});
    }
    sockaddr_in6 address{};
    std::memcpy(&address, &from, sizeof(address));
    if (from.sa_family != AF_INET6 || IN6_IS_ADDR_LINKLOCAL(&address.sin6_addr))
    {
        return std::nullopt;
    }
    ist_address words{};
    for (size_t i = 0; i < 4; ++i)
    {
        words.word[i] = ist_get32(address.sin6_addr.s6_addr + 4 * i);
    }
    return IpAddress(IST_FAMILY_IPV6, words);
}

} // namespace

BpfRecordDevice
FindDevice(const std::string& name)
{
    BpfRecordDevice device;
    if (name.size() < device.name.size())
    {
        std::copy(name.begin(), name.end(), device.name.begin());
        device.interface = if_nametoindex(name.c_str());
    }
    return device;
}

void
PrepareTc(BpfRecordDevice& device, int program)
{
    if (device.ownsQdisc == 0 && !CountTcFilters(static_cast<int>(device.interface)))
    {
        device.ownsQdisc = 1;
    }
    device.tcHandle = HANDLE;
    device.tcPriority = 0;
    device.tcProgram = ProgramId(program);
}

void
AttachTc(BpfRecordDevice& device, int program)
{
    const BpfLog log;
    bpf_tc_hook hook = Hook(device, BPF_TC_INGRESS);
    int error = bpf_tc_hook_create(&hook);
    if (error != 0 && error != -EEXIST)
    {
        throw SystemError("make clsact qdisc on " + NameOf(device) + log.Explanation(false),
                          -error);
    }
    for (uint32_t priority = FIRST_PRIORITY; priority <= LAST_PRIORITY; ++priority)
    {
        auto filter = Sized<bpf_tc_opts>();
        filter.prog_fd = program;
        filter.handle = device.tcHandle;
        filter.priority = priority;
        error = bpf_tc_attach(&hook, &filter);
        if (error == 0)
        {
            device.tcPriority = priority;
            return;
        }
        if (!IsTaken(error))
        {
            break;
        }
    }
    throw SystemError("attach tc program to " + NameOf(device) + log.Explanation(false), -error);
}

void
PrepareXdp(BpfRecordDevice& device, int program, XdpMode mode)
{
    device.xdpFlags = mode == XdpMode::Native ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
    device.xdpProgram = ProgramId(program);
}

void
AttachXdp(const BpfRecordDevice& device, int program)
{
    const BpfLog log;
    const int error = bpf_xdp_attach(static_cast<int>(device.interface),
                                     program,
                                     device.xdpFlags | XDP_FLAGS_UPDATE_IF_NOEXIST,
                                     nullptr);
    if (error == 0)
    {
        return;
    }
    std::string help;
    if (error == -EBUSY || error == -EEXIST)
    {
        help = ", where another XDP program is";
    }
    else if (device.xdpFlags == XDP_FLAGS_DRV_MODE)
    {
        help = " in native mode (generic mode works with every driver)";
    }
    throw SystemError("attach XDP program to " + NameOf(device) + help + log.Explanation(false),
                      -error);
}

bool
IsTcAttached(const BpfRecordDevice& device)
{
    return PriorityOf(device) != 0;
}

bool
IsXdpAttached(const BpfRecordDevice& device)
{
    return device.xdpProgram != 0 && XdpProgramOn(device) == device.xdpProgram;
}

bool
TakesRedirected(const BpfRecordDevice& device)
{
    constexpr uint64_t SENDS_REDIRECTED = 4; // NETDEV_XDP_ACT_NDO_XMIT of linux/netdev.h
    const auto interface = static_cast<int>(device.interface);
    if (device.xdpProgram == 0)
    {
        return false;
    }
    if (device.xdpFlags != XDP_FLAGS_DRV_MODE)
    {
        return true;
    }
    const auto features = XdpFeatures(interface);
    return features ? (*features & SENDS_REDIRECTED) != 0 : !PeerOfVeth(interface);
}

bool
DetachFrom(const BpfRecordDevice& device)
{
    if (!IsSameDevice(device))
    {
        return false; // its programs have gone with it
    }
    DetachXdp(device);
    DetachTc(device);
    const auto filters = CountTcFilters(static_cast<int>(device.interface));
    if (device.ownsQdisc == 0 || !filters)
    {
        return false;
    }
    if (*filters != 0)
    {
        return true;
    }
    const BpfLog log;
    bpf_tc_hook hook = Hook(device, BPF_TC_INGRESS | BPF_TC_EGRESS);
    const int error = bpf_tc_hook_destroy(&hook);
    if (error != 0)
    {
        throw SystemError("remove clsact qdisc from " + NameOf(device), -error);
    }
    return false;
}

uint32_t
ProgramId(int program)
{
    bpf_prog_info info{};
    uint32_t size = sizeof(info);
    if (bpf_obj_get_info_by_fd(program, &info, &size) != 0)
    {
        throw SystemError("look at an eBPF program");
    }
    return info.id;
}

std::vector<IpAddress>
AddressesOf(const std::string& device)
{
    ifaddrs* first = nullptr;
    if (getifaddrs(&first) != 0)
    {
        throw SystemError("list addresses of " + device);
    }
    const std::unique_ptr<ifaddrs, AddressListFreer> list(first);
    std::vector<IpAddress> addresses;
    for (const ifaddrs* one = list.get(); one; one = one->ifa_next)
    {
        if (!one->ifa_addr || device != one->ifa_name)
        {
            continue;
        }
        if (const auto address = RoutableAddress(*one->ifa_addr))
        {
            addresses.push_back(*address);
        }
    }
    return addresses;
}

uint32_t
MtuOf(const std::string& device)
{
    const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::copy_n(device.begin(),
                std::min(device.size(), sizeof(request.ifr_name) - 1),
                request.ifr_name);
    if (!socket || ioctl(socket.Get(), SIOCGIFMTU, &request) != 0)
    {
        throw SystemError("ask for the MTU of " + device);
    }
    return static_cast<uint32_t>(request.ifr_mtu);
}

} // namespace isb
