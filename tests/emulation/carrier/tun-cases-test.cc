// SPDX-License-Identifier: GPL-2.0-or-later
// The one list of splice cases through the carrier over TUN, packets as on a wire and with
// checksums that are left to the device.
#include "model/splice/ist-packet.h"
#include "tests/emulation/carrier/tun-rig.h"
#include "tests/splice-cases/case-run.h"

#include <gtest/gtest.h>

namespace isb
{
namespace
{

using cases::Bytes;
using cases::Fate;

/// A TunRelay as the cases see a carrier. The host has all addresses of the IST.
class TunCaseCarrier : public cases::CaseCarrier
{
  public:
    TunCaseCarrier(const IstSettings& settings, bool leavesChecksums)
        : m_rig(settings, settings.addresses),
          m_leavesChecksums(leavesChecksums)
    {
    }

    std::string
    Open(const IstPair& pair) override
    {
        const auto id = m_rig.relay.Add(m_rig.now, pair);
        return id ? std::string() : id.Why();
    }

    cases::Outcome
    Give(IstSide /*at*/, const Bytes& packet) override
    {
        const IstCounters before = m_rig.relay.Counters();
        const size_t waited = m_rig.relay.Waiting();
        const std::vector<TunWritten> written = Put(packet);
        const IstCounters after = m_rig.relay.Counters();
        cases::Outcome outcome;
        if (written.size() == 1 && written[0].packet == m_given &&
            after.forwarded == before.forwarded)
        {
            return outcome; // back to the host, untouched
        }
        for (const TunWritten& one : written)
        {
            const std::vector<Bytes> wire = one.OnTheWire();
            EXPECT_EQ(wire.size(), 1U);
            if (one.header.NeedsChecksum())
            {
                EXPECT_EQ(wire.at(0), cases::Complete(wire.at(0))) << cases::Show(wire.at(0));
            }
            outcome.out.emplace_back(SideOf(wire.at(0)), wire.at(0));
        }
        Judge(before, after, outcome);
        if (m_rig.relay.Waiting() > waited)
        {
            outcome.fate = Fate::Consumed;
        }
        return outcome;
    }

    [[nodiscard]] bool
    HoldsFragments() const override
    {
        return true;
    }

  private:
    std::vector<TunWritten>
    Put(const Bytes& packet)
    {
        m_given = packet;
        const bool isIpv4 = packet.at(0) >> 4 == 4;
        const uint8_t protocol = packet.at(isIpv4 ? 9 : 6);
        if (protocol == cases::ICMP || protocol == cases::ICMPV6)
        {
            return m_rig.GiveIcmp(packet);
        }
        if (!m_leavesChecksums || !IsPlain(packet))
        {
            return m_rig.Give(packet);
        }
        const TunWritten unfinished = Unfinished(packet);
        m_given = unfinished.packet;
        return m_rig.Give(unfinished);
    }

    /// A whole TCP segment or datagram, right in all: others do not come unfinished.
    static bool
    IsPlain(const Bytes& packet)
    {
        ist_packet fields{};
        if (ist_packet_parse_any(&fields,
                                 packet.data(),
                                 static_cast<uint32_t>(packet.size()),
                                 static_cast<uint32_t>(packet.size())) != 0)
        {
            return false;
        }
        const bool isFragment = fields.fragment_offset != 0 ||
                                (fields.flags & IST_PACKET_MORE_FRAGMENTS) != 0 ||
                                (fields.flags & IST_PACKET_FRAGMENT_HEADER) != 0;
        const bool hasExtensions =
            fields.family == IST_FAMILY_IPV6 && fields.transport_offset != IST_IPV6_HEADER;
        return !isFragment && !hasExtensions && fields.checksum != 0 &&
               fields.total_length == packet.size() && cases::Complete(packet) == packet;
    }

    /// B's addresses are 10.0.2.1 and 2001:db8:2::1.
    static IstSide
    SideOf(const Bytes& packet)
    {
        return packet.at(packet.at(0) >> 4 == 4 ? 18 : 29) == 2 ? IstSide::B : IstSide::A;
    }

    static void
    Judge(const IstCounters& before, const IstCounters& after, cases::Outcome& outcome)
    {
        for (const auto& [reason, count] : after.drops)
        {
            const auto known = before.drops.find(reason);
            if (known == before.drops.end() || known->second != count)
            {
                outcome.fate = Fate::Dropped;
                outcome.reason = reason;
                return;
            }
        }
        if (after.forwarded != before.forwarded)
        {
            outcome.fate = Fate::Forwarded;
        }
        else if (after.consumed != before.consumed || !outcome.out.empty())
        {
            outcome.fate = Fate::Consumed;
        }
    }

    TunRig m_rig;
    bool m_leavesChecksums;
    Bytes m_given; ///< the latest packet, as it was given
};

class TunCases : public testing::TestWithParam<const cases::SpliceCase*>
{
};

TEST_P(TunCases, GiveTheExpectedPackets)
{
    TunCaseCarrier carrier(GetParam()->settings, false);
    cases::RunCase(carrier, *GetParam());
}

TEST_P(TunCases, GiveThemWithChecksumsLeftToTheDevice)
{
    TunCaseCarrier carrier(GetParam()->settings, true);
    cases::RunCase(carrier, *GetParam());
}

INSTANTIATE_TEST_SUITE_P(All,
                         TunCases,
                         testing::ValuesIn(cases::CasesThat([](const cases::SpliceCase&)
                                                            { return true; })),
                         cases::CaseName);

} // namespace
} // namespace isb
