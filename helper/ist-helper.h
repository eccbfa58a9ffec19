// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_HELPER_IST_HELPER_H
#define ISB_HELPER_IST_HELPER_H

#include "ns3/ipv4-address.h"
#include "ns3/object-factory.h"

#include <cstdint>
#include <string>

namespace isb
{
struct IstServerSettings;
struct IstSettings;
} // namespace isb

namespace ns3
{

class IstApplication;
class IstForwarder;
class Node;
class ProxyApplication;

/// Turns a node into an IST: in the kernel (splice), as a process (proxy), or one that serves an
/// ISB with both. Without ISB, users are brought together by IstForwarder::Add() and
/// ProxyApplication::Add(). One interface is enough.
class IstHelper
{
  public:
    IstHelper();

    /// Attribute of IstForwarder: "UnmatchedTimeout", ...
    void SetAttribute(const std::string& name, const AttributeValue& value);

    /// Install addresses and routes before.
    Ptr<IstForwarder> InstallKernel(Ptr<Node> node, uint64_t seed) const;
    /// The same with settings in one piece; the own addresses are still the node's.
    Ptr<IstForwarder> InstallKernel(Ptr<Node> node,
                                    const isb::IstSettings& settings,
                                    uint64_t seed) const;
    /// The proxy starts at the start of the simulation.
    Ptr<ProxyApplication> InstallApp(Ptr<Node> node, uint64_t seed) const;

    /// Both carriers and the program that takes orders from an ISB (`settings` names it). It offers
    /// the methods of the settings.
    Ptr<IstApplication> InstallServer(Ptr<Node> node,
                                      const isb::IstServerSettings& settings,
                                      uint64_t seed) const;
    /// The same with default settings: name and secret at the broker, port 7470.
    Ptr<IstApplication> InstallServer(Ptr<Node> node,
                                      const std::string& name,
                                      const std::string& secret,
                                      Ipv4Address broker,
                                      uint64_t seed) const;
    /// The same; the engine's settings in one piece.
    Ptr<IstApplication> InstallServer(Ptr<Node> node,
                                      const isb::IstServerSettings& settings,
                                      const isb::IstSettings& engine,
                                      uint64_t seed) const;

  private:
    static Ptr<ProxyApplication> AddProxy(Ptr<Node> node, uint64_t seed);

    ObjectFactory m_factory;
};

} // namespace ns3

#endif
