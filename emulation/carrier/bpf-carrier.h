// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_BPF_CARRIER_H
#define ISB_EMULATION_CARRIER_BPF_CARRIER_H

#include "emulation/carrier/bpf-attach-options.h"
#include "emulation/carrier/capability-report.h"
#include "emulation/carrier/splice-carrier.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isb
{

/// What BpfCarrier::Probe() looks at beyond the kernel itself.
struct BpfProbeOptions
{
    std::string bpffs = "/sys/fs/bpf";
    std::vector<std::string> devices; ///< of this thread's network namespace
    XdpMode xdp = XdpMode::None;
};

/// The IST in the kernel as eBPF programs on tc, established splices optionally on XDP (thesis 5;
/// kernel/bpf). Programs and maps are pinned below a file system of type bpf together with a record
/// of the devices that they are attached to. So the carrier works on without any process, a later
/// process adopts it, and Detach() finds everything that there is to remove.
class BpfCarrier : public SpliceCarrier
{
  public:
    /// Loads, pins and attaches; all or nothing. What an earlier process has left under this name
    /// is adopted: its splices go on, devices that are missing are attached. Refused when the
    /// order contradicts itself, a device or the file system is not there, or what is pinned is
    /// another version's.
    [[nodiscard]] static Result<std::unique_ptr<BpfCarrier>> Attach(
        const BpfAttachOptions& options);

    /// Takes over what is pinned in `pinFolder` (FolderOf()), and changes nothing there.
    [[nodiscard]] static Result<std::unique_ptr<BpfCarrier>> Adopt(const std::string& pinFolder);

    /// Takes the programs off their devices and removes all pins, of whatever version, complete or
    /// not. False when there was nothing. Users of open splices are not told.
    [[nodiscard]] static Result<bool> Detach(const std::string& pinFolder);

    /// Where the carrier of a name has its pins: `bpffs`/isblab/`name`.
    [[nodiscard]] static std::string FolderOf(const std::string& bpffs, const std::string& name);

    /// The names that are attached below a file system of type bpf, in order.
    [[nodiscard]] static std::vector<std::string> Names(const std::string& bpffs);

    [[nodiscard]] static CapabilityReport Probe(const BpfProbeOptions& options = {});

    ~BpfCarrier() override;

    [[nodiscard]] std::string_view Name() const override;
    [[nodiscard]] Result<uint64_t> Add(const IstPair& pair) override;
    bool Remove(uint64_t id) override;
    [[nodiscard]] std::vector<IstSpliceInfo> List() override;
    [[nodiscard]] std::optional<IstSpliceInfo> Find(uint64_t id) override;
    [[nodiscard]] IstCounters Counters() override;
    [[nodiscard]] std::vector<CarrierNews> TakeNews() override;
    [[nodiscard]] int NewsDescriptor() const override;

    /// True when it was there already.
    [[nodiscard]] bool IsAdopted() const;
    /// The devices that it is attached to.
    [[nodiscard]] std::vector<std::string> Devices() const;

  private:
    class Impl;
    explicit BpfCarrier(std::unique_ptr<Impl> impl);

    std::unique_ptr<Impl> m_impl;
};

} // namespace isb

#endif
