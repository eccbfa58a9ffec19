// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_BPF_CONTROL_H
#define ISB_EMULATION_CARRIER_BPF_CONTROL_H

#include "emulation/carrier/bpf-pins.h"
#include "emulation/sys/system-random.h"
#include "kernel/uapi/ist-uapi.h"
#include "model/core/ist/ist-settings.h"
#include "model/wire/result.h"

#include <cstdint>

namespace isb
{

/// Orders to the programs: frames run through `ist_control` (kernel/uapi/ist-maps.h), so that only
/// the kernel writes what packets read. Throws SystemError.
class BpfControl
{
  public:
    explicit BpfControl(const BpfPins& pins);

    /// Opens the pair's ports. The splice's id, or why not.
    Result<uint64_t> Add(const IstPair& pair);
    /// False when there is none.
    bool Remove(uint64_t id);
    /// Starts the sweep for what has expired; repeating it is harmless.
    void Start();

  private:
    [[nodiscard]] ist_order Run(ist_order order);
    [[nodiscard]] Result<uint64_t> AddActive(const IstPair& pair, ist_order order);
    [[nodiscard]] Result<uint64_t> Refused(const IstPair& pair, int result);
    [[nodiscard]] bool IsOwn(const IpAddress& address) const;
    [[nodiscard]] uint16_t DeviceIndexTowards(const IpAddress& target) const;
    void ClosePorts(const IstPair& pair);

    BpfPins m_pins;
    Descriptor m_program;
    SystemRandom m_random;
    uint16_t m_ownPortFirst = 0;
    uint16_t m_ownPortLast = 0;
    uint32_t m_maxSplices = 0;
};

} // namespace isb

#endif
