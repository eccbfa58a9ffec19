// SPDX-License-Identifier: GPL-2.0-or-later
#include "emulation/carrier/tun-carrier.h"

#include "emulation/carrier/tun-host-setup.h"
#include "emulation/carrier/tun-packet.h"
#include "emulation/carrier/tun-relay.h"
#include "emulation/io/tun-port.h"
#include "emulation/sys/icmp-socket.h"
#include "emulation/sys/policy-routes.h"
#include "emulation/sys/route-mtu.h"
#include "emulation/sys/system-error.h"
#include "emulation/sys/system-random.h"

#include <algorithm>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/steady_timer.hpp>
#include <chrono>
#include <map>
#include <sys/eventfd.h>
#include <utility>

namespace isb
{

namespace
{

/// The interface takes whatever the devices let in; what does not fit the way out is told there.
constexpr uint16_t TUN_MTU = 65535;
/// The kernel's reverse path filter refuses all on an interface without any: RFC 7600's dummy.
constexpr InterfaceAddress TUN_ADDRESS{Ipv4{0xc0000008}, 32};
/// How long the MTU of a way is taken for known, and of how many.
constexpr Duration MTU_LIFE = std::chrono::seconds(10);
constexpr size_t MTU_MOST = 4096;

/// CLOCK_MONOTONIC
TimePoint
Now()
{
    return std::chrono::steady_clock::now().time_since_epoch();
}

std::vector<IpAddress>
OwnAmong(const std::vector<IpAddress>& addresses)
{
    std::vector<IpAddress> own;
    std::copy_if(addresses.begin(), addresses.end(), std::back_inserter(own), IsLocalAddress);
    return own;
}

} // namespace

class TunCarrier::Impl : public TunHost
{
  public:
    Impl(asio::io_context& io, const TunOptions& wanted);
    ~Impl() override;
    Impl(const Impl&) = delete;
    Impl& operator=(const Impl&) = delete;

    void Write(ByteView bytes) override;
    [[nodiscard]] uint32_t MtuTowards(const IpAddress& address) override;

    /// After every input: timer, news.
    void Settle();

    const TunOptions options;
    std::vector<CarrierNews> news;
    Descriptor newsSignal;
    std::unique_ptr<TunRelay> relay;
    uint64_t unwritten = 0; ///< packets that the kernel did not take

  private:
    /// An ICMP socket on the event loop.
    struct IcmpPort
    {
        IcmpPort(asio::io_context& io, uint8_t family)
            : socket(family),
              stream(io, dup(socket.Get()))
        {
        }

        IcmpSocket socket;
        asio::posix::stream_descriptor stream;
    };

    struct KnownMtu
    {
        uint32_t mtu;
        TimePoint until;
    };

    void RemoveRoutes() const;
    void Listen(IcmpPort& port);
    void OnIcmp(IcmpPort& port);
    void ArmTimer();

    SystemRandom m_random;
    TunPort m_port;
    asio::steady_timer m_timer;
    TimePoint m_armed = TIME_NEVER;
    std::map<IpAddress, KnownMtu> m_mtus;
    std::vector<std::unique_ptr<IcmpPort>> m_icmp;
};

TunCarrier::Impl::Impl(asio::io_context& io, const TunOptions& wanted)
    : options(CompletedOptions(wanted)),
      newsSignal(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)),
      m_port((DemandForwarding(options), io), options.device, TUN_ADDRESS, TUN_MTU),
      m_timer(io)
{
    if (!newsSignal)
    {
        throw SystemError("make an eventfd for news");
    }
    AdmitOwnSources(options);
    (void)m_port.SetOffload(options.offload);
    const auto& addresses = options.settings.addresses;
    relay = std::make_unique<TunRelay>(options.settings, OwnAmong(addresses), m_random, *this);
    for (const uint8_t family : {IST_FAMILY_IPV4, IST_FAMILY_IPV6})
    {
        if (std::any_of(addresses.begin(),
                        addresses.end(),
                        [family](const IpAddress& address) { return address.family == family; }))
        {
            Listen(*m_icmp.emplace_back(std::make_unique<IcmpPort>(io, family)));
        }
    }
    m_port.Start(
        [this](const MutableBytes* packets, size_t count)
        {
            relay->Receive(Now(), packets, count);
            Settle();
        });
    try
    {
        AddPolicyRoutes({options.devices, addresses, options.device});
    }
    catch (const std::exception&)
    {
        RemoveRoutes(); // the destructor does not run
        throw;
    }
}

TunCarrier::Impl::~Impl()
{
    RemoveRoutes();
}

void
TunCarrier::Impl::RemoveRoutes() const
{
    try
    {
        RemovePolicyRoutes(options.device);
    }
    catch (const SystemError&)
    {
        return; // without the interface they lead nowhere; TunCarrier::Detach() removes them
    }
}

void
TunCarrier::Impl::Write(ByteView bytes)
{
    unwritten += m_port.Write(bytes) ? 0U : 1U;
}

uint32_t
TunCarrier::Impl::MtuTowards(const IpAddress& address)
{
    const TimePoint now = Now();
    const auto known = m_mtus.find(address);
    if (known != m_mtus.end() && known->second.until > now)
    {
        return known->second.mtu;
    }
    if (m_mtus.size() >= MTU_MOST)
    {
        m_mtus.clear();
    }
    const uint32_t mtu = RouteMtu(address).value_or(TUN_MTU);
    m_mtus[address] = {mtu, now + MTU_LIFE};
    return mtu;
}

void
TunCarrier::Impl::Settle()
{
    for (CarrierNews& one : relay->TakeNews())
    {
        news.push_back(one);
        (void)eventfd_write(newsSignal.Get(), 1);
    }
    ArmTimer();
}

/// Only forward: a timer that fires too early finds nothing and is set anew.
void
TunCarrier::Impl::ArmTimer()
{
    const TimePoint next = relay->NextTimeout();
    if (next >= m_armed)
    {
        return;
    }
    m_armed = next;
    m_timer.expires_at(std::chrono::steady_clock::time_point(next));
    m_timer.async_wait(
        [this](const std::error_code& error)
        {
            if (!error)
            {
                m_armed = TIME_NEVER;
                relay->Timeout(Now());
                Settle();
            }
        });
}

void
TunCarrier::Impl::Listen(IcmpPort& port)
{
    port.stream.async_wait(asio::posix::stream_descriptor::wait_read,
                           [this, &port](const std::error_code& error)
                           {
                               if (!error)
                               {
                                   OnIcmp(port);
                               }
                           });
}

void
TunCarrier::Impl::OnIcmp(IcmpPort& port)
{
    while (auto message = port.socket.Receive())
    {
        std::vector<uint8_t>& bytes = message->bytes;
        if (!message->source.IsIpv4())
        {
            bytes = BuildIcmpv6Packet(message->source, message->destination, bytes);
        }
        relay->ReceiveIcmp(Now(), bytes);
    }
    Settle();
    Listen(port);
}

TunCarrier::TunCarrier(asio::io_context& io, const TunOptions& options)
    : m_impl(std::make_unique<Impl>(io, options))
{
}

TunCarrier::~TunCarrier() = default;

bool
TunCarrier::Detach(const std::string& device)
{
    return RemovePolicyRoutes(device);
}

CapabilityReport
TunCarrier::Probe()
{
    return ProbeTun();
}

std::string_view
TunCarrier::Name() const
{
    return "tun";
}

Result<uint64_t>
TunCarrier::Add(const IstPair& pair)
{
    auto id = m_impl->relay->Add(Now(), pair);
    m_impl->Settle();
    return id;
}

bool
TunCarrier::Remove(uint64_t id)
{
    const bool removed = m_impl->relay->Remove(Now(), id);
    m_impl->Settle();
    return removed;
}

std::vector<IstSpliceInfo>
TunCarrier::List()
{
    return m_impl->relay->Engine().List();
}

std::optional<IstSpliceInfo>
TunCarrier::Find(uint64_t id)
{
    return m_impl->relay->Engine().Find(id);
}

IstCounters
TunCarrier::Counters()
{
    IstCounters counters = m_impl->relay->Counters();
    if (m_impl->unwritten != 0)
    {
        counters.drops["tun.unwritten"] = m_impl->unwritten;
    }
    return counters;
}

std::vector<CarrierNews>
TunCarrier::TakeNews()
{
    eventfd_t count = 0;
    (void)eventfd_read(m_impl->newsSignal.Get(), &count);
    return std::exchange(m_impl->news, {});
}

int
TunCarrier::NewsDescriptor() const
{
    return m_impl->newsSignal.Get();
}

const TunOptions&
TunCarrier::Options() const
{
    return m_impl->options;
}

} // namespace isb
