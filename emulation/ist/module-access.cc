// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/ist/module-access.h"

#include "emulation/carrier/module-carrier.h"
#include "emulation/ist/carrier-choice.h"

#include <utility>

namespace isb
{

namespace
{

const std::string NAME(STANDARD_IST_NAME);

/// The carrier and the devices that it is on.
OpenedCarrier
Opened(std::unique_ptr<ModuleCarrier> carrier)
{
    std::vector<std::string> devices = carrier->Devices();
    return {std::move(carrier), std::move(devices)};
}

/// The Linux module. There is one IST a network namespace, called "ist".
class ModuleAccess : public CarrierAccess
{
  public:
    [[nodiscard]] std::vector<std::string_view>
    Carriers() const override
    {
        return {"module"};
    }

    [[nodiscard]] std::vector<std::string>
    Attached(const IstPlace& /*place*/) override
    {
        return ModuleCarrier::IsAttached() ? std::vector<std::string>{NAME}
                                           : std::vector<std::string>{};
    }

    [[nodiscard]] Result<AttachAnswer>
    Attach(const AttachOrder& order, const IstPlace& place) override
    {
        if (place.name != NAME)
        {
            return Error{"the module carries one IST a network namespace, called '" + NAME +
                         "': leave --name away"};
        }
        const bool adopts = ModuleCarrier::IsAttached();
        auto carrier =
            adopts ? ModuleCarrier::Open() : ModuleCarrier::Attach({order.devices, order.settings});
        if (!carrier)
        {
            return Error{carrier.Why()};
        }
        return AttachAnswer{Opened(std::move(*carrier)), adopts};
    }

    [[nodiscard]] Result<OpenedCarrier>
    Open(const IstPlace& /*place*/) override
    {
        auto carrier = ModuleCarrier::Open();
        if (!carrier)
        {
            return Error{carrier.Why()};
        }
        return Opened(std::move(*carrier));
    }

    [[nodiscard]] Result<bool>
    Detach(const IstPlace& place) override
    {
        if (place.name != NAME)
        {
            return false;
        }
        return ModuleCarrier::Detach();
    }

    [[nodiscard]] std::vector<CapabilityReport>
    Probe(const std::vector<std::string>& /*devices*/, const IstPlace& /*place*/) override
    {
        return {ModuleCarrier::Probe()};
    }
};

} // namespace

std::unique_ptr<CarrierAccess>
MakeModuleAccess()
{
    return std::make_unique<ModuleAccess>();
}

} // namespace isb
