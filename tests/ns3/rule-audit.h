// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_NS3_RULE_AUDIT_H
#define ISB_TESTS_NS3_RULE_AUDIT_H

#include "helper/lab-installer.h"

#include "model/lab/lab.h"

#include "ns3/ipv4-header.h"
#include "ns3/node.h"
#include "ns3/packet.h"

#include <cstdint>
#include <set>
#include <string>
#include <vector>

namespace ns3test
{

using namespace ns3;

/**
 * Watches a simulation of a lab for breaches of the thesis' five rules (section 1): no NAT box
 * configured or asked for anything, no privilege on users' hosts, clients and servers as they are.
 *
 *  - privilege: a program that is no server of a service takes a port below 1024; a packet hook;
 *    packets with a foreign source address or of a protocol that only raw sockets send.
 *  - NAT: settings other than those of a preset that the scenario names (or of its own [.nat]
 *    table), or other at the end than at the start; anything delivered to a NAT box itself.
 *  - changed programs: an application on a user's host, or where a server is, that is neither a
 *    daemon nor one of the plain clients and servers; a client that knows another address than
 *    127.0.0.1 and its daemon's port.
 *
 * Not seen: what programs hear (a raw socket that only listens).
 */
class RuleAudit
{
  public:
    /// After installer.Install(), before the simulation runs. `text` is the scenario's.
    RuleAudit(const isb::Lab& lab, std::string text, const LabInstaller& installer);

    /// Breaches so far and those visible only now, each once, in order. After the run.
    std::vector<std::string> Finish();

  private:
    void WatchHost(size_t host);
    void WatchNat(size_t box);
    void Sample();
    void CheckNode(size_t host);
    void CheckPrograms(size_t host);
    void CheckSockets(size_t host);
    void CheckNat(size_t box);
    void Leaves(size_t host, const Ptr<const Packet>& packet);
    bool IsServerPort(size_t host, uint16_t port) const;
    bool IsLocalPort(size_t host, uint16_t port) const;
    void Breach(const std::string& where, const std::string& what);

    const isb::Lab& m_lab;
    std::string m_text;
    const LabInstaller& m_installer;
    std::set<size_t> m_hosts; ///< of users and their servers
    std::set<std::string> m_breaches;
};

} // namespace ns3test

#endif
