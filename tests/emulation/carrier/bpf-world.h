// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_EMULATION_CARRIER_BPF_WORLD_H
#define ISB_TESTS_EMULATION_CARRIER_BPF_WORLD_H

#include "emulation/carrier/bpf-carrier.h"
#include "emulation/sys/network-namespace.h"

#include <functional>
#include <gtest/gtest.h>
#include <optional>
#include <string>

namespace isb
{

/// Two users and an IST between them, each in a namespace without a name, and a file system of type
/// bpf that no other process sees. The test runs in the IST's namespace. All of it is gone with the
/// process.
///
///     a 10.1.0.1 --- 10.1.0.254 ia  IST  ib 10.2.0.254 --- 10.2.0.1 b
class BpfWorld : public testing::Test
{
  protected:
    void SetUp() override;
    void TearDown() override;

    [[nodiscard]] BpfAttachOptions Options(const std::string& name = "ist") const;
    [[nodiscard]] std::string Folder(const std::string& name = "ist") const;

    /// Runs `ip` in the IST's namespace and returns what it prints.
    [[nodiscard]] std::string Ip(const std::string& arguments) const;
    [[nodiscard]] std::string Tc(const std::string& arguments) const;
    /// What is on a device: qdiscs, filters, XDP program.
    [[nodiscard]] std::string TracesOn(const std::string& device) const;
    /// Puts a filter that is none of ours on a device's egress; its program is named "foreign".
    static void AddForeignFilter(const std::string& device);
    /// How often a pinned program has run, while RunsAreCounted() lives.
    [[nodiscard]] uint64_t Runs(const std::string& program) const;
    [[nodiscard]] static Descriptor RunsAreCounted();
    /// What is pinned anywhere in the file system, a name a line.
    [[nodiscard]] std::string Pinned() const;

    /// Does something in another process, which is killed right after it.
    static void InAKilledProcess(const std::function<void()>& action);

    /// Two users of a splice that have connected: A by its port, B by its. Nothing when they have
    /// not within the watchdog's time.
    struct Users
    {
        Descriptor a;
        Descriptor b;
    };

    [[nodiscard]] std::optional<Users> ConnectUsers(const IstPair& pair);
    /// A connection that is being made, and whether it was made within the watchdog's time.
    [[nodiscard]] static Descriptor ConnectUser(const NetworkNamespace& space,
                                                Endpoint from,
                                                Endpoint to);
    [[nodiscard]] static bool HasConnected(const Descriptor& user);
    /// Sends a text from one to the other; what arrived.
    [[nodiscard]] static std::string Carry(const Descriptor& from,
                                           const Descriptor& to,
                                           const std::string& text);

    std::optional<NetworkNamespace> ist;
    std::optional<NetworkNamespace> a;
    std::optional<NetworkNamespace> b;
    std::string bpffs;

  private:
    std::optional<NamespaceScope> m_scope;
};

} // namespace isb

#endif
