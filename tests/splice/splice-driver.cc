// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/splice/splice-driver.h"

#include "model/splice/ist-names.h"

#include <gtest/gtest.h>

namespace isb::test
{
namespace
{

std::string
FlagText(unsigned int flags)
{
    if (flags & IST_TCP_RST)
    {
        return "RST";
    }
    if (flags & IST_TCP_SYN)
    {
        return flags & IST_TCP_ACK ? "SYN-ACK" : "SYN";
    }
    return "ACK";
}

} // namespace

std::string
Outcome::Text() const
{
    std::string text = "drop ";
    if (verdict.action == IST_ACTION_HOLD)
    {
        text = "hold";
    }
    else if (verdict.action == IST_ACTION_FORWARD)
    {
        text = "forward";
    }
    else
    {
        text += ist_reason_name(verdict.reason);
    }
    for (const std::string& packet : made)
    {
        text += ", " + packet;
    }
    return text;
}

SpliceDriver::SpliceDriver(unsigned int method, uint8_t familyA, uint8_t familyB)
    : tuple{familyA == IST_FAMILY_IPV6 ? MakeTuple6(0xa, 1, 31000, 7000)
                                       : MakeTuple(0x0a000001, 31000, 0xc0000201, 7000),
            familyB == IST_FAMILY_IPV6 ? MakeTuple6(0xb, 2, 32000, 7001)
                                       : MakeTuple(0x0a010002, 32000, 0xc0000201, 7001)},
      family{familyA, familyB}
{
    ist_settings_default(&settings);
    if (method == IST_METHOD_ACTIVE)
    {
        ist_active_config config{};
        config.family_b = familyB;
        config.from_b = tuple[IST_SIDE_B];
        config.isn_to_a = SHOWN_TO_A;
        config.isn_to_b = SHOWN_TO_B;
        ist_active_init(&splice, &config, &settings);
        return;
    }
    ist_splice_init(&splice, method);
    if (method == IST_METHOD_PURE)
    {
        tuple[IST_SIDE_A].source_port = tuple[IST_SIDE_B].destination_port;
        tuple[IST_SIDE_B].source_port = tuple[IST_SIDE_A].destination_port;
    }
}

Outcome
SpliceDriver::Describe(const ist_verdict& verdict) const
{
    Outcome outcome;
    outcome.verdict = verdict;
    for (unsigned int i = 0; i < verdict.emit_count; ++i)
    {
        const ist_crafted& made = verdict.emit[i];
        const Packet bytes(made.bytes, made.bytes + made.length);
        const ist_packet packet = Parse(bytes);
        EXPECT_EQ(ChecksumFault(bytes), "");
        EXPECT_EQ(packet.family, family[made.to]);
        EXPECT_TRUE(ist_address_equal(&packet.tuple.destination, &tuple[made.to].source));
        EXPECT_TRUE(ist_address_equal(&packet.tuple.source, &tuple[made.to].destination));
        EXPECT_EQ(packet.tuple.destination_port, tuple[made.to].source_port);
        EXPECT_EQ(packet.tuple.source_port, tuple[made.to].destination_port);
        outcome.made.push_back((made.to ? "B " : "A ") + FlagText(packet.tcp_flags));
        outcome.packets.push_back(packet);
    }
    return outcome;
}

Outcome
SpliceDriver::Step(unsigned int side, const Packet& packet)
{
    const ist_packet parsed = Parse(packet);
    ist_verdict verdict;
    if (splice.wanted == IST_METHOD_ACTIVE)
    {
        ist_active_step(&splice, &parsed, side, nowNs, &settings, &verdict);
    }
    else
    {
        ist_splice_step(&splice, &parsed, side, nowNs, &settings, &verdict);
    }
    Outcome outcome = Describe(verdict);
    if (verdict.action == IST_ACTION_FORWARD)
    {
        outcome.forwarded = Edited(packet, parsed, verdict.edits);
        EXPECT_EQ(ChecksumFault(outcome.forwarded), "");
    }
    return outcome;
}

Outcome
SpliceDriver::Step(unsigned int side, Segment segment)
{
    segment.tuple = tuple[side];
    segment.family = family[side];
    return Step(side, BuildTcp(segment));
}

Outcome
SpliceDriver::Syn(unsigned int side, uint32_t isn, const Packet& options)
{
    Segment segment;
    segment.seq = isn;
    segment.flags = IST_TCP_SYN;
    segment.options = options;
    return Step(side, segment);
}

Outcome
SpliceDriver::Send(unsigned int side,
                   uint32_t seq,
                   uint32_t ack,
                   unsigned int flags,
                   size_t payload)
{
    Segment segment;
    segment.seq = seq;
    segment.ack = ack;
    segment.flags = flags;
    segment.window = 1000;
    segment.payload.assign(payload, 'x');
    return Step(side, segment);
}

Outcome
SpliceDriver::Wait(double seconds)
{
    nowNs += static_cast<uint64_t>(seconds * 1e9);
    ist_verdict verdict;
    ist_splice_timeout(&splice, nowNs, &settings, &verdict);
    return Describe(verdict);
}

void
SpliceDriver::Establish(const Packet& options)
{
    Syn(IST_SIDE_A, ISN_A, options);
    if (splice.wanted == IST_METHOD_ACTIVE)
    {
        Send(IST_SIDE_A, ISN_A + 1, SHOWN_TO_A + 1);
        Segment answer;
        answer.seq = ISN_B;
        answer.ack = SHOWN_TO_B + 1;
        answer.flags = IST_TCP_SYN | IST_TCP_ACK;
        answer.window = 1000;
        answer.options = options;
        Step(IST_SIDE_B, answer);
    }
    else
    {
        Syn(IST_SIDE_B, ISN_B, options);
        Send(IST_SIDE_A, ISN_A + 1, ISN_B + 1);
        Send(IST_SIDE_B, ISN_B + 1, ISN_A + 1);
    }
    ASSERT_EQ(StateName(), "ESTABLISHED");
}

void
SpliceDriver::Reach(unsigned int state)
{
    if (state >= IST_STATE_SYN_LOOKUP)
    {
        Syn(IST_SIDE_A, ISN_A);
    }
    if (state >= IST_STATE_SYN_RCVD)
    {
        Syn(IST_SIDE_B, ISN_B);
    }
    if (state >= IST_STATE_ESTABLISHED)
    {
        Send(IST_SIDE_A, ISN_A + 1, ISN_B + 1);
        Send(IST_SIDE_B, ISN_B + 1, ISN_A + 1);
    }
    if (state >= IST_STATE_CLOSE_WAIT)
    {
        Send(IST_SIDE_A, ISN_A + 1, ISN_B + 1, IST_TCP_FIN | IST_TCP_ACK);
    }
    if (state >= IST_STATE_TIME_WAIT)
    {
        Send(IST_SIDE_B, ISN_B + 1, ISN_A + 2, IST_TCP_FIN | IST_TCP_ACK);
    }
    if (state >= IST_STATE_CLOSED)
    {
        Wait(60);
    }
    ASSERT_EQ(StateName(), ist_state_name(state));
}

std::string
SpliceDriver::StateName() const
{
    return ist_state_name(splice.state);
}

} // namespace isb::test
