// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_CORE_NAT_NAIVE_NAT_H
#define ISB_TESTS_CORE_NAT_NAIVE_NAT_H

#include "model/core/nat/nat-settings.h"
#include "model/wire/endpoint.h"
#include "model/wire/units.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace isb::test
{

/// UDP through a NAT, by the words of RFC 4787 and 6888: every packet that counts is remembered,
/// and each question is answered by looking through all of them. Shares no code with the engine.
class NaiveNat
{
  public:
    explicit NaiveNat(const NatSettings& settings)
        : m_settings(settings),
          m_external(settings.external)
    {
    }

    /// The external endpoint that the packet has to have; nothing when a new one is due.
    [[nodiscard]] std::optional<Endpoint> ExpectedExternal(TimePoint now,
                                                           Endpoint internal,
                                                           Endpoint remote) const;

    /// What is wrong with a new mapping from `external`; "" for nothing.
    [[nodiscard]] std::string FaultOfNew(TimePoint now,
                                         Endpoint internal,
                                         Endpoint external,
                                         Endpoint remote) const;

    /// What is wrong with refusing a new mapping for a reason; "" for nothing.
    [[nodiscard]] std::string FaultOfRefusal(TimePoint now,
                                             Endpoint internal,
                                             const std::string& reason) const;

    /// The insider sent, and the packet left from `external`.
    void Send(TimePoint now, Endpoint internal, Endpoint external, Endpoint remote);

    /// Where a packet from outside has to go; nothing when it has to be refused.
    [[nodiscard]] std::optional<Endpoint> ExpectedInternal(TimePoint now,
                                                           Endpoint remote,
                                                           Endpoint external) const;

    /// It went there.
    void Receive(TimePoint now, Endpoint remote, Endpoint external);

    /// True when a living mapping has the external endpoint.
    [[nodiscard]] bool IsTaken(TimePoint now, Endpoint external) const;

    /// Everything is forgotten; the box' own address is another one.
    void Reboot(Ipv4 external);
    /// The insider's mapping towards `remote` (the part that mappings look at) moved.
    void Move(Endpoint internal, Endpoint remote, Endpoint external);

    /// That mapping ended.
    void End(Endpoint internal, Endpoint remote);

    /// Forgets what is over.
    void Forget(TimePoint now);

    [[nodiscard]] bool
    IsEmpty() const
    {
        return m_kept.empty();
    }

    [[nodiscard]] std::vector<Ipv4> Externals() const;

  private:
    /// A packet that made or kept a mapping.
    struct Kept
    {
        TimePoint when;
        Endpoint internal;
        Endpoint external;
        Endpoint remote;    ///< whom the mapping is for
        Endpoint permitted; ///< who may send
    };

    [[nodiscard]] bool IsAlive(const Kept& kept, TimePoint now) const;
    [[nodiscard]] bool Admits(const Kept& kept,
                              TimePoint now,
                              Endpoint remote,
                              Endpoint external) const;
    [[nodiscard]] size_t CountMappings(TimePoint now, std::optional<Ipv4> host) const;
    [[nodiscard]] std::optional<Ipv4> AddressOf(TimePoint now, Ipv4 host) const;
    [[nodiscard]] bool IsFree(TimePoint now, Endpoint external, Endpoint remote) const;
    [[nodiscard]] bool IsFit(Endpoint internal, uint16_t port) const;
    [[nodiscard]] uint16_t AfterLast(TimePoint now, Endpoint remote) const;

    NatSettings m_settings;
    Ipv4 m_external;
    std::vector<Kept> m_kept;
    std::optional<Endpoint> m_last; ///< the external endpoint assigned last
};

} // namespace isb::test

#endif
