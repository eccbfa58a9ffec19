// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_BPF_TABLE_H
#define ISB_EMULATION_CARRIER_BPF_TABLE_H

#include "emulation/carrier/bpf-pins.h"
#include "kernel/uapi/ist-uapi.h"
#include "model/core/ist/ist-engine.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace isb
{

/// A reason of the core or of a carrier by name; static. "" for none.
[[nodiscard]] std::string_view CarrierReasonName(unsigned int reason);

/// What the programs keep in their maps, read for people. Nothing is written. Throws SystemError.
class BpfTable
{
  public:
    explicit BpfTable(const BpfPins& pins);

    [[nodiscard]] std::vector<IstSpliceInfo> List() const;
    [[nodiscard]] std::optional<IstSpliceInfo> Find(uint64_t id) const;
    [[nodiscard]] IstCounters Counters() const;
    [[nodiscard]] uint32_t MaxSplices() const;

  private:
    [[nodiscard]] uint64_t Total(const Descriptor& map, uint32_t key) const;

    Descriptor m_splices;
    Descriptor m_drops;
    Descriptor m_counters;
    uint32_t m_slots = 0;
};

} // namespace isb

#endif
