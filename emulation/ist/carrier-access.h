// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_IST_CARRIER_ACCESS_H
#define ISB_EMULATION_IST_CARRIER_ACCESS_H

#include "emulation/carrier/capability-report.h"
#include "emulation/carrier/splice-carrier.h"
#include "emulation/ist/ist-options.h"

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace isb
{

/// A carrier at work, opened to be told and asked.
struct OpenedCarrier
{
    std::unique_ptr<SpliceCarrier> carrier;
    std::vector<std::string> devices;
};

/// What attaching has come to.
struct AttachAnswer
{
    OpenedCarrier opened;
    bool adopted = false; ///< it was there already
};

/// How the program reaches the carriers of one kind: those in the kernel through what is pinned
/// there, those in other processes through their sockets. Errors of the system are thrown.
class CarrierAccess
{
  public:
    CarrierAccess() = default;
    virtual ~CarrierAccess() = default;
    CarrierAccess(const CarrierAccess&) = delete;
    CarrierAccess& operator=(const CarrierAccess&) = delete;

    /// The names that --carrier knows it by.
    [[nodiscard]] virtual std::vector<std::string_view> Carriers() const = 0;
    /// Names of those that are attached, in order.
    [[nodiscard]] virtual std::vector<std::string> Attached(const IstPlace& place) = 0;
    [[nodiscard]] virtual Result<AttachAnswer> Attach(const AttachOrder& order,
                                                      const IstPlace& place) = 0;
    /// One of Attached(): `place.name`.
    [[nodiscard]] virtual Result<OpenedCarrier> Open(const IstPlace& place) = 0;
    /// Removes everything of `place.name`, also what a crash has left half. False: there is
    /// nothing.
    [[nodiscard]] virtual Result<bool> Detach(const IstPlace& place) = 0;
    /// A report for each of Carriers(); changes nothing.
    [[nodiscard]] virtual std::vector<CapabilityReport> Probe(
        const std::vector<std::string>& devices,
        const IstPlace& place) = 0;
};

/// All kinds that this program is built with.
[[nodiscard]] std::vector<std::unique_ptr<CarrierAccess>> MakeCarrierAccess();

} // namespace isb

#endif
