// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/core/stun/stun-server.h"

#include "model/core/random/rng.h"
#include "model/core/stun/stun-responder.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

namespace isb::test
{
namespace
{

using std::chrono::milliseconds;
using std::chrono::seconds;

const Ipv4 PRIMARY = *Ipv4::Parse("198.51.100.2");
const Ipv4 ALTERNATE = *Ipv4::Parse("198.51.100.3");
const Endpoint CLIENT{*Ipv4::Parse("192.0.2.1"), 32853};

std::vector<uint8_t>
Hex(const std::string& text)
{
    std::string digits;
    for (const char c : text)
    {
        digits += c == ' ' ? "" : std::string(1, c);
    }
    std::vector<uint8_t> bytes;
    for (size_t i = 0; i + 1 < digits.size(); i += 2)
    {
        bytes.push_back(static_cast<uint8_t>(std::stoul(digits.substr(i, 2), nullptr, 16)));
    }
    return bytes;
}

const std::string NEW_ID = "2112a442 b7e7a701bc34d686fa87dfae";
const std::string OLD_ID = "000102030405060708090a0b0c0d0e0f";

StunServerSettings
TwoByTwo()
{
    StunServerSettings settings;
    settings.primary = PRIMARY;
    settings.alternate = ALTERNATE;
    return settings;
}

/// A server whose sockets are in the hands of the test.
class ServerRig
{
  public:
    explicit ServerRig(const StunServerSettings& settings = TwoByTwo())
        : server(settings, nullptr)
    {
        server.Start(now);
        for (const MachineOrder& order : server.TakeOrders())
        {
            const auto& listen = std::get<ListenOrder>(order);
            sockets[{listen.protocol, listen.local}] = listen.socket;
            locals[listen.socket] = listen.local;
            server.Listening(now, listen.socket, listen.local);
        }
    }

    struct Sent
    {
        Endpoint from;
        Endpoint to;
        std::vector<uint8_t> bytes;
    };

    /// What comes back for a datagram, if anything.
    std::optional<Sent>
    Ask(const std::vector<uint8_t>& bytes, Endpoint at = {PRIMARY, 3478}, Endpoint from = CLIENT)
    {
        server.Datagram(now, sockets.at({Protocol::Udp, at}), from, bytes);
        const auto orders = server.TakeOrders();
        if (orders.empty())
        {
            return std::nullopt;
        }
        const auto& send = std::get<SendToOrder>(orders.at(0));
        return Sent{locals.at(send.socket), send.to, send.bytes};
    }

    TimePoint now{0};
    StunServer server;
    std::map<std::pair<Protocol, Endpoint>, SocketId> sockets;
    std::map<SocketId, Endpoint> locals;
};

TEST(StunServer, AnswersAClientOfRfc8489)
{
    ServerRig rig;
    const auto sent = rig.Ask(Hex("00010000" + NEW_ID)).value();
    EXPECT_EQ(sent.from, (Endpoint{PRIMARY, 3478}));
    EXPECT_EQ(sent.to, CLIENT);
    EXPECT_EQ(sent.bytes,
              Hex("01010024" + NEW_ID +
                  "00200008 0001a147e112a643"   // XOR-MAPPED-ADDRESS 192.0.2.1:32853
                  "802b0008 00010d96c6336402"   // RESPONSE-ORIGIN 198.51.100.2:3478
                  "802c0008 00010d97c6336403")) // OTHER-ADDRESS 198.51.100.3:3479
        << "RFC 8489 section 14.2, RFC 5780 section 6.1";
}

TEST(StunServer, AnswersAClientOfRfc3489WithNothingThatItCouldNotRead)
{
    ServerRig rig;
    const auto sent = rig.Ask(Hex("00010008" + OLD_ID + "00030004 00000000")).value();
    EXPECT_EQ(sent.bytes,
              Hex("01010024" + OLD_ID +
                  "00010008 00018055c0000201"   // MAPPED-ADDRESS
                  "00040008 00010d96c6336402"   // SOURCE-ADDRESS
                  "00050008 00010d97c6336403")) // CHANGED-ADDRESS
        << "RFC 3489 section 8.1";
}

struct ChangeRow
{
    Endpoint asked;
    const char* flags;
    Endpoint from;
    Endpoint other; ///< OTHER-ADDRESS: opposite to where it was asked
};

TEST(StunServer, ChangeRequestMovesTheAnswer)
{
    const ChangeRow rows[] = {
        {{PRIMARY, 3478}, "00000002", {PRIMARY, 3479}, {ALTERNATE, 3479}},
        {{PRIMARY, 3478}, "00000004", {ALTERNATE, 3478}, {ALTERNATE, 3479}},
        {{PRIMARY, 3478}, "00000006", {ALTERNATE, 3479}, {ALTERNATE, 3479}},
        {{ALTERNATE, 3479}, "00000006", {PRIMARY, 3478}, {PRIMARY, 3478}},
        {{ALTERNATE, 3478}, "00000002", {ALTERNATE, 3479}, {PRIMARY, 3479}},
    };
    for (const ChangeRow& row : rows)
    {
        for (const std::string& id : {NEW_ID, OLD_ID})
        {
            ServerRig rig;
            const auto sent =
                rig.Ask(Hex("00010008" + id + "00030004" + row.flags), row.asked).value();
            EXPECT_EQ(sent.from, row.from);
            StunMessage message;
            ASSERT_EQ(DecodeStun(sent.bytes, message), StunFault::None);
            const bool old = id == OLD_ID;
            EXPECT_EQ(message.Address(old ? StunType::SourceAddress : StunType::ResponseOrigin),
                      row.from);
            EXPECT_EQ(message.Address(old ? StunType::ChangedAddress : StunType::OtherAddress),
                      row.other);
        }
    }
}

TEST(StunServer, RepeatsFingerprintAndSoftwareToThoseWhoUseThem)
{
    ServerRig rig;
    StunMessage request;
    request.id = MakeStunId({});
    request.attributes = {MakeStunText(StunType::Software, "someone with a long enough name here")};
    const auto sent = rig.Ask(EncodeStun(request, {nullptr, {}, true})).value();
    StunMessage message;
    ASSERT_EQ(DecodeStun(sent.bytes, message), StunFault::None);
    EXPECT_NE(message.Find(StunType::Fingerprint), nullptr);
    EXPECT_EQ(*message.Find(StunType::Software), MakeStunText(StunType::Software, "isblab"));
}

TEST(StunServer, ResponsePortChangesThePortAndNeverTheAddress)
{
    ServerRig rig;
    const auto sent = rig.Ask(Hex("00010008" + NEW_ID + "00270004 12340000")).value();
    EXPECT_EQ(sent.to, (Endpoint{CLIENT.address, 0x1234}));
}

TEST(StunServer, PaddingMakesTheAnswerAsLongAsTheRequestAndNoLonger)
{
    ServerRig rig;
    for (const size_t bytes : {0, 20, 100, 1200})
    {
        StunMessage request;
        request.id = MakeStunId({});
        request.attributes = {MakeStunPadding(bytes)};
        const auto encoded = EncodeStun(request);
        const auto sent = rig.Ask(encoded).value();
        StunMessage message;
        ASSERT_EQ(DecodeStun(sent.bytes, message), StunFault::None);
        ASSERT_NE(message.Find(StunType::Padding), nullptr);
        if (bytes >= 100)
        {
            EXPECT_EQ(sent.bytes.size(), encoded.size());
        }
    }
}

struct RefusedRow
{
    const char* name;
    std::string request;
    std::string response;
};

TEST(StunServer, RefusesAsTheRfcsSay)
{
    const std::string unknown = "00090015 00000414 556e6b6e6f776e20417474726962757465 000000";
    const RefusedRow rows[] = {
        {"unknown comprehension-required attribute",
         "00010004" + NEW_ID + "7fff0000",
         "01110024" + NEW_ID + unknown + "000a0002 7fff0000"},
        {"a classic client's list is even",
         "00010004" + OLD_ID + "7fff0000",
         "01110024" + OLD_ID + unknown + "000a0004 7fff7fff"},
        {"RESPONSE-ADDRESS makes a reflector",
         "0001000c" + OLD_ID + "00020008 000100500a000001",
         "01110024" + OLD_ID + unknown + "000a0004 00020002"},
    };
    for (const RefusedRow& row : rows)
    {
        ServerRig rig;
        const auto sent = rig.Ask(Hex(row.request)).value();
        EXPECT_EQ(sent.bytes, Hex(row.response)) << row.name;
        EXPECT_EQ(rig.server.Counters().refused, 1u);
    }
}

TEST(StunServer, RefusesResponsePortWithPadding)
{
    ServerRig rig;
    StunMessage request;
    request.id = MakeStunId({});
    request.attributes = {MakeStunPort(9), MakeStunPadding(100)};
    StunMessage message;
    ASSERT_EQ(DecodeStun(rig.Ask(EncodeStun(request)).value().bytes, message), StunFault::None);
    EXPECT_EQ(ReadStunError(*message.Find(StunType::ErrorCode))->code, 400);
}

TEST(StunServer, WithOneAddressItNeverClaimsAnother)
{
    StunServerSettings settings = TwoByTwo();
    settings.alternate = {};
    ServerRig rig(settings);
    StunMessage message;
    ASSERT_EQ(DecodeStun(rig.Ask(Hex("00010000" + NEW_ID)).value().bytes, message),
              StunFault::None);
    EXPECT_EQ(message.Find(StunType::OtherAddress), nullptr) << "RFC 5780 section 7.4";
    // Another port it has; another address is an attribute that it does not know.
    EXPECT_EQ(rig.Ask(Hex("00010008" + NEW_ID + "00030004 00000002")).value().from,
              (Endpoint{PRIMARY, 3479}));
    const auto refused = rig.Ask(Hex("00010008" + NEW_ID + "00030004 00000006")).value();
    ASSERT_EQ(DecodeStun(refused.bytes, message), StunFault::None);
    EXPECT_EQ(ReadStunError(*message.Find(StunType::ErrorCode))->code, 420);
    EXPECT_THAT(*ReadStunUnknown(*message.Find(StunType::UnknownAttributes)),
                testing::ElementsAre(StunType::ChangeRequest));
    EXPECT_FALSE(rig.Ask(Hex("00010008" + OLD_ID + "00030004 00000006")).has_value());
    EXPECT_EQ(rig.server.Counters().drops.at("stun.no-alternate"), 1u);
}

TEST(StunServer, IsSilentToWhatIsNoRequest)
{
    const std::map<std::string, std::string_view> rows = {
        {"01010000" + NEW_ID, "stun.not-a-request"}, // a response: two servers never talk
        {"01110000" + NEW_ID, "stun.not-a-request"},
        {"00110000" + NEW_ID, "stun.not-a-request"},  // an indication
        {"00030000" + NEW_ID, "stun.unknown-method"}, // TURN's Allocate
        {"47455420", "stun.truncated"},
        {"80010000" + NEW_ID, "stun.not-stun"},
    };
    for (const auto& [request, reason] : rows)
    {
        ServerRig rig;
        EXPECT_FALSE(rig.Ask(Hex(request)).has_value());
        EXPECT_EQ(rig.server.Counters().drops.at(reason), 1u) << request;
    }
}

TEST(StunServer, NeverSendsMoreThanCameAndItsAllowance)
{
    StunServerSettings settings = TwoByTwo();
    settings.requestRate = 1'000'000;
    settings.requestBurst = 1'000'000;
    ServerRig rig(settings);
    SeededRng random(5);
    size_t received = 0;
    size_t sent = 0;
    while (rig.now < seconds(20))
    {
        rig.now += milliseconds(random.Below(10));
        const auto request = Hex("00010000" + NEW_ID);
        received += request.size();
        const auto answer = rig.Ask(request);
        sent += answer ? answer->bytes.size() : 0;
        const auto time = static_cast<size_t>(rig.now.count() / 1'000'000'000) + 1;
        ASSERT_LE(sent, received + settings.sourceAllowance + time * settings.sourceAllowanceRate);
    }
    EXPECT_GT(rig.server.Counters().drops.at("stun.allowance"), 0u);
    EXPECT_GT(sent, 0u);
}

TEST(StunServer, AFloodFromEverywhereDoesNotSilenceWhoPaysItsWay)
{
    StunServerSettings settings = TwoByTwo();
    settings.maxSources = 100;
    ServerRig rig(settings);
    for (uint32_t i = 0; i < 20'000; ++i)
    {
        (void)rig.Ask(Hex("00010000" + NEW_ID), {PRIMARY, 3478}, {Ipv4{0x0a000000 + i}, 1});
    }
    EXPECT_LE(rig.server.StateSize(), 100u);
    EXPECT_LE(rig.server.Counters().sentBytes,
              rig.server.Counters().receivedBytes + settings.totalAllowance);
    EXPECT_FALSE(rig.Ask(Hex("00010000" + NEW_ID)).has_value());
    StunMessage request;
    request.id = MakeStunId({});
    request.attributes = {MakeStunText(StunType::Software, std::string(60, 'x'))};
    EXPECT_TRUE(rig.Ask(EncodeStun(request)).has_value());
}

TEST(StunServer, OneSourceIsAnsweredSoOftenOnly)
{
    StunServerSettings settings = TwoByTwo();
    settings.requestBurst = 5;
    settings.requestRate = 2;
    ServerRig rig(settings);
    StunMessage request;
    request.id = MakeStunId({});
    request.attributes = {MakeStunText(StunType::Software, std::string(60, 'x'))};
    const auto bytes = EncodeStun(request);
    const auto answered = [&]
    {
        int count = 0;
        while (rig.Ask(bytes))
        {
            ++count;
        }
        return count;
    };
    EXPECT_EQ(answered(), 5);
    rig.now += seconds(1);
    EXPECT_EQ(answered(), 2);
    EXPECT_TRUE(rig.Ask(bytes, {PRIMARY, 3478}, {Ipv4{1}, 1}).has_value()) << "another source";
}

// --- TCP -------------------------------------------------------------------------------------

class StreamRig : public ServerRig
{
  public:
    using ServerRig::ServerRig;

    SocketId
    Accept(Endpoint peer = CLIENT)
    {
        const SocketId socket = server.Accepted(now,
                                                sockets.at({Protocol::Tcp, {PRIMARY, 3478}}),
                                                {PRIMARY, 3478},
                                                peer);
        Take();
        return socket;
    }

    void
    Give(SocketId socket, const std::vector<uint8_t>& bytes)
    {
        server.Received(now, socket, bytes);
        Take();
    }

    void
    Take()
    {
        for (MachineOrder& order : server.TakeOrders())
        {
            if (const auto* send = std::get_if<SendOrder>(&order))
            {
                sent[send->socket].insert(sent[send->socket].end(),
                                          send->bytes.begin(),
                                          send->bytes.end());
            }
            else if (const auto* close = std::get_if<CloseOrder>(&order))
            {
                closed[close->socket] = close->reset;
            }
            else if (const auto* connect = std::get_if<ConnectOrder>(&order))
            {
                calls.push_back(*connect);
            }
        }
    }

    std::map<SocketId, std::vector<uint8_t>> sent;
    std::map<SocketId, bool> closed; ///< by reset
    std::vector<ConnectOrder> calls;
};

TEST(StunServer, AnswersOverTcpHoweverTheStreamIsCut)
{
    const auto request = Hex("00010000" + NEW_ID);
    const auto expected = Hex("01010024" + NEW_ID +
                              "00200008 0001a147e112a643"
                              "802b0008 00010d96c6336402"
                              "802c0008 00010d97c6336403");
    StreamRig rig;
    const SocketId socket = rig.Accept();
    for (const uint8_t byte : request)
    {
        rig.Give(socket, {byte});
    }
    EXPECT_EQ(rig.sent[socket], expected);
    rig.sent.clear();
    std::vector<uint8_t> two = request;
    two.insert(two.end(), request.begin(), request.end());
    rig.Give(socket, two);
    EXPECT_EQ(rig.sent[socket].size(), 2 * expected.size());
}

TEST(StunServer, CallsTheClientFromElsewhereAndOnlyTheClient)
{
    StreamRig rig;
    const SocketId socket = rig.Accept();
    rig.Give(socket, Hex("00010008" + NEW_ID + "c15b0004 00000006"));
    ASSERT_EQ(rig.calls.size(), 1u);
    EXPECT_EQ(rig.calls[0].to, CLIENT);
    EXPECT_EQ(rig.calls[0].from, (Endpoint{ALTERNATE, 0}));
    StunMessage message;
    ASSERT_EQ(DecodeStun(rig.sent[socket], message), StunFault::None);
    EXPECT_NE(message.Find(StunType::ConnectFrom), nullptr);
    rig.server.Connected(rig.now, rig.calls[0].socket, {ALTERNATE, 50'000});
    rig.Take();
    EXPECT_EQ(rig.sent[rig.calls[0].socket], Hex("00110000" + NEW_ID)) << "an indication";
    EXPECT_FALSE(rig.closed.at(rig.calls[0].socket));

    rig.Give(socket, Hex("00010008" + NEW_ID + "c15b0004 00000002"));
    EXPECT_EQ(rig.calls.at(1).from, (Endpoint{PRIMARY, 0}));
}

TEST(StunServer, CallsAreFewAndGivenUp)
{
    StunServerSettings settings = TwoByTwo();
    settings.maxCallsPerSource = 2;
    StreamRig rig(settings);
    const SocketId socket = rig.Accept();
    for (int i = 0; i < 5; ++i)
    {
        rig.Give(socket, Hex("00010008" + NEW_ID + "c15b0004 00000006"));
    }
    EXPECT_EQ(rig.calls.size(), 2u);
    EXPECT_EQ(rig.server.Counters().drops.at("stun.too-many-calls"), 3u);
    rig.now = settings.callPatience;
    rig.server.Timeout(rig.now);
    rig.Take();
    EXPECT_TRUE(rig.closed.at(rig.calls[0].socket)) << "no half-open connection is left";
    rig.Give(socket, Hex("00010008" + NEW_ID + "c15b0004 00000006"));
    EXPECT_EQ(rig.calls.size(), 3u);
}

TEST(StunServer, EndsStreamsThatAreNone)
{
    for (const std::string& bytes :
         {std::string("474554202f20"), "0001fff0" + NEW_ID, "00010004" + NEW_ID + "80280000"})
    {
        StreamRig rig;
        const SocketId socket = rig.Accept();
        rig.Give(socket, Hex(bytes));
        EXPECT_TRUE(rig.closed.at(socket)) << bytes;
        EXPECT_EQ(rig.server.StateSize(), 0u);
    }
}

TEST(StunServer, ConnectionsAreBoundedAndTheGreedyLoseTheirOwn)
{
    StunServerSettings settings = TwoByTwo();
    settings.maxConnections = 10;
    settings.maxConnectionsPerSource = 3;
    StreamRig rig(settings);
    const SocketId honest = rig.Accept();
    for (uint16_t i = 0; i < 100; ++i)
    {
        (void)rig.Accept({Ipv4{0x0a000001}, i});
    }
    EXPECT_EQ(rig.closed.count(honest), 0u);
    EXPECT_EQ(rig.server.StateSize(), 4u);
    rig.now = settings.connectionIdle;
    rig.server.Timeout(rig.now);
    EXPECT_EQ(rig.server.StateSize(), 0u);
}

TEST(StunServer, ASlowReaderIsLetGo)
{
    StreamRig rig;
    const SocketId socket = rig.Accept();
    for (int i = 0; i < 2000 && rig.closed.empty(); ++i)
    {
        rig.Give(socket, Hex("00010000" + NEW_ID));
    }
    EXPECT_TRUE(rig.closed.at(socket));
    EXPECT_EQ(rig.server.Counters().drops.at("stun.slow-reader"), 1u);
}

TEST(StunServer, SaysWhichEndpointItCouldNotOpen)
{
    StunServer server(TwoByTwo(), nullptr);
    server.Start(TimePoint(0));
    const auto orders = server.TakeOrders();
    EXPECT_EQ(orders.size(), 8u);
    server.Failed(TimePoint(0), std::get<ListenOrder>(orders[0]).socket, "address already in use");
    EXPECT_EQ(server.ListenFault(), "udp 198.51.100.2:3478: address already in use");
}

TEST(StunServer, StopsCompletely)
{
    StreamRig rig;
    (void)rig.Accept();
    rig.server.Stop(rig.now);
    EXPECT_TRUE(rig.server.IsIdle());
}

TEST(StunServerSettings, ContradictionsAreNamed)
{
    EXPECT_FALSE(FindContradiction(TwoByTwo()).has_value());
    StunServerSettings bad = TwoByTwo();
    bad.alternate = bad.primary;
    EXPECT_TRUE(FindContradiction(bad).has_value());
    bad = TwoByTwo();
    bad.otherPort = bad.port;
    EXPECT_TRUE(FindContradiction(bad).has_value());
    bad = TwoByTwo();
    bad.primary = {};
    EXPECT_TRUE(FindContradiction(bad).has_value());
    bad = TwoByTwo();
    bad.udp = bad.tcp = false;
    EXPECT_TRUE(FindContradiction(bad).has_value());
}

} // namespace
} // namespace isb::test
