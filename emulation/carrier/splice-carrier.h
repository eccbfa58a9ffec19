// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_SPLICE_CARRIER_H
#define ISB_EMULATION_CARRIER_SPLICE_CARRIER_H

#include "model/core/ist/carrier-news.h"
#include "model/core/ist/ist-engine.h"
#include "model/core/ist/ist-settings.h"
#include "model/wire/result.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isb
{

/// One way to carry splices on a Linux host: eBPF, the kernel module, or user space over TUN. The
/// one control interface of them all (thesis 5.2's IST table, seen from outside).
///
/// A carrier of the kernel outlives this object, and the process: destroying it changes nothing
/// there. All times are of CLOCK_MONOTONIC. Errors of the operating system are thrown
/// (SystemError); an order that contradicts itself or the table is refused in words.
class SpliceCarrier
{
  public:
    SpliceCarrier() = default;
    virtual ~SpliceCarrier() = default;
    SpliceCarrier(const SpliceCarrier&) = delete;
    SpliceCarrier& operator=(const SpliceCarrier&) = delete;

    /// "bpf", "bpf+xdp", "module", "tun"
    [[nodiscard]] virtual std::string_view Name() const = 0;

    /// Opens the pair's ports and waits for its users. The splice's id (never 0), or why not.
    [[nodiscard]] virtual Result<uint64_t> Add(const IstPair& pair) = 0;
    /// Ends a splice; users of a joined TCP splice get an RST each. False when there is none.
    virtual bool Remove(uint64_t id) = 0;

    /// All splices, by id.
    [[nodiscard]] virtual std::vector<IstSpliceInfo> List() = 0;
    [[nodiscard]] virtual std::optional<IstSpliceInfo> Find(uint64_t id) = 0;
    [[nodiscard]] virtual IstCounters Counters() = 0;

    /// What happened to labelled pairs since the last call: first SYN seen (Pure's P2), paired,
    /// fallen back, ended.
    [[nodiscard]] virtual std::vector<CarrierNews> TakeNews() = 0;
    /// Readable when TakeNews() has something. The carrier's own; not to be read or closed.
    [[nodiscard]] virtual int NewsDescriptor() const = 0;
};

} // namespace isb

#endif
