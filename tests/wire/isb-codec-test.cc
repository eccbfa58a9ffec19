// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/wire/isb-codec.h"

#include "tests/wire/message-fields.h"

#include <algorithm>
#include <fstream>
#include <gtest/gtest.h>
#include <map>

namespace isb
{
namespace
{

using Bytes = std::vector<uint8_t>;

// Field numbers of isb.proto, for frames that no encoder of ours makes.
constexpr uint64_t VERSION = 1;
constexpr uint64_t SEQUENCE = 2;
constexpr uint64_t HELLO = 10;
constexpr uint64_t LOGIN = 11;
constexpr uint64_t LOGGED_IN = 12;
constexpr uint64_t PING = 13;
constexpr uint64_t BYE = 15;
constexpr uint64_t FAULT = 16;
constexpr uint64_t PROBE = 17;
constexpr uint64_t NAT_STATUS = 19;
constexpr uint64_t ANNOUNCE = 20;
constexpr uint64_t WITHDRAW = 22;
constexpr uint64_t LIST = 23;
constexpr uint64_t LISTING = 24;
constexpr uint64_t SUBSCRIBED = 28;
constexpr uint64_t OPEN = 31;
constexpr uint64_t PREPARE = 32;
constexpr uint64_t INSTRUCT = 34;
constexpr uint64_t STATUS = 35;
constexpr uint64_t IST_LIST = 37;
constexpr uint64_t SPLICE_REQUEST = 39;
constexpr uint64_t SPLICE_EVENT = 41;
constexpr uint64_t GATHERED = 45;

/// Protobuf's wire format, written by hand.
class RawMessage
{
  public:
    RawMessage&
    Number(uint64_t field, uint64_t value)
    {
        Varint(field << 3);
        Varint(value);
        return *this;
    }

    RawMessage&
    Text(uint64_t field, const std::string& text)
    {
        Varint(field << 3 | 2);
        Varint(text.size());
        bytes.insert(bytes.end(), text.begin(), text.end());
        return *this;
    }

    RawMessage&
    Part(uint64_t field, const RawMessage& part)
    {
        return Text(field, std::string(part.bytes.begin(), part.bytes.end()));
    }

    Bytes bytes;

  private:
    void
    Varint(uint64_t value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            bytes.push_back(static_cast<uint8_t>(value | 0x80));
        }
        bytes.push_back(static_cast<uint8_t>(value));
    }
};

Bytes
WithLength(const Bytes& body)
{
    Bytes bytes(4 + body.size());
    for (size_t at = 0; at < 4; ++at)
    {
        bytes[at] = static_cast<uint8_t>(body.size() >> (24 - 8 * at));
    }
    std::copy(body.begin(), body.end(), bytes.begin() + 4);
    return bytes;
}

/// The first frame of a direction with this message in it.
Bytes
FirstFrame(uint64_t field, const RawMessage& message)
{
    RawMessage frame;
    frame.Number(VERSION, 1).Number(SEQUENCE, 1).Part(field, message);
    return WithLength(frame.bytes);
}

Bytes
PingFrame(uint64_t sequence, uint64_t version = 1)
{
    RawMessage frame;
    frame.Number(VERSION, version).Number(SEQUENCE, sequence).Part(PING, RawMessage());
    return WithLength(frame.bytes);
}

Bytes
Joined(std::initializer_list<Bytes> parts)
{
    Bytes all;
    for (const Bytes& part : parts)
    {
        all.insert(all.end(), part.begin(), part.end());
    }
    return all;
}

/// What a deframer makes of a stream: how many frames, and the fault.
struct Outcome
{
    size_t frames = 0;
    IsbCode fault = IsbCode::None;
    size_t held = 0;
};

Outcome
Deframe(ByteView bytes)
{
    IsbDeframer deframer;
    deframer.Push(bytes);
    Outcome outcome;
    while (deframer.Next())
    {
        ++outcome.frames;
    }
    outcome.fault = deframer.Fault();
    outcome.held = deframer.Held();
    return outcome;
}

std::string
Hex(const Bytes& bytes)
{
    std::string text;
    for (const uint8_t byte : bytes)
    {
        text += "0123456789abcdef"[byte >> 4];
        text += "0123456789abcdef"[byte & 15];
    }
    return text;
}

TEST(IsbCodec, SampleMessagesSetEveryField)
{
    const auto full = test::FullMessages();
    const auto plain = test::DefaultMessages();
    for (size_t at = 0; at < full.size(); ++at)
    {
        const auto set = test::FieldsOf(full[at]);
        const auto unset = test::FieldsOf(plain[at]);
        ASSERT_EQ(set.size(), unset.size()) << NameOf(full[at]);
        for (size_t field = 0; field < set.size(); ++field)
        {
            EXPECT_NE(set[field], unset[field]) << NameOf(full[at]) << " field " << field;
        }
    }
}

TEST(IsbCodec, CarriesEveryFieldOfEveryMessage)
{
    for (const IsbMessage& message : test::FullMessages())
    {
        IsbDeframer deframer;
        deframer.Push(EncodeFrame({1, message}));
        const auto frame = deframer.Next();
        ASSERT_TRUE(frame) << NameOf(message) << ": " << ToString(deframer.Fault());
        EXPECT_EQ(frame->sequence, 1U);
        EXPECT_EQ(NameOf(frame->message), NameOf(message));
        EXPECT_EQ(test::FieldsOf(frame->message), test::FieldsOf(message)) << NameOf(message);
        EXPECT_EQ(deframer.Held(), 0U);
    }
}

/// Version 1 is frozen: these bytes were taken when it was made, and when it grew. "name+" is the
/// message with the fields that it got later.
TEST(IsbCodec, WritesTheBytesOfVersionOne)
{
    std::ifstream file(ISB_SOURCE_DIR "/tests/wire/isb-version-1.txt");
    std::map<std::string, std::string> frozen;
    for (std::string line; std::getline(file, line);)
    {
        if (!line.empty() && line[0] != '#')
        {
            const size_t blank = line.find(' ');
            frozen[line.substr(0, blank)] = line.substr(blank + 1);
        }
    }
    const auto first = test::FullMessages(false);
    const auto grown = test::FullMessages();
    size_t lines = 0;
    for (size_t at = 0; at < first.size(); ++at)
    {
        const std::string name(NameOf(first[at]));
        const std::string before = Hex(EncodeFrame({300, first[at]}));
        EXPECT_EQ(before, frozen[name]) << name;
        ++lines;
        const std::string after = Hex(EncodeFrame({300, grown[at]}));
        if (after != before)
        {
            EXPECT_EQ(after, frozen[name + "+"]) << name;
            ++lines;
        }
    }
    EXPECT_EQ(frozen.size(), lines);
}

/// What a peer of the first version 1 makes of a message that grew, and we of its.
TEST(IsbCodec, FieldsThatCameLaterAreReadAsUnsetWhenAPeerDoesNotSendThem)
{
    for (const IsbMessage& message : test::FullMessages(false))
    {
        IsbDeframer deframer;
        deframer.Push(EncodeFrame({1, message}));
        const auto frame = deframer.Next();
        ASSERT_TRUE(frame) << NameOf(message);
        EXPECT_EQ(test::FieldsOf(frame->message), test::FieldsOf(message)) << NameOf(message);
    }
}

TEST(IsbCodec, EveryMessageAtItsBoundsFitsAFrame)
{
    const std::string name(ISB_NAME_LIMIT, 'n');
    const std::string text(ISB_TEXT_LIMIT, 't');
    const Endpoint endpoint{Ipv4{UINT32_MAX}, UINT16_MAX};
    AnnounceMessage announce;
    announce.service = {name,
                        Protocol::Udp,
                        text,
                        true,
                        std::vector<std::string>(ISB_ALLOWED_LIMIT, name)};
    ListingMessage listing;
    listing.entries.assign(ISB_LISTING_LIMIT, {name, name, Protocol::Udp, text});
    IstListMessage list;
    list.entries.assign(ISB_IST_LIST_LIMIT, {name, endpoint});
    NearnessMessage nearness;
    nearness.entries.assign(ISB_IST_LIST_LIMIT, {name, ISB_DURATION_LIMIT});
    LoginMessage login;
    login.name = name;
    login.proof.assign(ISB_PROOF_LIMIT, 0xff);
    login.ist.methods.assign(ISB_METHOD_LIMIT, ForwardingMethod::Udp);
    for (const IsbMessage& message :
         std::vector<IsbMessage>{announce, listing, list, nearness, login})
    {
        const Bytes bytes = EncodeFrame({UINT64_MAX, message});
        EXPECT_LE(bytes.size(), 4 + ISB_FRAME_LIMIT) << NameOf(message);
        IsbDeframer deframer;
        deframer.Push(EncodeFrame({1, message}));
        EXPECT_TRUE(deframer.Next()) << NameOf(message);
    }
}

TEST(IsbDeframer, ReadsFramesHoweverTheBytesAreCut)
{
    Bytes stream;
    uint64_t sequence = 0;
    for (const IsbMessage& message : test::FullMessages())
    {
        const Bytes frame = EncodeFrame({++sequence, message});
        stream.insert(stream.end(), frame.begin(), frame.end());
    }
    for (const size_t step : {size_t{1}, size_t{3}, size_t{7}, size_t{50}, stream.size()})
    {
        IsbDeframer deframer;
        uint64_t frames = 0;
        for (size_t at = 0; at < stream.size(); at += step)
        {
            deframer.Push(ByteView(stream.data() + at, std::min(step, stream.size() - at)));
            while (const auto frame = deframer.Next())
            {
                EXPECT_EQ(frame->sequence, ++frames);
            }
            EXPECT_LT(deframer.Held(), 4 + ISB_FRAME_LIMIT);
        }
        EXPECT_EQ(frames, sequence) << "cut every " << step;
        EXPECT_EQ(deframer.Fault(), IsbCode::None);
    }
}

TEST(IsbDeframer, WaitsForTheRestOfATruncatedFrame)
{
    for (const IsbMessage& message : test::FullMessages())
    {
        const Bytes bytes = EncodeFrame({1, message});
        for (size_t size = 0; size < bytes.size(); ++size)
        {
            const Outcome outcome = Deframe(ByteView(bytes.data(), size));
            EXPECT_EQ(outcome.frames, 0U) << NameOf(message) << " cut at " << size;
            EXPECT_EQ(outcome.fault, IsbCode::None);
            EXPECT_EQ(outcome.held, size);
        }
    }
}

TEST(IsbDeframer, RefusesABodyCutShortWhoseLengthSaysOtherwise)
{
    for (const IsbMessage& message : test::FullMessages())
    {
        const Bytes bytes = EncodeFrame({1, message});
        const Bytes body(bytes.begin() + 4, bytes.end() - 1);
        EXPECT_EQ(Deframe(WithLength(body)).fault, IsbCode::BadFrame) << NameOf(message);
    }
}

struct StreamCase
{
    const char* name;
    Bytes bytes;
    size_t frames; ///< read before the fault
    IsbCode fault;
};

void
ExpectStreams(const std::vector<StreamCase>& cases)
{
    for (const StreamCase& c : cases)
    {
        const Outcome outcome = Deframe(c.bytes);
        EXPECT_EQ(outcome.frames, c.frames) << c.name;
        EXPECT_EQ(ToString(outcome.fault), ToString(c.fault)) << c.name;
        if (c.fault != IsbCode::None)
        {
            EXPECT_EQ(outcome.held, 0U) << c.name << ": keeps bytes after a fault";
        }
    }
}

TEST(IsbDeframer, EndsAtTheFirstFrameThatIsNotOne)
{
    RawMessage unknown;
    unknown.Number(VERSION, 1).Number(SEQUENCE, 1).Part(99, RawMessage());
    RawMessage bare;
    bare.Number(VERSION, 1).Number(SEQUENCE, 1);
    RawMessage trailing;
    trailing.Number(VERSION, 1).Number(SEQUENCE, 1).Part(PING, RawMessage());
    trailing.bytes.push_back(0x07); // field 0, wire type 7
    Bytes huge(4 + ISB_FRAME_LIMIT, 0);
    huge[0] = 0, huge[1] = 1, huge[2] = 0, huge[3] = 1;
    ExpectStreams({
        {"length zero", {0, 0, 0, 0}, 0, IsbCode::BadFrame},
        {"one byte too long, length alone", {0, 1, 0, 1}, 0, IsbCode::BadFrame},
        {"one byte too long", huge, 0, IsbCode::BadFrame},
        {"4 GiB", {0xff, 0xff, 0xff, 0xff}, 0, IsbCode::BadFrame},
        {"HTTP", {'G', 'E', 'T', ' ', '/', ' '}, 0, IsbCode::BadFrame},
        {"not protobuf", WithLength({0xff, 0xff, 0xff}), 0, IsbCode::BadFrame},
        {"trailing bytes", WithLength(trailing.bytes), 0, IsbCode::BadFrame},
        {"no message", WithLength(bare.bytes), 0, IsbCode::BadFrame},
        {"unknown message", WithLength(unknown.bytes), 0, IsbCode::BadFrame},
        {"empty body after a good frame",
         Joined({PingFrame(1), {0, 0, 0, 0}, PingFrame(2)}),
         1,
         IsbCode::BadFrame},
    });
}

TEST(IsbDeframer, EndsAtAnotherVersion)
{
    RawMessage none;
    none.Number(SEQUENCE, 1).Part(PING, RawMessage());
    RawMessage later;
    later.Number(VERSION, 2).Number(77, 5).Part(99, RawMessage());
    ExpectStreams({
        {"version 0", PingFrame(1, 0), 0, IsbCode::BadVersion},
        {"version 2", PingFrame(1, 2), 0, IsbCode::BadVersion},
        {"no version", WithLength(none.bytes), 0, IsbCode::BadVersion},
        {"a version with other contents", WithLength(later.bytes), 0, IsbCode::BadVersion},
        {"version 1, then 2", Joined({PingFrame(1), PingFrame(2, 2)}), 1, IsbCode::BadVersion},
    });
}

TEST(IsbDeframer, EndsAtAFrameOutOfOrder)
{
    ExpectStreams({
        {"in order", Joined({PingFrame(1), PingFrame(2), PingFrame(3)}), 3, IsbCode::None},
        {"starts at 0", PingFrame(0), 0, IsbCode::BadSequence},
        {"starts at 2", PingFrame(2), 0, IsbCode::BadSequence},
        {"replayed", Joined({PingFrame(1), PingFrame(1)}), 1, IsbCode::BadSequence},
        {"lost", Joined({PingFrame(1), PingFrame(3)}), 1, IsbCode::BadSequence},
        {"exchanged", Joined({PingFrame(1), PingFrame(3), PingFrame(2)}), 1, IsbCode::BadSequence},
        {"back to the start",
         Joined({PingFrame(1), PingFrame(2), PingFrame(1)}),
         2,
         IsbCode::BadSequence},
        {"the largest number", PingFrame(UINT64_MAX), 0, IsbCode::BadSequence},
    });
}

TEST(IsbDeframer, ReadsNothingMoreAfterAFault)
{
    IsbDeframer deframer;
    deframer.Push(PingFrame(7));
    EXPECT_FALSE(deframer.Next());
    EXPECT_EQ(deframer.Fault(), IsbCode::BadSequence);
    deframer.Push(PingFrame(1));
    EXPECT_FALSE(deframer.Next());
    EXPECT_EQ(deframer.Fault(), IsbCode::BadSequence);
    EXPECT_EQ(deframer.Held(), 0U);
}

RawMessage
Raw()
{
    return {};
}

/// A message that is right, with one field of it.
StreamCase
WithField(const char* name, uint64_t message, const RawMessage& fields, IsbCode fault)
{
    return {name, FirstFrame(message, fields), fault == IsbCode::None ? 1U : 0U, fault};
}

TEST(IsbDeframer, RefusesEnumeratorsThatItDoesNotKnow)
{
    constexpr IsbCode BAD = IsbCode::BadRequest;
    constexpr IsbCode GOOD = IsbCode::None;
    ExpectStreams({
        WithField("role 0", LOGIN, Raw().Text(2, "ann"), BAD),
        WithField("role user", LOGIN, Raw().Number(1, 1).Text(2, "ann"), GOOD),
        WithField("role 3", LOGIN, Raw().Number(1, 3).Text(2, "ann"), BAD),
        WithField("code 26", BYE, Raw().Number(1, 26), GOOD),
        WithField("code 27", BYE, Raw().Number(1, 27), BAD),
        WithField("code negative", BYE, Raw().Number(1, UINT64_MAX), BAD),
        WithField("reachability 2", NAT_STATUS, Raw().Number(1, 2), GOOD),
        WithField("reachability 3", NAT_STATUS, Raw().Number(1, 3), BAD),
        WithField("protocol none", SUBSCRIBED, Raw().Number(1, 1), BAD),
        WithField("protocol TCP", SUBSCRIBED, Raw().Number(3, 6), GOOD),
        WithField("protocol ICMP", SUBSCRIBED, Raw().Number(3, 1), BAD),
        WithField("method 0", OPEN, Raw(), BAD),
        WithField("method 5", OPEN, Raw().Number(3, 5), GOOD),
        WithField("method 6", OPEN, Raw().Number(3, 6), BAD),
        WithField("path 3", PREPARE, Raw().Number(4, 3).Number(5, 3), GOOD),
        WithField("path 4", PREPARE, Raw().Number(4, 4).Number(5, 3), GOOD),
        WithField("path 5", PREPARE, Raw().Number(4, 5).Number(5, 3), BAD),
        WithField("way 4", OPEN, Raw().Number(3, 3).Part(8, Raw().Number(1, 4)), GOOD),
        WithField("way 0", OPEN, Raw().Number(3, 3).Part(8, Raw().Number(1, 0)), BAD),
        WithField("way 5", OPEN, Raw().Number(3, 3).Part(8, Raw().Number(1, 5)), BAD),
        WithField("path 0", PREPARE, Raw().Number(5, 3), BAD),
        WithField("phase 4", STATUS, Raw().Number(3, 4), GOOD),
        WithField("phase 5", STATUS, Raw().Number(3, 5), BAD),
        WithField("news 5", SPLICE_EVENT, Raw().Number(2, 5), GOOD),
        WithField("news 6", SPLICE_EVENT, Raw().Number(2, 6), BAD),
        WithField("method of a profile",
                  LOGIN,
                  Raw().Number(1, 2).Text(2, "ist").Part(8, Raw().Number(1, 9)),
                  BAD),
    });
}

TEST(IsbDeframer, RefusesNamesThatAreNone)
{
    constexpr IsbCode BAD = IsbCode::BadRequest;
    constexpr IsbCode GOOD = IsbCode::None;
    const std::string longest(ISB_NAME_LIMIT, 'a');
    ExpectStreams({
        WithField("letters", WITHDRAW, Raw().Text(1, "Web-1_a.b"), GOOD),
        WithField("longest", WITHDRAW, Raw().Text(1, longest), GOOD),
        WithField("too long", WITHDRAW, Raw().Text(1, longest + "a"), BAD),
        WithField("empty", WITHDRAW, Raw(), BAD),
        WithField("blank", WITHDRAW, Raw().Text(1, "a b"), BAD),
        WithField("slash", WITHDRAW, Raw().Text(1, "../etc"), BAD),
        WithField("zero", WITHDRAW, Raw().Text(1, std::string("a\0b", 3)), BAD),
        WithField("newline", WITHDRAW, Raw().Text(1, "a\n"), BAD),
        WithField("not ASCII", WITHDRAW, Raw().Text(1, "b\xc3\xb6"), BAD),
        WithField("list from the start", LIST, Raw(), GOOD),
        WithField("list behind no name", LIST, Raw().Text(2, "?"), BAD),
        WithField("user without name", LOGIN, Raw().Number(1, 1), BAD),
        WithField("allowed without name",
                  ANNOUNCE,
                  Raw().Part(2, Raw().Text(1, "web").Number(2, 6).Text(5, "")),
                  BAD),
    });
}

TEST(IsbDeframer, RefusesTextThatIsNotClean)
{
    constexpr IsbCode BAD = IsbCode::BadRequest;
    constexpr IsbCode GOOD = IsbCode::None;
    const std::string longest(ISB_TEXT_LIMIT, 'x');
    ExpectStreams({
        WithField("empty", FAULT, Raw(), GOOD),
        WithField("ASCII", FAULT, Raw().Text(3, "no \"such\" user <b>"), GOOD),
        WithField("two, three, four bytes",
                  FAULT,
                  Raw().Text(3, "\xc3\xbc \xe2\x82\xac \xf0\x9f\x98\x80"),
                  GOOD),
        WithField("longest", FAULT, Raw().Text(3, longest), GOOD),
        WithField("too long", FAULT, Raw().Text(3, longest + "x"), BAD),
        WithField("newline", FAULT, Raw().Text(3, "a\nb"), BAD),
        WithField("escape", FAULT, Raw().Text(3, "\x1b[2J"), BAD),
        WithField("delete", FAULT, Raw().Text(3, "\x7f"), BAD),
        WithField("control of Latin 1", FAULT, Raw().Text(3, "\xc2\x85"), BAD),
        WithField("lone continuation", FAULT, Raw().Text(3, "\x80"), BAD),
        WithField("overlong", FAULT, Raw().Text(3, "\xc0\xaf"), BAD),
        WithField("overlong of three", FAULT, Raw().Text(3, "\xe0\x80\xaf"), BAD),
        WithField("surrogate", FAULT, Raw().Text(3, "\xed\xa0\x80"), BAD),
        WithField("above Unicode", FAULT, Raw().Text(3, "\xf4\x90\x80\x80"), BAD),
        WithField("cut in a character", FAULT, Raw().Text(3, "\xe2\x82"), BAD),
    });
}

TEST(IsbDeframer, RefusesPortsAddressesTokensAndDurationsOutOfRange)
{
    constexpr IsbCode BAD = IsbCode::BadRequest;
    constexpr IsbCode GOOD = IsbCode::None;
    const auto user = [] { return Raw().Number(1, 1).Text(2, "ann"); };
    const auto hello = [](const std::string& token) { return Raw().Text(1, token).Text(3, "isb"); };
    const auto interval = static_cast<uint64_t>(ISB_DURATION_LIMIT.count());
    const std::string token(16, 't');
    ExpectStreams({
        WithField("port 65535", LOGIN, user().Number(5, 65535), GOOD),
        WithField("port 65536", LOGIN, user().Number(5, 65536), BAD),
        WithField("endpoint", LOGIN, user().Part(4, Raw().Text(1, "abcd").Number(2, 9)), GOOD),
        WithField("port of an endpoint", LOGIN, user().Part(4, Raw().Number(2, 65536)), BAD),
        WithField("address of 3", LOGIN, user().Part(4, Raw().Text(1, "abc")), BAD),
        WithField("address of 16", LOGIN, user().Part(4, Raw().Text(1, token)), BAD),
        WithField("proof too long", LOGIN, user().Text(3, std::string(65, 'p')), BAD),
        WithField("token", HELLO, hello(token), GOOD),
        WithField("token of 15", HELLO, hello(token.substr(1)), BAD),
        WithField("token of 17", HELLO, hello(token + "t"), BAD),
        WithField("no token", PROBE, Raw(), BAD),
        WithField("longest interval", LOGGED_IN, Raw().Number(2, interval), GOOD),
        WithField("a longer one", LOGGED_IN, Raw().Number(2, interval + 1), BAD),
        WithField("negative", LOGGED_IN, Raw().Number(2, UINT64_MAX), BAD),
        WithField("address of a splice",
                  SPLICE_REQUEST,
                  Raw().Number(2, 6).Number(3, 3).Text(4, "ab"),
                  BAD),
        WithField("instruct without tokens",
                  INSTRUCT,
                  Raw().Number(4, 3).Number(5, 3).Number(6, 1),
                  BAD),
    });
}

TEST(IsbDeframer, RefusesListsLongerThanTheyMayBe)
{
    const auto listing = [](size_t count)
    {
        RawMessage entries;
        for (size_t i = 0; i < count; ++i)
        {
            entries.Part(2, Raw().Text(1, "a").Text(2, "b").Number(3, 6));
        }
        return entries;
    };
    const auto ists = [](size_t count)
    {
        RawMessage entries;
        for (size_t i = 0; i < count; ++i)
        {
            entries.Part(1, Raw().Text(1, "a"));
        }
        return entries;
    };
    const auto allowed = [](size_t count)
    {
        RawMessage service;
        service.Text(1, "web").Number(2, 6);
        for (size_t i = 0; i < count; ++i)
        {
            service.Text(5, "u");
        }
        return Raw().Part(2, service);
    };
    const auto numbers = [](size_t count)
    {
        RawMessage ways;
        for (size_t i = 0; i < count; ++i)
        {
            ways.Number(1, 1);
        }
        return Raw().Number(3, 3).Part(8, ways);
    };
    const auto endpoints = [](uint64_t field, size_t count)
    {
        RawMessage list;
        for (size_t i = 0; i < count; ++i)
        {
            list.Part(field, Raw().Text(1, "abcd").Number(2, 9));
        }
        return list;
    };
    constexpr IsbCode BAD = IsbCode::BadRequest;
    constexpr IsbCode GOOD = IsbCode::None;
    ExpectStreams({
        WithField("4 ways", OPEN, numbers(ISB_WAY_LIMIT), GOOD),
        WithField("5 ways", OPEN, numbers(ISB_WAY_LIMIT + 1), BAD),
        WithField("16 endpoints", GATHERED, endpoints(5, ISB_PUNCH_LIMIT), GOOD),
        WithField("17 endpoints", GATHERED, endpoints(5, ISB_PUNCH_LIMIT + 1), BAD),
        WithField("4 STUN endpoints", LOGGED_IN, Raw().Part(3, endpoints(1, ISB_STUN_LIMIT)), GOOD),
        WithField("5 STUN endpoints",
                  LOGGED_IN,
                  Raw().Part(3, endpoints(1, ISB_STUN_LIMIT + 1)),
                  BAD),
        WithField("128 entries", LISTING, listing(ISB_LISTING_LIMIT), GOOD),
        WithField("129 entries", LISTING, listing(ISB_LISTING_LIMIT + 1), BAD),
        WithField("64 ISTs", IST_LIST, ists(ISB_IST_LIST_LIMIT), GOOD),
        WithField("65 ISTs", IST_LIST, ists(ISB_IST_LIST_LIMIT + 1), BAD),
        WithField("256 allowed", ANNOUNCE, allowed(ISB_ALLOWED_LIMIT), GOOD),
        WithField("257 allowed", ANNOUNCE, allowed(ISB_ALLOWED_LIMIT + 1), BAD),
    });
}

TEST(IsbDeframer, IgnoresFieldsThatALaterPeerAdds)
{
    RawMessage frame;
    frame.Number(VERSION, 1)
        .Number(SEQUENCE, 1)
        .Text(5, "of the frame")
        .Part(PING, Raw().Number(1, 42).Text(200, "of the message"));
    IsbDeframer deframer;
    deframer.Push(WithLength(frame.bytes));
    const auto read = deframer.Next();
    ASSERT_TRUE(read);
    EXPECT_EQ(std::get<PingMessage>(read->message).nonce, 42U);
    EXPECT_EQ(EncodeFrame(*read), EncodeFrame({1, PingMessage{42}}));
}

} // namespace
} // namespace isb
