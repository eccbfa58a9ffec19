// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/ist/bpf-access.h"

#include "emulation/carrier/bpf-carrier.h"

#include <utility>

namespace isb
{

namespace
{

/// The carrier and the devices that it is on.
OpenedCarrier
Opened(std::unique_ptr<BpfCarrier> carrier)
{
    std::vector<std::string> devices = carrier->Devices();
    return {std::move(carrier), std::move(devices)};
}

/// eBPF on tc and XDP: found through its pins.
class BpfAccess : public CarrierAccess
{
  public:
    [[nodiscard]] std::vector<std::string_view>
    Carriers() const override
    {
        return {"bpf", "bpf+xdp"};
    }

    [[nodiscard]] std::vector<std::string>
    Attached(const IstPlace& place) override
    {
        return BpfCarrier::Names(place.bpffs);
    }

    [[nodiscard]] Result<AttachAnswer>
    Attach(const AttachOrder& order, const IstPlace& place) override
    {
        BpfAttachOptions options;
        options.bpffs = place.bpffs;
        options.name = place.name;
        options.devices = order.devices;
        options.settings = order.settings;
        options.verbose = order.isVerbose;
        if (order.carrier == "bpf+xdp")
        {
            options.xdp = order.genericXdp ? XdpMode::Generic : XdpMode::Native;
        }
        auto carrier = BpfCarrier::Attach(options);
        if (!carrier)
        {
            return Error{carrier.Why()};
        }
        const bool adopted = (*carrier)->IsAdopted();
        return AttachAnswer{Opened(std::move(*carrier)), adopted};
    }

    [[nodiscard]] Result<OpenedCarrier>
    Open(const IstPlace& place) override
    {
        auto carrier = BpfCarrier::Adopt(BpfCarrier::FolderOf(place.bpffs, place.name));
        if (!carrier)
        {
            return Error{carrier.Why()};
        }
        return Opened(std::move(*carrier));
    }

    [[nodiscard]] Result<bool>
    Detach(const IstPlace& place) override
    {
        return BpfCarrier::Detach(BpfCarrier::FolderOf(place.bpffs, place.name));
    }

    [[nodiscard]] std::vector<CapabilityReport>
    Probe(const std::vector<std::string>& devices, const IstPlace& place) override
    {
        return {BpfCarrier::Probe({place.bpffs, devices, XdpMode::None}),
                BpfCarrier::Probe({place.bpffs, devices, XdpMode::Native})};
    }
};

} // namespace

std::unique_ptr<CarrierAccess>
MakeBpfAccess()
{
    return std::make_unique<BpfAccess>();
}

} // namespace isb
