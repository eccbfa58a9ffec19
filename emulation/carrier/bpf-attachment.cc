// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/bpf-attachment.h"

#include "emulation/carrier/bpf-control.h"
#include "emulation/carrier/bpf-device.h"
#include "emulation/carrier/bpf-namespace.h"
#include "emulation/carrier/bpf-objects.h"
#include "emulation/sys/system-error.h"
#include "kernel/uapi/ist-maps.h"

#include <algorithm>
#include <bpf/bpf.h>
#include <cctype>
#include <filesystem>
#include <sys/resource.h>
#include <utility>

namespace isb
{

namespace fs = std::filesystem;

namespace
{

constexpr const char* RECORD = "record";
constexpr size_t LONGEST_NAME = 32;
constexpr size_t MOST_SPLICES = size_t{1} << 24;

bool
IsName(const std::string& name)
{
    return !name.empty() && name.size() <= LONGEST_NAME &&
           std::all_of(name.begin(),
                       name.end(),
                       [](unsigned char c) { return std::isalnum(c) || c == '-' || c == '_'; });
}

/// What is wrong with an order before the kernel is asked.
std::optional<std::string>
Contradiction(const BpfAttachOptions& options)
{
    if (!IsName(options.name))
    {
        return "\"" + options.name + "\" is no name: use letters, digits, '-' and '_', at most " +
               std::to_string(LONGEST_NAME);
    }
    if (options.devices.empty() || options.devices.size() > BpfRecord::MOST_DEVICES)
    {
        return "an IST is attached to 1 to " + std::to_string(BpfRecord::MOST_DEVICES) +
               " devices, not " + std::to_string(options.devices.size());
    }
    for (const std::string& name : options.devices)
    {
        if (std::count(options.devices.begin(), options.devices.end(), name) > 1)
        {
            return "device " + name + " is named twice";
        }
        if (FindDevice(name).interface == 0)
        {
            return "there is no device " + name + " in this network namespace (see `ip link`)";
        }
    }
    if (options.settings.maxSplices == 0 || options.settings.maxSplices > MOST_SPLICES)
    {
        return "an IST has room for 1 to " + std::to_string(MOST_SPLICES) + " splices, not " +
               std::to_string(options.settings.maxSplices);
    }
    if (!IsBpfFileSystem(options.bpffs))
    {
        return options.bpffs + " is no file system of type bpf: mount one with `mount -t bpf bpf " +
               options.bpffs + "`, or name another";
    }
    return std::nullopt;
}

/// Kernels before 5.11 count maps against the locked memory of a process.
void
LiftMemoryLimit()
{
    const rlimit none{RLIM_INFINITY, RLIM_INFINITY};
    (void)setrlimit(RLIMIT_MEMLOCK, &none); // not needed on newer ones, which may refuse it
}

std::vector<IpAddress>
OwnAddresses(const BpfAttachOptions& options)
{
    std::vector<IpAddress> addresses = options.settings.addresses;
    for (const std::string& device : options.devices)
    {
        const auto found =
            options.settings.addresses.empty() ? AddressesOf(device) : std::vector<IpAddress>{};
        addresses.insert(addresses.end(), found.begin(), found.end());
    }
    return addresses;
}

std::string
Joined(const std::vector<std::string>& names)
{
    std::string text;
    for (const std::string& name : names)
    {
        text += (text.empty() ? "" : ", ") + name;
    }
    return text;
}

/// A qdisc of ours that others use by now: another IST on the device removes it, if there is one.
void
HandOverQdisc(const BpfPins& from, const BpfRecordDevice& device)
{
    const fs::path own(from.Folder());
    for (const std::string& name : FoldersIn(own.parent_path().string()))
    {
        const BpfPins pins((own.parent_path() / name).string());
        const auto map =
            name == own.filename() ? std::nullopt : BpfRecordMap::Open(pins.PathOf(RECORD));
        auto record = map ? map->Read() : std::nullopt;
        if (!record || record->networkNamespace != NetworkNamespaceInode())
        {
            continue;
        }
        for (uint32_t i = 0; i < record->deviceCount; ++i)
        {
            if (record->devices[i].interface == device.interface)
            {
                record->devices[i].ownsQdisc = 1;
                map->Write(*record);
                return;
            }
        }
    }
}

std::string
ElsewhereText(const std::string& folder, const std::string& space)
{
    return "the IST of " + folder + " is in another network namespace; there it can be reached: `" +
           "nsenter --net=" + space + " ist ...`";
}

} // namespace

BpfAttachment::BpfAttachment(BpfPins pins, BpfRecord record, bool adopted)
    : m_pins(std::move(pins)),
      m_record(record),
      m_adopted(adopted)
{
}

const BpfPins&
BpfAttachment::Pins() const
{
    return m_pins;
}

bool
BpfAttachment::IsAdopted() const
{
    return m_adopted;
}

std::vector<std::string>
BpfAttachment::Devices() const
{
    std::vector<std::string> names;
    for (uint32_t i = 0; i < m_record.deviceCount; ++i)
    {
        names.emplace_back(m_record.devices[i].name.data());
    }
    return names;
}

bool
BpfAttachment::HasXdp() const
{
    return std::any_of(m_record.devices.begin(),
                       m_record.devices.end(),
                       [](const BpfRecordDevice& device) { return device.xdpProgram != 0; });
}

Result<BpfAttachment>
BpfAttachment::Find(const std::string& folder)
{
    const BpfPins pins(folder);
    const auto map = BpfRecordMap::Open(pins.PathOf(RECORD));
    if (!map)
    {
        return Error{"no IST is attached in " + folder};
    }
    const auto record = map->Read();
    if (!record || record->version != BpfObjectVersion())
    {
        return Error{"the IST of " + folder +
                     " was attached by another version of this program: let that one detach it"};
    }
    if (record->complete == 0)
    {
        return Error{"attaching the IST of " + folder +
                     " was interrupted: attach it again, or detach it"};
    }
    if (record->networkNamespace != NetworkNamespaceInode())
    {
        const auto space = PathOfNamespace(record->networkNamespace);
        return Error{space ? ElsewhereText(folder, *space)
                           : "the network namespace of the IST of " + folder +
                                 " is gone: detach it, or attach it anew"};
    }
    return BpfAttachment(pins, *record, true);
}

Result<BpfAttachment>
BpfAttachment::Make(const BpfAttachOptions& options)
{
    if (auto why = Contradiction(options))
    {
        return Error{std::move(*why)};
    }
    const BpfPins pins(PinFolderOf(options.bpffs, options.name));
    const Descriptor lock = pins.Lock();
    const auto map = BpfRecordMap::Open(pins.PathOf(RECORD));
    const auto record = map ? map->Read() : std::nullopt;
    const bool usable = record && record->complete != 0 &&
                        (record->networkNamespace == NetworkNamespaceInode() ||
                         PathOfNamespace(record->networkNamespace));
    if (map && (!record || usable))
    {
        auto found = Find(pins.Folder());
        if (found)
        {
            if (auto why = found->AddDevices(options))
            {
                return Error{std::move(*why)};
            }
        }
        return found;
    }
    const auto removed = RemoveLocked(pins); // what an interrupted process has left
    if (!removed)
    {
        return Error{removed.Why()};
    }
    return Fresh(options, pins);
}

/// Makes everything; on failure removes what was made.
Result<BpfAttachment>
BpfAttachment::Fresh(const BpfAttachOptions& options, BpfPins pins)
{
    const std::vector<IpAddress> addresses = OwnAddresses(options);
    if (addresses.empty())
    {
        return Error{"no address is known that users connect to: " + Joined(options.devices) +
                     " has none; name one"};
    }
    LiftMemoryLimit();
    try
    {
        pins.Create();
        const BpfRecordMap map = BpfRecordMap::Create(pins.PathOf(RECORD));
        BpfAttachment made(pins, BpfRecord{}, false);
        made.m_record.version = BpfObjectVersion();
        made.m_record.networkNamespace = NetworkNamespaceInode();
        map.Write(made.m_record);
        LoadTcObjects(pins, options, addresses);
        if (options.xdp != XdpMode::None)
        {
            LoadXdpObjects(pins, options.verbose);
        }
        for (const std::string& name : options.devices)
        {
            made.m_record.devices[made.m_record.deviceCount++] = FindDevice(name);
        }
        FillDevices(pins, made.m_record);
        BpfControl(pins).Start();
        made.AttachAll(map, options);
        return made;
    }
    catch (const SystemError&)
    {
        (void)RemoveLocked(pins);
        throw;
    }
}

/// Attaches to what it is not yet attached to. The record is written before each step, so that
/// whatever happens meanwhile can be undone.
void
BpfAttachment::AttachAll(const BpfRecordMap& map, const BpfAttachOptions& options)
{
    for (uint32_t i = 0; i < m_record.deviceCount; ++i)
    {
        BpfRecordDevice& device = m_record.devices[i];
        if (!IsTcAttached(device))
        {
            const Descriptor program = m_pins.Get(TcProgramFor(device));
            PrepareTc(device, program.Get());
            map.Write(m_record);
            AttachTc(device, program.Get());
        }
        if (options.xdp != XdpMode::None && !IsXdpAttached(device))
        {
            const Descriptor program = m_pins.Get("ist_xdp");
            PrepareXdp(device, program.Get(), options.xdp);
            map.Write(m_record);
            AttachXdp(device, program.Get());
        }
    }
    FillXdpTargets(m_pins, m_record);
    m_record.complete = 1;
    map.Write(m_record);
}

/// Brings an adopted carrier to the devices of the order, too. What else was asked for differently
/// cannot be changed while splices run.
std::optional<std::string>
BpfAttachment::AddDevices(const BpfAttachOptions& options)
{
    const auto map = BpfRecordMap::Open(m_pins.PathOf(RECORD));
    const BpfRecord before = m_record;
    for (uint32_t i = 0; i < m_record.deviceCount; ++i)
    {
        // A device that was made anew under its old name has another number.
        BpfRecordDevice& device = m_record.devices[i];
        const BpfRecordDevice now = FindDevice(device.name.data());
        if (now.interface != 0 && now.interface != device.interface)
        {
            device = now;
        }
    }
    std::vector<std::string> names = Devices();
    for (const std::string& name : options.devices)
    {
        if (std::find(names.begin(), names.end(), name) != names.end())
        {
            continue;
        }
        if (m_record.deviceCount == BpfRecord::MOST_DEVICES)
        {
            return "the IST is attached to " + std::to_string(BpfRecord::MOST_DEVICES) +
                   " devices already: detach it first";
        }
        m_record.devices[m_record.deviceCount++] = FindDevice(name);
    }
    if (options.xdp != XdpMode::None && !m_pins.Has("ist_xdp"))
    {
        LoadXdpObjects(m_pins, options.verbose);
    }
    FillDevices(m_pins, m_record);
    BpfControl(m_pins).Start();
    try
    {
        AttachAll(*map, options);
    }
    catch (const SystemError&)
    {
        for (uint32_t i = before.deviceCount; i < m_record.deviceCount; ++i)
        {
            (void)DetachFrom(m_record.devices[i]);
        }
        m_record.deviceCount = before.deviceCount; // of the others, what is attached now stays
        map->Write(m_record);
        throw;
    }
    return std::nullopt;
}

Result<bool>
BpfAttachment::Remove(const std::string& folder)
{
    const BpfPins pins(folder);
    if (!pins.Exists())
    {
        return false;
    }
    if (!IsBpfFileSystem(folder))
    {
        return Error{folder + " is in no file system of type bpf: no IST is pinned there"};
    }
    const Descriptor lock = pins.Lock();
    return RemoveLocked(pins);
}

Result<bool>
BpfAttachment::RemoveLocked(const BpfPins& pins)
{
    if (!pins.Exists())
    {
        return false;
    }
    const auto map = BpfRecordMap::Open(pins.PathOf(RECORD));
    const auto record = map ? map->Read() : std::nullopt;
    if (map && !record)
    {
        return Error{"the IST of " + pins.Folder() +
                     " was attached by another version of this program: let that one detach it"};
    }
    const bool here = record && record->networkNamespace == NetworkNamespaceInode();
    if (record && !here)
    {
        if (const auto space = PathOfNamespace(record->networkNamespace))
        {
            return Error{ElsewhereText(pins.Folder(), *space)};
        }
    }
    for (uint32_t i = 0; here && i < record->deviceCount; ++i)
    {
        if (DetachFrom(record->devices[i]))
        {
            HandOverQdisc(pins, record->devices[i]);
        }
    }
    pins.Remove();
    return true;
}

} // namespace isb
