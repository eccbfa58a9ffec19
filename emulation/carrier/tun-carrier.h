// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_TUN_CARRIER_H
#define ISB_EMULATION_CARRIER_TUN_CARRIER_H

#include "emulation/carrier/capability-report.h"
#include "emulation/carrier/splice-carrier.h"
#include "emulation/carrier/tun-options.h"

#include <asio/io_context.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isb
{

/// The IST in user space, for machines without eBPF and module: the model's own IstEngine. TCP and
/// UDP packets for the IST's addresses are routed to a TUN interface, are spliced by this process,
/// and go on by the host's routes. What is not the IST's comes back to the host, so the addresses
/// may be the host's own.
///
///     user A -- eth0 --[rule]--> ist0 (TUN) --> IstEngine --> ist0 --[route]--> eth1 -- user B
///
/// Lives on an event loop, in one thread; splices end with it. A packet passes two forwarding hops,
/// so its TTL falls by two. What this host does not model: splices of its own connections.
class TunCarrier : public SpliceCarrier
{
  public:
    /// Makes the interface and the routes. Needs CAP_NET_ADMIN and CAP_NET_RAW; afterwards none is
    /// needed but to remove the routing rules at the end, which Detach() can do as well.
    /// \throw std::invalid_argument the options contradict themselves or this host
    /// \throw std::runtime_error this host does not forward; the text says what helps
    /// \throw SystemError what was tried and failed
    TunCarrier(asio::io_context& io, const TunOptions& options);
    ~TunCarrier() override;

    /// Removes the routing rules that a process without privileges, or a killed one, left behind.
    /// False: there were none.
    static bool Detach(const std::string& device);

    [[nodiscard]] static CapabilityReport Probe();

    [[nodiscard]] std::string_view Name() const override;
    [[nodiscard]] Result<uint64_t> Add(const IstPair& pair) override;
    bool Remove(uint64_t id) override;
    [[nodiscard]] std::vector<IstSpliceInfo> List() override;
    [[nodiscard]] std::optional<IstSpliceInfo> Find(uint64_t id) override;
    [[nodiscard]] IstCounters Counters() override;
    [[nodiscard]] std::vector<CarrierNews> TakeNews() override;
    [[nodiscard]] int NewsDescriptor() const override;

    /// The options, addresses filled in.
    [[nodiscard]] const TunOptions& Options() const;

  private:
    class Impl;
    std::unique_ptr<Impl> m_impl;
};

} // namespace isb

#endif
