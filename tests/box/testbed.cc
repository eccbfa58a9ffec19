// SPDX-License-Identifier: GPL-2.0-or-later
#include "tests/box/testbed.h"

#include <algorithm>
#include <cassert>

namespace isb
{

namespace
{

constexpr uint32_t IP_HEADER = 20;
constexpr uint32_t UDP_HEADER = 8;
constexpr uint32_t ETHERNET_HEADER = 14;
constexpr uint32_t FRAGMENT_PAYLOAD = 1480;
constexpr uint32_t SEGMENT = 1448;
constexpr uint32_t TCP_DATA_FRAME = 1514;
constexpr uint32_t TCP_ACK_FRAME = 66;
constexpr DataRate WIRE{100'000'000};
constexpr Duration WIRE_DELAY{500};
constexpr Duration FRAME_GAP{960}; // the wire is busy with it, the receiver is not

constexpr size_t A = 0;
constexpr size_t BOX = 1;
constexpr size_t B = 2;

enum class Kind : uint8_t
{
    Udp,
    TcpData,
    TcpAck,
};

/// A frame's meaning; its handle is the index in the table of packets.
struct Packet
{
    Kind kind = Kind::Udp;
    bool toB = true;       ///< direction
    uint32_t payload = 0;  ///< UDP payload of the whole datagram; TCP bytes
    uint64_t datagram = 0; ///< number
    uint32_t offset = 0;
    uint32_t length = 0; ///< IP payload in this frame
    bool more = false;
};

} // namespace

std::string
ToString(Phase phase)
{
    constexpr std::array<const char*, 5> names{"Direct",
                                               "Forwarder",
                                               "NAT",
                                               "IST-App",
                                               "IST-Kernel"};
    return names[static_cast<size_t>(phase)];
}

std::string
ToString(Direction direction)
{
    constexpr std::array<const char*, 3> names{"mac-to-pci", "pci-to-mac", "mac-to-mac"};
    return names[static_cast<size_t>(direction)];
}

struct Testbed::Impl
{
    /// What happens at a time, in order of insertion.
    struct Event
    {
        TimePoint when;
        uint64_t order;
        std::function<void()> what;
    };

    struct Later
    {
        bool
        operator()(const Event& a, const Event& b) const
        {
            return a.when != b.when ? a.when > b.when : a.order > b.order;
        }
    };

    explicit Impl(const TestbedSettings& given)
        : settings(given),
          random(given.seed)
    {
        const bool pciFirst = settings.direction == Direction::PciToMac;
        const bool anyPci = settings.direction != Direction::MacToMac;
        const NicKind first = pciFirst ? NicKind::Pci : NicKind::OnChip;
        const NicKind second = anyPci && !pciFirst ? NicKind::Pci : NicKind::OnChip;
        const BoxMachine::Port hostPort{NicKind::OnChip, WIRE};
        machines.push_back(std::make_unique<BoxMachine>(settings.host, std::vector{hostPort}));
        machines.push_back(std::make_unique<BoxMachine>(
            settings.box,
            std::vector<BoxMachine::Port>{{first, WIRE}, {second, WIRE}}));
        machines.push_back(std::make_unique<BoxMachine>(settings.host, std::vector{hostPort}));
        onDone.resize(machines.size());
    }

    uint64_t
    Random(uint64_t bound)
    {
        random = random * 6364136223846793005U + 1442695040888963407U;
        return (random >> 33) % bound;
    }

    /// Uniform within 10 % of `mean`: constant-rate arrivals would lock to the box's phase.
    Duration
    Jitter(Duration mean)
    {
        const auto spread = static_cast<uint64_t>(mean.count() / 5) + 1;
        return mean - mean / 10 + Duration(static_cast<int64_t>(Random(spread)));
    }

    void
    At(TimePoint when, std::function<void()> what)
    {
        events.push({when, order++, std::move(what)});
    }

    // --- machines and wires ---

    void
    Pump(size_t node)
    {
        BoxMachine& machine = *machines[node];
        while (const BoxOutput* next = machine.Next(now))
        {
            const BoxOutput output = *next;
            switch (output.kind)
            {
            case BoxOutput::Kind::Send:
                PutOnWire(node, output.port, output.handles[0]);
                break;
            case BoxOutput::Kind::Deliver:
                ToIp(node, output.handles);
                break;
            case BoxOutput::Kind::Done:
            {
                const std::function<void()> done = onDone[node].front();
                onDone[node].pop_front();
                done();
                break;
            }
            case BoxOutput::Kind::Dropped:
                if (node == BOX)
                {
                    const std::string text(ToString(output.drop));
                    ++drops[text + ":" + std::to_string(output.port)];
                }
                else
                {
                    ++drops["host:" + std::string(ToString(output.drop))];
                }
                break;
            }
        }
    }

    void
    Job(size_t node, Duration cost, std::function<void()> done)
    {
        onDone[node].push_back(std::move(done));
        machines[node]->Submit(now, {0, cost});
    }

    [[nodiscard]] static uint32_t
    FrameBytes(const Packet& packet)
    {
        switch (packet.kind)
        {
        case Kind::TcpData:
            return TCP_DATA_FRAME;
        case Kind::TcpAck:
            return TCP_ACK_FRAME;
        case Kind::Udp:
            break;
        }
        return ETHERNET_HEADER + IP_HEADER + packet.length;
    }

    void
    PutOnWire(size_t node, uint32_t port, uint64_t handle)
    {
        const size_t peer = settings.phase == Phase::Direct ? (node == A ? B : A)
                            : node == BOX                   ? (port == 0 ? A : B)
                                                            : BOX;
        const uint32_t peerPort = peer == BOX && node == B ? 1 : 0;
        const TimePoint when =
            now + WireTime(FrameBytes(packets[handle]), WIRE) - FRAME_GAP + WIRE_DELAY;
        At(when, [this, peer, peerPort, handle] { Arrive(peer, peerPort, handle); });
        if (node == A)
        {
            Wake();
        }
    }

    void
    Arrive(size_t node, uint32_t port, uint64_t handle)
    {
        const Packet& packet = packets[handle];
        Frame frame;
        frame.handle = handle;
        frame.bytes = FrameBytes(packet);
        frame.facts.path = PathAt(node, packet.kind);
        frame.facts.more = packet.more;
        frame.facts.offset = static_cast<uint16_t>(packet.offset);
        frame.facts.length = static_cast<uint16_t>(packet.length);
        frame.facts.tableEntries = settings.tableEntries;
        frame.facts.datagram = packet.datagram;
        machines[node]->Arrived(now, port, frame);
        Pump(node);
    }

    [[nodiscard]] FramePath
    PathAt(size_t node, Kind kind) const
    {
        const FramePath local = kind == Kind::Udp ? FramePath::LocalUdp : FramePath::LocalTcp;
        if (node != BOX)
        {
            return local;
        }
        switch (settings.phase)
        {
        case Phase::Nat:
            return FramePath::Nat;
        case Phase::IstKernel:
            return FramePath::Splice;
        case Phase::IstApp:
            return local;
        case Phase::Direct:
        case Phase::Forwarder:
            break;
        }
        return FramePath::Forward;
    }

    void
    SendFrame(size_t node, const Packet& packet)
    {
        packets.push_back(packet);
        Resend(node, packets.size() - 1);
    }

    void
    Resend(size_t node, uint64_t handle)
    {
        const Packet& packet = packets[handle];
        const uint32_t port = node == BOX && packet.toB ? 1 : 0;
        machines[node]->Transmit(now, port, handle, FrameBytes(packet));
    }

    void
    SendDatagram(size_t node, uint32_t payload, bool toB)
    {
        const uint32_t total = payload + UDP_HEADER;
        ++datagrams;
        for (uint32_t offset = 0; offset < total; offset += FRAGMENT_PAYLOAD)
        {
            const uint32_t length = std::min(FRAGMENT_PAYLOAD, total - offset);
            SendFrame(
                node,
                {Kind::Udp, toB, payload, datagrams, offset, length, offset + length < total});
        }
    }

    // --- IP and above ---

    void
    ToIp(size_t node, const std::vector<uint64_t>& handles)
    {
        const Packet packet = packets[handles[0]];
        if (node == BOX && settings.phase != Phase::IstApp)
        {
            for (const uint64_t handle : handles)
            {
                Resend(BOX, handle);
            }
        }
        else if (packet.kind != Kind::Udp)
        {
            onTcp(node, packet);
        }
        else if (node == BOX)
        {
            ProxyReceived(packet);
        }
        else
        {
            onUdp(node, packet);
        }
    }

    /// IST-App: a socket buffer before a process that takes one datagram a turn.
    void
    ProxyReceived(const Packet& packet)
    {
        if (proxyBytes + packet.payload > settings.box.socketBuffer)
        {
            ++drops["socket-buffer"];
            return;
        }
        proxyBytes += packet.payload;
        proxyQueue.push_back(packet);
        if (proxyQueue.size() == 1)
        {
            ProxyTurn(true);
        }
    }

    void
    ProxyTurn(bool asleep)
    {
        const uint32_t taken = std::min(proxyQueue.front().payload, settings.box.applicationBuffer);
        Job(BOX,
            machines[BOX]->Costs().ProxyTurn(taken, asleep),
            [this, taken]
            {
                const Packet packet = proxyQueue.front();
                proxyQueue.pop_front();
                proxyBytes -= packet.payload;
                if (taken < packet.payload)
                {
                    ++drops["application-buffer"];
                }
                SendDatagram(BOX, taken, packet.toB);
                if (!proxyQueue.empty())
                {
                    ProxyTurn(false);
                }
            });
    }

    // --- traffic ---

    [[nodiscard]] bool
    HasRoom(uint32_t payload) const
    {
        return (machines[A]->HeldTransmit() + 1) * std::min(payload, TCP_DATA_FRAME) <=
               settings.host.socketBuffer / 2;
    }

    /// Sender: one system call at a time; waits for room in its socket buffer.
    void
    TrySend()
    {
        if (sending || owed == 0 || now >= stop || !HasRoom(sendPayload))
        {
            return;
        }
        sending = true;
        const Duration cost = Jitter(machines[A]->Costs().SendCall(sendPayload));
        Job(A,
            cost,
            [this]
            {
                sending = false;
                --owed;
                ++sent;
                SendDatagram(A, sendPayload, true);
                TrySend();
            });
    }

    void
    Wake()
    {
        if (sendPayload != 0)
        {
            TrySend();
        }
    }

    void
    Tick(Duration interval)
    {
        if (now >= stop)
        {
            return;
        }
        ++owed;
        TrySend();
        Pump(A);
        At(now + Jitter(interval), [this, interval] { Tick(interval); });
    }

    void
    RawTick(uint32_t payload, Duration interval)
    {
        if (now >= stop)
        {
            return;
        }
        ++sent;
        packets.push_back({Kind::Udp, true, payload, ++datagrams, 0, payload + UDP_HEADER, false});
        Arrive(BOX, 0, packets.size() - 1);
        At(now + Jitter(interval), [this, payload, interval] { RawTick(payload, interval); });
    }

    void
    Run(TimePoint until)
    {
        while (true)
        {
            TimePoint next = events.empty() ? TIME_NEVER : events.top().when;
            for (const auto& machine : machines)
            {
                next = std::min(next, machine->NextTimeout());
            }
            if (next > until)
            {
                return;
            }
            now = next;
            while (!events.empty() && events.top().when <= now)
            {
                const std::function<void()> what = events.top().what;
                events.pop();
                what();
            }
            for (size_t node = 0; node < machines.size(); ++node)
            {
                Pump(node);
            }
        }
    }

    UdpResult
    Finish(uint32_t payload, Duration duration)
    {
        UdpResult result;
        result.sent = sent;
        result.received = received;
        result.loss =
            sent == 0 ? 0 : 1.0 - static_cast<double>(received) / static_cast<double>(sent);
        const double seconds = static_cast<double>(duration.count()) / 1e9;
        result.sentBps = static_cast<double>(sent) * payload * 8 / seconds;
        result.receivedBps = static_cast<double>(received) * payload * 8 / seconds;
        result.drops = drops;
        for (size_t i = 0; i < CPU_LEVEL_COUNT; ++i)
        {
            const Duration used = machines[BOX]->CpuTime(static_cast<CpuLevel>(i), now);
            result.occupancy[i] =
                static_cast<double>(used.count()) / static_cast<double>(duration.count());
        }
        return result;
    }

    TestbedSettings settings;
    uint64_t random;
    TimePoint now{0};
    TimePoint stop = TIME_NEVER;
    std::priority_queue<Event, std::vector<Event>, Later> events;
    uint64_t order = 0;
    std::vector<std::unique_ptr<BoxMachine>> machines;
    std::vector<std::deque<std::function<void()>>> onDone;
    std::vector<Packet> packets;
    uint64_t datagrams = 0;
    std::map<std::string, uint64_t> drops;

    std::deque<Packet> proxyQueue;
    uint64_t proxyBytes = 0;

    uint32_t sendPayload = 0;
    uint64_t owed = 0; ///< datagrams that the sender wants to send now
    bool sending = false;
    uint64_t sent = 0;
    uint64_t received = 0;
    std::function<void(size_t, const Packet&)> onUdp = [](size_t, const Packet&) {};
    std::function<void(size_t, const Packet&)> onTcp = [](size_t, const Packet&) {};
};

Testbed::Testbed(const TestbedSettings& settings)
    : m_impl(std::make_unique<Impl>(settings))
{
}

Testbed::~Testbed() = default;

const BoxMachine&
Testbed::Box() const
{
    return *m_impl->machines[BOX];
}

UdpResult
Testbed::RunUdp(uint32_t payload, uint64_t rateBps, Duration duration)
{
    Impl& bed = *m_impl;
    bed.stop = duration;
    bed.sendPayload = payload;
    bed.onUdp = [&bed, payload](size_t node, const Packet& packet)
    {
        if (node == B && packet.payload == payload)
        {
            bed.Job(B, bed.machines[B]->Costs().ReceiveCall(payload), [&bed] { ++bed.received; });
        }
    };
    if (rateBps == 0)
    {
        bed.owed = UINT64_MAX;
        bed.At(TimePoint(0), [&bed] { bed.TrySend(); });
    }
    else
    {
        const auto interval =
            Duration(static_cast<int64_t>(uint64_t{payload} * 8 * 1'000'000'000 / rateBps));
        bed.At(TimePoint(0), [&bed, interval] { bed.Tick(interval); });
    }
    bed.Run(duration + std::chrono::milliseconds(200));
    return bed.Finish(payload, duration);
}

UdpResult
Testbed::RunRaw(uint32_t payload, Duration interval, Duration duration)
{
    Impl& bed = *m_impl;
    bed.stop = duration;
    bed.onUdp = [&bed](size_t node, const Packet&) { bed.received += node == B ? 1 : 0; };
    bed.At(TimePoint(0), [&bed, payload, interval] { bed.RawTick(payload, interval); });
    bed.Run(duration + std::chrono::milliseconds(200));
    return bed.Finish(payload, duration);
}

Duration
Testbed::RunPingPong(uint32_t payload, uint32_t rounds)
{
    Impl& bed = *m_impl;
    TimePoint began{0};
    Duration total{0};
    uint32_t left = rounds;
    const std::function<void()> ping = [&]
    {
        began = bed.now;
        bed.Job(A,
                bed.machines[A]->Costs().SendCall(payload),
                [&] { bed.SendDatagram(A, payload, true); });
    };
    bed.onUdp = [&](size_t node, const Packet&)
    {
        const CostModel& costs = bed.machines[node]->Costs();
        const Duration receive = costs.WakeUp() + costs.ReceiveCall(payload);
        if (node == B)
        {
            bed.Job(B,
                    receive + costs.SendCall(payload),
                    [&] { bed.SendDatagram(B, payload, false); });
            return;
        }
        bed.Job(A,
                receive,
                [&]
                {
                    total += bed.now - began;
                    if (--left > 0)
                    {
                        // Between two rounds the program does other things for a random while.
                        bed.At(bed.now + bed.Jitter(std::chrono::milliseconds(1)), ping);
                    }
                });
    };
    bed.At(TimePoint(0), ping);
    bed.Run(std::chrono::seconds(100));
    assert(left == 0);
    return total / rounds;
}

namespace
{

/// One TCP-like loop: segments in flight never exceed the window; nothing is ever retransmitted.
struct Loop
{
    uint32_t window = 0;
    uint32_t inFlight = 0;
    uint32_t unacknowledged = 0; ///< received since the last acknowledgement
};

} // namespace

double
Testbed::RunTcp(uint32_t window, uint32_t ackEvery, Duration duration)
{
    Impl& bed = *m_impl;
    bed.stop = duration;
    const bool proxied = bed.settings.phase == Phase::IstApp;
    Loop first{window, 0, 0};  // A to B, or to the proxy
    Loop second{window, 0, 0}; // proxy to B
    uint64_t stream = 0;       // bytes in the proxy's receive buffer
    uint64_t toSend = 0;       // bytes in its send buffer
    uint32_t held = 0;         // segments not acknowledged to A yet
    bool busy = false;
    uint64_t gotBytes = 0;
    uint64_t number = 1'000'000'000;

    const auto segment = [&](size_t node, Kind kind, bool toB, uint32_t acked) {
        bed.SendFrame(node, {kind, toB, acked, ++number, 0, SEGMENT, false});
    };
    const std::function<void()> fill = [&]
    {
        // A: one system call a segment while the window is open.
        if (first.inFlight >= first.window || bed.sending || bed.now >= bed.stop)
        {
            return;
        }
        bed.sending = true;
        ++first.inFlight;
        bed.Job(A,
                bed.Jitter(bed.machines[A]->Costs().SendCall(SEGMENT)),
                [&]
                {
                    bed.sending = false;
                    segment(A, Kind::TcpData, true, 0);
                    fill();
                });
    };
    const auto acknowledge = [&](size_t node, Loop& loop)
    {
        if (++loop.unacknowledged >= ackEvery)
        {
            segment(node, Kind::TcpAck, false, loop.unacknowledged);
            loop.unacknowledged = 0;
        }
    };
    const auto drain = [&]
    {
        while (toSend >= SEGMENT && second.inFlight < second.window)
        {
            toSend -= SEGMENT;
            ++second.inFlight;
            segment(BOX, Kind::TcpData, true, 0);
        }
    };
    // The receive window closes while the process lags: acknowledgements wait.
    const auto release = [&]
    {
        for (; held > 0 && stream <= bed.settings.box.socketBuffer / 2; --held)
        {
            acknowledge(BOX, first);
        }
    };
    std::function<void(bool)> turn = [&](bool asleep)
    {
        const uint64_t room = bed.settings.box.socketBuffer;
        const uint64_t chunk = std::min<uint64_t>(stream, bed.settings.box.applicationBuffer);
        if (chunk == 0 || toSend + chunk > room)
        {
            busy = false;
            return;
        }
        busy = true;
        bed.Job(BOX,
                bed.machines[BOX]->Costs().ProxyTurn(chunk, asleep),
                [&, chunk]
                {
                    stream -= chunk;
                    release();
                    toSend += chunk;
                    drain();
                    turn(false);
                });
    };
    bed.onTcp = [&](size_t node, const Packet& packet)
    {
        if (node == B)
        {
            gotBytes += SEGMENT;
            acknowledge(B, proxied ? second : first);
        }
        else if (node == A)
        {
            first.inFlight -= packet.payload;
            fill();
        }
        else if (packet.kind == Kind::TcpAck)
        {
            second.inFlight -= packet.payload;
            drain();
            if (!busy)
            {
                turn(true);
            }
        }
        else
        {
            stream += SEGMENT;
            ++held;
            release();
            if (!busy)
            {
                turn(true);
            }
        }
    };
    bed.At(TimePoint(0), fill);
    bed.Run(duration);
    return static_cast<double>(gotBytes) * 8 / (static_cast<double>(duration.count()) / 1e9);
}

} // namespace isb
