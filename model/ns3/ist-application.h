// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_NS3_IST_APPLICATION_H
#define ISB_NS3_IST_APPLICATION_H

#include "model/core/ist/ist-server-settings.h"
#include "model/core/ist/ist-server.h"
#include "model/core/machine/credential.h"
#include "model/ns3/ist-forwarder.h"
#include "model/ns3/machine-application.h"
#include "model/ns3/proxy-application.h"

#include <cstdint>
#include <map>
#include <memory>

namespace ns3
{

/**
 * An IST that takes its orders from an ISB: isb::IstServer as a program on a node, and the carriers
 * on the same node that join the connections: an IstForwarder in the kernel, a ProxyApplication as
 * a process. Methods for which a carrier is missing are not offered.
 *
 * A server without address whose broker is on the same host (127.0.0.1) says the address of the
 * node's first interface.
 */
class IstApplication : public MachineApplication
{
  public:
    static TypeId GetTypeId();
    IstApplication();
    ~IstApplication() override;

    /// All at once; the attributes then read these settings. Before the start.
    void SetSettings(const isb::IstServerSettings& settings);
    const isb::IstServerSettings& GetSettings() const;
    /// Either may be null. Before the start, and installed on the same node.
    void SetCarriers(Ptr<IstForwarder> forwarder, Ptr<ProxyApplication> proxy);
    Ptr<IstForwarder> Forwarder() const;
    Ptr<ProxyApplication> Proxy() const;

    /// The machine of this life, or null.
    const isb::IstServer* Server() const;

  protected:
    void DoDispose() override;

  private:
    /// Where a splice is carried.
    struct Carried
    {
        uint64_t id = 0; ///< the carrier's
        bool byProxy = false;
    };

    std::unique_ptr<isb::Machine> MakeMachine(isb::Rng& random) override;
    void Settle(isb::TimePoint now) override;
    void HaltParts() override;
    isb::Ipv4 OwnAddress() const;
    void Carry(const isb::EngineOrder& order);
    void Carry(const isb::ProxyOrder& order);
    void Carry(const isb::EndOrder& order);
    void Opened(uint64_t splice, const isb::Result<uint64_t>& id, bool byProxy);
    /// A carrier has news.
    void Tell(const isb::CarrierNews& news);

    isb::IstServerSettings m_settings;
    isb::SimulatedMac m_mac;
    Ptr<IstForwarder> m_forwarder;
    Ptr<ProxyApplication> m_proxy;
    std::map<uint64_t, Carried> m_carried; ///< by splice
};

} // namespace ns3

#endif
