// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_EMULATION_IST_ENGINE_CARRIER_H
#define ISB_TESTS_EMULATION_IST_ENGINE_CARRIER_H

#include "emulation/carrier/splice-carrier.h"
#include "emulation/ist/carrier-access.h"
#include "emulation/sys/descriptor.h"
#include "model/core/random/rng.h"
#include "model/wire/packet-builder.h"

#include <chrono>
#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <sys/eventfd.h>
#include <unistd.h>
#include <utility>
#include <vector>

namespace isb
{

/// A carrier without a network: the packets of its users are made by the test. Its time stands at
/// `now`, so that ages are known.
class EngineCarrier : public SpliceCarrier
{
  public:
    explicit EngineCarrier(IstSettings settings = {})
        : m_random(1),
          m_engine(std::move(settings), m_random, nullptr),
          m_ready(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC))
    {
    }

    /// A user's SYN to 203.0.113.1.
    void
    Syn(const std::string& peer, uint16_t port)
    {
        TcpFields syn;
        syn.sequence = 1000;
        syn.flags = TCP_SYN;
        std::vector<uint8_t> packet = BuildTcp(IpEndpoint::Parse(peer)->ToIpv4(),
                                               {*Ipv4::Parse("203.0.113.1"), port},
                                               syn,
                                               {});
        (void)m_engine.Process(now, {packet.data(), packet.size()}, packet.size());
        Tell();
    }

    [[nodiscard]] std::string_view
    Name() const override
    {
        return "engine";
    }

    [[nodiscard]] Result<uint64_t>
    Add(const IstPair& pair) override
    {
        if (isBroken)
        {
            throw std::runtime_error("the carrier is broken");
        }
        return m_engine.Add(now, pair);
    }

    bool
    Remove(uint64_t id) override
    {
        const bool removed = m_engine.Remove(now, id);
        Tell();
        return removed;
    }

    [[nodiscard]] std::vector<IstSpliceInfo>
    List() override
    {
        return m_engine.List();
    }

    [[nodiscard]] std::optional<IstSpliceInfo>
    Find(uint64_t id) override
    {
        return m_engine.Find(id);
    }

    [[nodiscard]] IstCounters
    Counters() override
    {
        return m_engine.Counters();
    }

    [[nodiscard]] std::vector<CarrierNews>
    TakeNews() override
    {
        uint64_t taken = 0;
        (void)!::read(m_ready.Get(), &taken, sizeof(taken));
        return std::exchange(m_news, {});
    }

    [[nodiscard]] int
    NewsDescriptor() const override
    {
        return m_ready.Get();
    }

    TimePoint now = std::chrono::steady_clock::now().time_since_epoch();
    bool isBroken = false; ///< Add() throws

  private:
    /// Collects what the engine has to say.
    void
    Tell()
    {
        for (const CarrierNews& news : m_engine.TakeNotices())
        {
            m_news.push_back(news);
        }
        const uint64_t one = 1;
        if (!m_news.empty())
        {
            (void)!::write(m_ready.Get(), &one, sizeof(one));
        }
    }

    SeededRng m_random;
    IstEngine m_engine;
    Descriptor m_ready;
    std::vector<CarrierNews> m_news;
};

/// A carrier that is lent, and goes on when the borrower is gone.
class BorrowedCarrier : public SpliceCarrier
{
  public:
    explicit BorrowedCarrier(SpliceCarrier& lender)
        : m_lender(lender)
    {
    }

    [[nodiscard]] std::string_view
    Name() const override
    {
        return m_lender.Name();
    }

    [[nodiscard]] Result<uint64_t>
    Add(const IstPair& pair) override
    {
        return m_lender.Add(pair);
    }

    bool
    Remove(uint64_t id) override
    {
        return m_lender.Remove(id);
    }

    [[nodiscard]] std::vector<IstSpliceInfo>
    List() override
    {
        return m_lender.List();
    }

    [[nodiscard]] std::optional<IstSpliceInfo>
    Find(uint64_t id) override
    {
        return m_lender.Find(id);
    }

    [[nodiscard]] IstCounters
    Counters() override
    {
        return m_lender.Counters();
    }

    [[nodiscard]] std::vector<CarrierNews>
    TakeNews() override
    {
        return m_lender.TakeNews();
    }

    [[nodiscard]] int
    NewsDescriptor() const override
    {
        return m_lender.NewsDescriptor();
    }

  private:
    SpliceCarrier& m_lender;
};

/// ISTs that are carriers of this process, by name.
class EngineAccess : public CarrierAccess
{
  public:
    using Ists = std::map<std::string, std::unique_ptr<EngineCarrier>>;

    /// \param ists lives on between the commands of a test
    explicit EngineAccess(Ists& ists, std::string_view carrier = "bpf")
        : m_ists(ists),
          m_carrier(carrier)
    {
    }

    [[nodiscard]] std::vector<std::string_view>
    Carriers() const override
    {
        return {m_carrier};
    }

    [[nodiscard]] std::vector<std::string>
    Attached(const IstPlace& /*place*/) override
    {
        std::vector<std::string> names;
        for (const auto& [name, carrier] : m_ists)
        {
            names.push_back(name);
        }
        return names;
    }

    [[nodiscard]] Result<AttachAnswer>
    Attach(const AttachOrder& order, const IstPlace& place) override
    {
        if (order.settings.maxSplices == 1)
        {
            return Error{"one splice is too few"};
        }
        auto& ist = m_ists[place.name];
        const bool adopted = ist != nullptr;
        if (!adopted)
        {
            ist = std::make_unique<EngineCarrier>(order.settings);
        }
        return AttachAnswer{{std::make_unique<BorrowedCarrier>(*ist), order.devices}, adopted};
    }

    [[nodiscard]] Result<OpenedCarrier>
    Open(const IstPlace& place) override
    {
        return OpenedCarrier{std::make_unique<BorrowedCarrier>(*m_ists.at(place.name)), {"lo"}};
    }

    [[nodiscard]] Result<bool>
    Detach(const IstPlace& place) override
    {
        return m_ists.erase(place.name) > 0;
    }

    [[nodiscard]] std::vector<CapabilityReport>
    Probe(const std::vector<std::string>& /*devices*/, const IstPlace& /*place*/) override
    {
        CapabilityReport report;
        report.carrier = m_carrier;
        report.Found("kernel", "6.1");
        if (lacks)
        {
            report.Missing("CAP_NET_ADMIN", "run it as root");
        }
        report.Lacking("XDP", "the driver has none");
        return {report};
    }

    bool lacks = true; ///< a needed capability is missing

  private:
    Ists& m_ists;
    std::string_view m_carrier;
};

} // namespace isb

#endif
