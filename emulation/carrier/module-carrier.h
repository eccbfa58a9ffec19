// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_EMULATION_CARRIER_MODULE_CARRIER_H
#define ISB_EMULATION_CARRIER_MODULE_CARRIER_H

#include "emulation/carrier/capability-report.h"
#include "emulation/carrier/module-socket.h"
#include "emulation/carrier/splice-carrier.h"
#include "emulation/sys/system-random.h"

#include <memory>
#include <string>
#include <vector>

namespace isb
{

/// On which devices the module splices, and how.
struct ModuleAttachOptions
{
    std::vector<std::string> devices; ///< names, 1 to 16
    IstSettings settings;
};

/// Splices carried by the Linux module (kernel/module, doc/ist-module.md): one IST a network
/// namespace, that of the calling thread. It needs CAP_NET_ADMIN there, and the module loaded.
///
/// Not taken from the settings: decrementTtl, as the module always takes one off.
class ModuleCarrier : public SpliceCarrier
{
  public:
    /// Attaches the IST to devices. Refused in words when it is attached already.
    [[nodiscard]] static Result<std::unique_ptr<ModuleCarrier>> Attach(
        const ModuleAttachOptions& options);
    /// The IST that is attached here, or why there is none.
    [[nodiscard]] static Result<std::unique_ptr<ModuleCarrier>> Open();
    /// Ends all splices and leaves the devices alone. False: it is not attached.
    static bool Detach();
    [[nodiscard]] static bool IsAttached();
    [[nodiscard]] static CapabilityReport Probe();

    [[nodiscard]] std::string_view Name() const override;
    [[nodiscard]] Result<uint64_t> Add(const IstPair& pair) override;
    bool Remove(uint64_t id) override;
    [[nodiscard]] std::vector<IstSpliceInfo> List() override;
    [[nodiscard]] std::optional<IstSpliceInfo> Find(uint64_t id) override;
    [[nodiscard]] IstCounters Counters() override;
    [[nodiscard]] std::vector<CarrierNews> TakeNews() override;
    [[nodiscard]] int NewsDescriptor() const override;

    /// Names of the devices that it is attached to; of those that are gone, "#" and the number.
    [[nodiscard]] std::vector<std::string> Devices();

  private:
    ModuleCarrier();

    ModuleSocket m_socket;
    ModuleSocket m_news;
    SystemRandom m_random;
    uint16_t m_portFirst = 49152;
    uint16_t m_portLast = 65535;
};

} // namespace isb

#endif
