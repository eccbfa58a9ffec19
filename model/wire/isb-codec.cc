// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/wire/isb-codec.h"

#include "model/wire/isb-schema.h"

#include "isb.pb.h"

#include <tuple>
#include <type_traits>
#include <utility>

namespace isb
{

namespace
{

/// Where a message stands in a Frame.
template <typename M, typename P>
struct Body
{
    using Message = M;
    const P& (proto::Frame::*get)() const;
    P* (proto::Frame::*change)();
};

/// In the order of IsbMessage's alternatives.
constexpr std::tuple BODIES{
    Body<HelloMessage, proto::Hello>{&proto::Frame::hello, &proto::Frame::mutable_hello},
    Body<LoginMessage, proto::Login>{&proto::Frame::login, &proto::Frame::mutable_login},
    Body<LoggedInMessage, proto::LoggedIn>{&proto::Frame::logged_in,
                                           &proto::Frame::mutable_logged_in},
    Body<PingMessage, proto::Ping>{&proto::Frame::ping, &proto::Frame::mutable_ping},
    Body<PongMessage, proto::Pong>{&proto::Frame::pong, &proto::Frame::mutable_pong},
    Body<ByeMessage, proto::Bye>{&proto::Frame::bye, &proto::Frame::mutable_bye},
    Body<FaultMessage, proto::Fault>{&proto::Frame::fault, &proto::Frame::mutable_fault},
    Body<ProbeMessage, proto::Probe>{&proto::Frame::probe, &proto::Frame::mutable_probe},
    Body<ProbeSeenMessage, proto::ProbeSeen>{&proto::Frame::probe_seen,
                                             &proto::Frame::mutable_probe_seen},
    Body<NatStatusMessage, proto::NatStatus>{&proto::Frame::nat_status,
                                             &proto::Frame::mutable_nat_status},
    Body<AnnounceMessage, proto::Announce>{&proto::Frame::announce,
                                           &proto::Frame::mutable_announce},
    Body<AnnouncedMessage, proto::Announced>{&proto::Frame::announced,
                                             &proto::Frame::mutable_announced},
    Body<WithdrawMessage, proto::Withdraw>{&proto::Frame::withdraw,
                                           &proto::Frame::mutable_withdraw},
    Body<ListMessage, proto::List>{&proto::Frame::list, &proto::Frame::mutable_list},
    Body<ListingMessage, proto::Listing>{&proto::Frame::listing, &proto::Frame::mutable_listing},
    Body<SubscribeMessage, proto::Subscribe>{&proto::Frame::subscribe,
                                             &proto::Frame::mutable_subscribe},
    Body<OfferMessage, proto::Offer>{&proto::Frame::offer, &proto::Frame::mutable_offer},
    Body<AnswerMessage, proto::Answer>{&proto::Frame::answer, &proto::Frame::mutable_answer},
    Body<SubscribedMessage, proto::Subscribed>{&proto::Frame::subscribed,
                                               &proto::Frame::mutable_subscribed},
    Body<UnsubscribeMessage, proto::Unsubscribe>{&proto::Frame::unsubscribe,
                                                 &proto::Frame::mutable_unsubscribe},
    Body<SubscriptionEndedMessage, proto::SubscriptionEnded>{
        &proto::Frame::subscription_ended,
        &proto::Frame::mutable_subscription_ended},
    Body<OpenMessage, proto::Open>{&proto::Frame::open, &proto::Frame::mutable_open},
    Body<PrepareMessage, proto::Prepare>{&proto::Frame::prepare, &proto::Frame::mutable_prepare},
    Body<ReadyMessage, proto::Ready>{&proto::Frame::ready, &proto::Frame::mutable_ready},
    Body<InstructMessage, proto::Instruct>{&proto::Frame::instruct,
                                           &proto::Frame::mutable_instruct},
    Body<StatusMessage, proto::Status>{&proto::Frame::status, &proto::Frame::mutable_status},
    Body<ConnectionEndedMessage, proto::ConnectionEnded>{&proto::Frame::connection_ended,
                                                         &proto::Frame::mutable_connection_ended},
    Body<IstListMessage, proto::IstList>{&proto::Frame::ist_list, &proto::Frame::mutable_ist_list},
    Body<NearnessMessage, proto::Nearness>{&proto::Frame::nearness,
                                           &proto::Frame::mutable_nearness},
    Body<SpliceRequestMessage, proto::SpliceRequest>{&proto::Frame::splice_request,
                                                     &proto::Frame::mutable_splice_request},
    Body<SpliceReadyMessage, proto::SpliceReady>{&proto::Frame::splice_ready,
                                                 &proto::Frame::mutable_splice_ready},
    Body<SpliceEventMessage, proto::SpliceEvent>{&proto::Frame::splice_event,
                                                 &proto::Frame::mutable_splice_event},
    Body<SpliceCancelMessage, proto::SpliceCancel>{&proto::Frame::splice_cancel,
                                                   &proto::Frame::mutable_splice_cancel},
    Body<LoadMessage, proto::Load>{&proto::Frame::load, &proto::Frame::mutable_load},
    Body<GatherMessage, proto::Gather>{&proto::Frame::gather, &proto::Frame::mutable_gather},
    Body<GatheredMessage, proto::Gathered>{&proto::Frame::gathered,
                                           &proto::Frame::mutable_gathered},
    Body<NatProbeMessage, proto::NatProbe>{&proto::Frame::nat_probe,
                                           &proto::Frame::mutable_nat_probe},
    Body<NatReportMessage, proto::NatReport>{&proto::Frame::nat_report,
                                             &proto::Frame::mutable_nat_report},
    Body<VolunteerOfferMessage, proto::VolunteerOffer>{&proto::Frame::volunteer_offer,
                                                       &proto::Frame::mutable_volunteer_offer},
    Body<VolunteerAnswerMessage, proto::VolunteerAnswer>{&proto::Frame::volunteer_answer,
                                                         &proto::Frame::mutable_volunteer_answer},
    Body<VolunteerSpliceMessage, proto::VolunteerSplice>{&proto::Frame::volunteer_splice,
                                                         &proto::Frame::mutable_volunteer_splice},
    Body<ProbeOrderMessage, proto::ProbeOrder>{&proto::Frame::probe_order,
                                               &proto::Frame::mutable_probe_order}};

constexpr size_t BODY_COUNT = std::tuple_size_v<decltype(BODIES)>;
constexpr int FIRST_BODY = proto::Frame::kHello; ///< field number; the others follow in order
constexpr size_t LENGTH_SIZE = 4;

static_assert(BODY_COUNT == std::variant_size_v<IsbMessage>);
static_assert(proto::Frame::kProbeOrder == FIRST_BODY + static_cast<int>(BODY_COUNT) - 1);

template <size_t INDEX>
void
WriteBody(const IsbMessage& message, proto::Frame& frame)
{
    constexpr auto BODY = std::get<INDEX>(BODIES);
    using Message = typename decltype(BODY)::Message;
    static_assert(std::is_same_v<Message, std::variant_alternative_t<INDEX, IsbMessage>>);
    FieldWriter writer;
    IsbSchema<Message>::Fields(writer, *std::get_if<INDEX>(&message), *(frame.*BODY.change)());
}

template <size_t INDEX>
bool
ReadBody(const proto::Frame& frame, IsbMessage& message)
{
    constexpr auto BODY = std::get<INDEX>(BODIES);
    using Message = typename decltype(BODY)::Message;
    FieldReader reader;
    IsbSchema<Message>::Fields(reader, message.emplace<INDEX>(), (frame.*BODY.get)());
    return reader.IsRight();
}

template <size_t... INDEX>
constexpr auto
WritersOf(std::index_sequence<INDEX...> /*indices*/)
{
    return std::array{&WriteBody<INDEX>...};
}

template <size_t... INDEX>
constexpr auto
ReadersOf(std::index_sequence<INDEX...> /*indices*/)
{
    return std::array{&ReadBody<INDEX>...};
}

constexpr auto WRITERS = WritersOf(std::make_index_sequence<BODY_COUNT>());
constexpr auto READERS = ReadersOf(std::make_index_sequence<BODY_COUNT>());

/// Decodes one body; what is wrong with it, or None.
IsbCode
ReadFrame(ByteView body, uint64_t expectedSequence, IsbFrame& result)
{
    proto::Frame frame;
    if (!frame.ParseFromArray(body.data, static_cast<int>(body.size)))
    {
        return IsbCode::BadFrame;
    }
    if (frame.version() != ISB_PROTOCOL_VERSION)
    {
        return IsbCode::BadVersion;
    }
    if (frame.sequence() != expectedSequence)
    {
        return IsbCode::BadSequence;
    }
    if (frame.message_case() == proto::Frame::MESSAGE_NOT_SET)
    {
        return IsbCode::BadFrame;
    }
    const auto index = static_cast<size_t>(frame.message_case() - FIRST_BODY);
    result.sequence = frame.sequence();
    return READERS[index](frame, result.message) ? IsbCode::None : IsbCode::BadRequest;
}

} // namespace

std::vector<uint8_t>
EncodeFrame(const IsbFrame& frame)
{
    proto::Frame theirs;
    theirs.set_version(ISB_PROTOCOL_VERSION);
    theirs.set_sequence(frame.sequence);
    WRITERS[frame.message.index()](frame.message, theirs);
    const size_t size = theirs.ByteSizeLong();
    assert(size <= ISB_FRAME_LIMIT);
    std::vector<uint8_t> bytes(LENGTH_SIZE + size);
    for (size_t at = 0; at < LENGTH_SIZE; ++at)
    {
        bytes[at] = static_cast<uint8_t>(size >> (8 * (LENGTH_SIZE - 1 - at)));
    }
    theirs.SerializeWithCachedSizesToArray(bytes.data() + LENGTH_SIZE);
    return bytes;
}

void
IsbDeframer::Push(ByteView bytes)
{
    if (m_fault != IsbCode::None || bytes.size == 0)
    {
        return;
    }
    m_bytes.erase(m_bytes.begin(), m_bytes.begin() + static_cast<std::ptrdiff_t>(m_read));
    m_read = 0;
    m_bytes.insert(m_bytes.end(), bytes.data, bytes.data + bytes.size);
}

std::optional<IsbFrame>
IsbDeframer::Next()
{
    if (Held() < LENGTH_SIZE)
    {
        return std::nullopt;
    }
    const uint8_t* start = m_bytes.data() + m_read;
    uint64_t size = 0;
    for (size_t at = 0; at < LENGTH_SIZE; ++at)
    {
        size = size << 8 | start[at];
    }
    if (size == 0 || size > ISB_FRAME_LIMIT)
    {
        Fail(IsbCode::BadFrame);
        return std::nullopt;
    }
    if (Held() < LENGTH_SIZE + size)
    {
        return std::nullopt;
    }
    IsbFrame frame;
    const IsbCode fault = ReadFrame({start + LENGTH_SIZE, size}, m_lastSequence + 1, frame);
    if (fault != IsbCode::None)
    {
        Fail(fault);
        return std::nullopt;
    }
    m_lastSequence = frame.sequence;
    m_read += LENGTH_SIZE + size;
    return frame;
}

void
IsbDeframer::Fail(IsbCode code)
{
    m_fault = code;
    m_bytes = {};
    m_read = 0;
}

} // namespace isb
