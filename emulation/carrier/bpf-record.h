// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_BPF_RECORD_H
#define ISB_EMULATION_CARRIER_BPF_RECORD_H

#include "emulation/sys/descriptor.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace isb
{

/// What was attached to one device, and so what Detach() takes off it.
struct BpfRecordDevice
{
    std::array<char, 16> name{}; ///< terminated by zero
    uint32_t interface = 0;
    uint32_t tcHandle = 0;   ///< of the filter
    uint32_t tcPriority = 0; ///< of the filter
    uint32_t tcProgram = 0;  ///< id of the program; 0: none attached
    uint32_t xdpProgram = 0; ///< id of the program; 0: none attached
    uint32_t xdpFlags = 0;   ///< XDP_FLAGS_DRV_MODE or XDP_FLAGS_SKB_MODE
    uint32_t ownsQdisc = 0;  ///< 1: the clsact qdisc is ours to remove once it is empty
};

/// The attachment record. It lies in a pinned map of one element, as a file system of type bpf
/// keeps nothing else; so it is there exactly as long as the programs are. Bytes in this machine's
/// order: the map does not leave it.
struct BpfRecord
{
    static constexpr uint32_t MAGIC = 0x69737472; ///< "istr"
    static constexpr uint32_t LAYOUT = 1;         ///< of this struct; changes with it
    static constexpr size_t MOST_DEVICES = 16;

    uint32_t magic = MAGIC;
    uint32_t layout = LAYOUT;
    uint32_t version = 0;          ///< of maps and programs (kernel/uapi)
    uint32_t complete = 0;         ///< 0: whoever attached was interrupted
    uint64_t networkNamespace = 0; ///< inode of the namespace that the devices are in
    uint32_t deviceCount = 0;
    uint32_t reserved = 0;
    std::array<BpfRecordDevice, MOST_DEVICES> devices{};
};

/// A pinned record. Throws SystemError.
class BpfRecordMap
{
  public:
    /// A new one, pinned at `path`.
    [[nodiscard]] static BpfRecordMap Create(const std::string& path);
    /// The one pinned at `path`; nothing: there is none.
    [[nodiscard]] static std::optional<BpfRecordMap> Open(const std::string& path);

    /// Nothing: the record is of a layout that this program does not know.
    [[nodiscard]] std::optional<BpfRecord> Read() const;
    void Write(const BpfRecord& record) const;

  private:
    BpfRecordMap(Descriptor map, std::string path);

    Descriptor m_map;
    std::string m_path;
};

} // namespace isb

#endif
