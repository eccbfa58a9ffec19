// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_TESTS_NS3_SEGMENT_LOG_H
#define ISB_TESTS_NS3_SEGMENT_LOG_H

#include "tests/ns3/two-hosts.h"

#include "ns3/ipv4-header.h"

namespace ns3test
{

/// TCP segments that leave a node, as they pass its wire.
struct SegmentLog
{
    struct Segment
    {
        Time when;
        uint32_t sequence;
        uint32_t acknowledgement;
        uint8_t flags;
        uint32_t payload;
    };

    explicit SegmentLog(Ptr<Node> node)
    {
        BoxHelper::GetDriver(node)->TraceConnectWithoutContext(
            "Wire",
            Callback<void, Ptr<const Packet>, uint32_t, bool>(
                [this](Ptr<const Packet> packet, uint32_t, bool leaves)
                {
                    if (leaves)
                    {
                        Note(packet);
                    }
                }));
    }

    void
    Note(Ptr<const Packet> packet)
    {
        Ptr<Packet> copy = packet->Copy();
        Ipv4Header ip;
        copy->RemoveHeader(ip);
        TcpHeader tcp;
        copy->RemoveHeader(tcp);
        segments.push_back({Simulator::Now(),
                            tcp.GetSequenceNumber().GetValue(),
                            tcp.GetAckNumber().GetValue(),
                            tcp.GetFlags(),
                            copy->GetSize()});
    }

    std::vector<Segment> segments;
};

} // namespace ns3test

#endif
