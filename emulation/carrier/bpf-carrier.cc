// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/bpf-carrier.h"

#include "emulation/carrier/bpf-attachment.h"
#include "emulation/carrier/bpf-control.h"
#include "emulation/carrier/bpf-news.h"
#include "emulation/carrier/bpf-probe.h"
#include "emulation/carrier/bpf-table.h"

#include <utility>

namespace isb
{

/// The parts, in the order in which they need one another.
class BpfCarrier::Impl
{
  public:
    explicit Impl(BpfAttachment found)
        : attachment(std::move(found)),
          table(attachment.Pins()),
          control(attachment.Pins())
    {
    }

    /// Made when first asked for: most users of a carrier want no news.
    BpfNews&
    News()
    {
        if (!m_news)
        {
            m_news.emplace(attachment.Pins());
        }
        return *m_news;
    }

    BpfAttachment attachment;
    BpfTable table;
    BpfControl control;

  private:
    std::optional<BpfNews> m_news;
};

BpfCarrier::BpfCarrier(std::unique_ptr<Impl> impl)
    : m_impl(std::move(impl))
{
}

BpfCarrier::~BpfCarrier() = default;

Result<std::unique_ptr<BpfCarrier>>
BpfCarrier::Attach(const BpfAttachOptions& options)
{
    auto made = BpfAttachment::Make(options);
    if (!made)
    {
        return Error{made.Why()};
    }
    return std::unique_ptr<BpfCarrier>(new BpfCarrier(std::make_unique<Impl>(std::move(*made))));
}

Result<std::unique_ptr<BpfCarrier>>
BpfCarrier::Adopt(const std::string& pinFolder)
{
    auto found = BpfAttachment::Find(pinFolder);
    if (!found)
    {
        return Error{found.Why()};
    }
    return std::unique_ptr<BpfCarrier>(new BpfCarrier(std::make_unique<Impl>(std::move(*found))));
}

Result<bool>
BpfCarrier::Detach(const std::string& pinFolder)
{
    return BpfAttachment::Remove(pinFolder);
}

std::string
BpfCarrier::FolderOf(const std::string& bpffs, const std::string& name)
{
    return PinFolderOf(bpffs, name);
}

std::vector<std::string>
BpfCarrier::Names(const std::string& bpffs)
{
    return FoldersIn(PinFolderOf(bpffs, {}));
}

CapabilityReport
BpfCarrier::Probe(const BpfProbeOptions& options)
{
    return ProbeBpf(options);
}

std::string_view
BpfCarrier::Name() const
{
    return m_impl->attachment.HasXdp() ? "bpf+xdp" : "bpf";
}

Result<uint64_t>
BpfCarrier::Add(const IstPair& pair)
{
    return m_impl->control.Add(pair);
}

bool
BpfCarrier::Remove(uint64_t id)
{
    return m_impl->control.Remove(id);
}

std::vector<IstSpliceInfo>
BpfCarrier::List()
{
    return m_impl->table.List();
}

std::optional<IstSpliceInfo>
BpfCarrier::Find(uint64_t id)
{
    return m_impl->table.Find(id);
}

IstCounters
BpfCarrier::Counters()
{
    return m_impl->table.Counters();
}

std::vector<CarrierNews>
BpfCarrier::TakeNews()
{
    return m_impl->News().Take();
}

int
BpfCarrier::NewsDescriptor() const
{
    return m_impl->News().ReadableDescriptor();
}

bool
BpfCarrier::IsAdopted() const
{
    return m_impl->attachment.IsAdopted();
}

std::vector<std::string>
BpfCarrier::Devices() const
{
    return m_impl->attachment.Devices();
}

} // namespace isb
