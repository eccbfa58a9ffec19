// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/bpf-record.h"

#include "emulation/sys/system-error.h"

#include <bpf/bpf.h>
#include <cerrno>
#include <utility>

namespace isb
{

BpfRecordMap::BpfRecordMap(Descriptor map, std::string path)
    : m_map(std::move(map)),
      m_path(std::move(path))
{
}

BpfRecordMap
BpfRecordMap::Create(const std::string& path)
{
    Descriptor map(bpf_map_create(BPF_MAP_TYPE_ARRAY,
                                  "ist_record",
                                  sizeof(uint32_t),
                                  sizeof(BpfRecord),
                                  1,
                                  nullptr));
    if (!map || bpf_obj_pin(map.Get(), path.c_str()) != 0)
    {
        throw SystemError("make attachment record " + path);
    }
    return BpfRecordMap(std::move(map), path);
}

std::optional<BpfRecordMap>
BpfRecordMap::Open(const std::string& path)
{
    Descriptor map(bpf_obj_get(path.c_str()));
    if (!map && errno == ENOENT)
    {
        return std::nullopt;
    }
    if (!map)
    {
        throw SystemError("open attachment record " + path);
    }
    return BpfRecordMap(std::move(map), path);
}

std::optional<BpfRecord>
BpfRecordMap::Read() const
{
    bpf_map_info info{};
    uint32_t size = sizeof(info);
    if (bpf_obj_get_info_by_fd(m_map.Get(), &info, &size) != 0)
    {
        throw SystemError("read attachment record " + m_path);
    }
    if (info.type != BPF_MAP_TYPE_ARRAY || info.key_size != sizeof(uint32_t) ||
        info.value_size != sizeof(BpfRecord))
    {
        return std::nullopt;
    }
    BpfRecord record;
    const uint32_t key = 0;
    if (bpf_map_lookup_elem(m_map.Get(), &key, &record) != 0)
    {
        throw SystemError("read attachment record " + m_path);
    }
    if (record.magic != BpfRecord::MAGIC || record.layout != BpfRecord::LAYOUT ||
        record.deviceCount > BpfRecord::MOST_DEVICES)
    {
        return std::nullopt;
    }
    return record;
}

void
BpfRecordMap::Write(const BpfRecord& record) const
{
    const uint32_t key = 0;
    if (bpf_map_update_elem(m_map.Get(), &key, &record, BPF_ANY) != 0)
    {
        throw SystemError("write attachment record " + m_path);
    }
}

} // namespace isb
