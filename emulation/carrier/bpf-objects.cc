// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/bpf-objects.h"

#include "emulation/carrier/bpf-config.h"
#include "emulation/carrier/bpf-device.h"
#include "emulation/carrier/bpf-log.h"
#include "emulation/sys/system-error.h"
#include "kernel/uapi/ist-maps.h"

#include "ist-tc.skel.h"
#include "ist-xdp.skel.h"

#include <algorithm>
#include <array>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <cerrno>
#include <cstring>
#include <memory>
#include <net/if.h>
#include <net/if_arp.h>
#include <string_view>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace isb
{

namespace
{

struct ObjectCloser
{
    void
    operator()(bpf_object* object) const
    {
        bpf_object__close(object);
    }
};

using Object = std::unique_ptr<bpf_object, ObjectCloser>;

Object
Open(const void* bytes, size_t size, const char* name)
{
    bpf_object_open_opts options{};
    options.sz = sizeof(options);
    options.object_name = name;
    Object object(bpf_object__open_mem(bytes, size, &options));
    if (!object)
    {
        throw SystemError("read the eBPF object " + std::string(name));
    }
    return object;
}

/// Throws what the kernel says against the programs.
void
Load(bpf_object* object, const BpfLog& log, bool verbose)
{
    const int error = bpf_object__load(object);
    if (error != 0)
    {
        const bool refused = error == -EPERM || error == -EACCES;
        throw SystemError(
            "load the eBPF programs " + std::string(bpf_object__name(object)) +
                (refused ? ", which takes CAP_BPF, CAP_PERFMON and CAP_NET_ADMIN" : "") +
                log.Explanation(verbose),
            -error);
    }
}

bpf_map*
MapOf(bpf_object* object, const char* name)
{
    bpf_map* map = bpf_object__find_map_by_name(object, name);
    if (!map)
    {
        throw SystemError(std::string("find map ") + name, ENOENT);
    }
    return map;
}

void
Resize(bpf_object* object, const char* name, size_t entries)
{
    const auto most = static_cast<uint32_t>(std::clamp<size_t>(entries, 1, UINT32_MAX / 4));
    const int error = bpf_map__set_max_entries(MapOf(object, name), most);
    if (error != 0)
    {
        throw SystemError(std::string("size map ") + name, -error);
    }
}

/// Flows of a family: two a splice, none if the IST has no address of the family.
size_t
FlowsOf(ist_family family, const std::vector<IpAddress>& own, size_t splices)
{
    const bool has = std::any_of(own.begin(),
                                 own.end(),
                                 [&](const IpAddress& one) { return one.family == family; });
    return has ? 2 * splices : 1;
}

/// Writes an element of a map that is loaded or pinned.
void
Put(int map, const char* name, const void* key, const void* value)
{
    if (bpf_map_update_elem(map, key, value, BPF_ANY) != 0)
    {
        throw SystemError(std::string("fill map ") + name);
    }
}

int
DescriptorOf(bpf_object* object, const char* name)
{
    return bpf_map__fd(MapOf(object, name));
}

void
FillAddresses(bpf_object* object, const std::vector<IpAddress>& addresses)
{
    for (const IpAddress& address : addresses)
    {
        const ist_own_key key = BpfOwnKey(address);
        const uint32_t present = 1;
        Put(DescriptorOf(object, IST_MAP_ADDRESSES), IST_MAP_ADDRESSES, &key, &present);
    }
}

void
FillFree(bpf_object* object, uint32_t slots)
{
    const int queue = DescriptorOf(object, IST_MAP_FREE);
    for (uint32_t slot = 0; slot < slots; ++slot)
    {
        Put(queue, IST_MAP_FREE, nullptr, &slot);
    }
}

void
PinAll(bpf_object* object, const BpfPins& pins)
{
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object)
    {
        if (!bpf_map__is_internal(map))
        {
            pins.Pin(bpf_map__fd(map), bpf_map__name(map));
        }
    }
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object)
    {
        pins.Pin(bpf_program__fd(program), bpf_program__name(program));
    }
}

/// A device as the programs need it. Throws SystemError.
ist_device
DeviceEntry(const BpfRecordDevice& device)
{
    const Descriptor socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
    ifreq request{};
    std::copy(device.name.begin(), device.name.end(), request.ifr_name);
    if (!socket || ioctl(socket.Get(), SIOCGIFHWADDR, &request) != 0)
    {
        throw SystemError("ask for the link address of " + std::string(device.name.data()));
    }
    ist_device entry{};
    entry.ifindex = device.interface;
    entry.mtu = MtuOf(device.name.data());
    entry.ethernet = request.ifr_hwaddr.sa_family == ARPHRD_ETHER ||
                             request.ifr_hwaddr.sa_family == ARPHRD_LOOPBACK
                         ? 1
                         : 0;
    std::memcpy(entry.address, request.ifr_hwaddr.sa_data, sizeof(entry.address));
    return entry;
}

} // namespace

uint32_t
BpfObjectVersion()
{
    return IST_MAPS_VERSION << 16 | static_cast<uint32_t>(sizeof(ist_entry));
}

void
LoadTcObjects(const BpfPins& pins,
              const BpfAttachOptions& options,
              const std::vector<IpAddress>& addresses)
{
    const BpfLog log;
    size_t size = 0;
    const void* bytes = ist_tc_bpf__elf_bytes(&size);
    const Object object = Open(bytes, size, "ist_tc");
    const size_t splices = options.settings.maxSplices;
    Resize(object.get(), IST_MAP_SPLICES, splices);
    Resize(object.get(), IST_MAP_FREE, splices);
    Resize(object.get(), IST_MAP_FLOWS4, FlowsOf(IST_FAMILY_IPV4, addresses, splices));
    Resize(object.get(), IST_MAP_FLOWS6, FlowsOf(IST_FAMILY_IPV6, addresses, splices));
    Resize(object.get(), IST_MAP_ADDRESSES, addresses.size());
    Resize(object.get(), IST_MAP_FRAGMENTS, options.settings.maxFragmented);
    Load(object.get(), log, options.verbose);
    FillAddresses(object.get(), addresses);
    FillFree(object.get(), static_cast<uint32_t>(splices));
    PinAll(object.get(), pins);
    WriteBpfConfig(pins, BpfConfigOf(options.settings));
}

void
LoadXdpObjects(const BpfPins& pins, bool verbose)
{
    const BpfLog log;
    size_t size = 0;
    const void* bytes = ist_xdp_bpf__elf_bytes(&size);
    const Object object = Open(bytes, size, "ist_xdp");
    bpf_map* map = nullptr;
    bpf_object__for_each_map(map, object.get())
    {
        if (bpf_map__is_internal(map))
        {
            continue;
        }
        const Descriptor pinned = pins.Get(bpf_map__name(map));
        const int error = bpf_map__reuse_fd(map, pinned.Get());
        if (error != 0)
        {
            throw SystemError("share map " + std::string(bpf_map__name(map)), -error);
        }
    }
    Load(object.get(), log, verbose);
    bpf_program* program = nullptr;
    bpf_object__for_each_program(program, object.get())
    {
        pins.Pin(bpf_program__fd(program), bpf_program__name(program));
    }
}

void
FillDevices(const BpfPins& pins, const BpfRecord& record)
{
    const Descriptor devices = pins.Get(IST_MAP_DEVICES);
    const Descriptor index = pins.Get(IST_MAP_DEVICE_INDEX);
    ist_config config = ReadBpfConfig(pins);
    config.xdp_most = UINT16_MAX;
    for (uint32_t i = 0; i < record.deviceCount; ++i)
    {
        const uint32_t key = FIRST_DEVICE_INDEX + i;
        const ist_device entry = DeviceEntry(record.devices[i]);
        config.xdp_most = std::min(config.xdp_most, entry.mtu);
        Put(devices.Get(), IST_MAP_DEVICES, &key, &entry);
        Put(index.Get(), IST_MAP_DEVICE_INDEX, &entry.ifindex, &key);
    }
    WriteBpfConfig(pins, config);
}

void
FillXdpTargets(const BpfPins& pins, const BpfRecord& record)
{
    const Descriptor devices = pins.Get(IST_MAP_DEVICES);
    for (uint32_t i = 0; i < record.deviceCount; ++i)
    {
        const uint32_t key = FIRST_DEVICE_INDEX + i;
        ist_device entry = DeviceEntry(record.devices[i]);
        entry.xdp = TakesRedirected(record.devices[i]) ? 1 : 0;
        Put(devices.Get(), IST_MAP_DEVICES, &key, &entry);
    }
}

std::string
TcProgramFor(const BpfRecordDevice& device)
{
    return DeviceEntry(device).ethernet != 0 ? IST_PROGRAM_NAME_TC : IST_PROGRAM_NAME_TC_L3;
}

} // namespace isb
