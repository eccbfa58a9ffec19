// SPDX-License-Identifier: GPL-2.0-or-later
#ifndef ISB_WIRE_ISB_SCHEMA_H
#define ISB_WIRE_ISB_SCHEMA_H

#include "model/wire/isb-field.h"

#include <type_traits>

/// Each struct of isb-message.h field by field beside its message of isb.proto. One list serves
/// both directions, so that what is written is what is read.
namespace isb
{

template <>
struct IsbSchema<Endpoint>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Address(ours.address, theirs, &Q::address, &Q::mutable_address);
        field.Port(ours.port, theirs, &Q::port, &Q::set_port);
    }
};

template <>
struct IsbSchema<IstProfile>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Enums(ours.methods,
                    ISB_METHOD_LIMIT,
                    theirs,
                    &Q::methods,
                    &Q::methods_size,
                    &Q::add_methods);
        field.Address(ours.address, theirs, &Q::address, &Q::mutable_address);
        field.Number(ours.capacity, theirs, &Q::capacity, &Q::set_capacity);
        field.Port(ours.pingPort, theirs, &Q::ping_port, &Q::set_ping_port);
    }
};

template <>
struct IsbSchema<ServiceRecord>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Name(ours.name, theirs, &Q::name, &Q::mutable_name);
        field.Enum(ours.protocol, theirs, &Q::protocol, &Q::set_protocol);
        field.Text(ours.description, theirs, &Q::description, &Q::mutable_description);
        field.Number(ours.open, theirs, &Q::open, &Q::set_open);
        field.Names(ours.allowed, theirs, &Q::allowed, &Q::allowed_size, &Q::add_allowed);
    }
};

template <>
struct IsbSchema<ListingEntry>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Name(ours.provider, theirs, &Q::provider, &Q::mutable_provider);
        field.Name(ours.service, theirs, &Q::service, &Q::mutable_service);
        field.Enum(ours.protocol, theirs, &Q::protocol, &Q::set_protocol);
        field.Text(ours.description, theirs, &Q::description, &Q::mutable_description);
    }
};

template <>
struct IsbSchema<IstListEntry>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Name(ours.name, theirs, &Q::name, &Q::mutable_name);
        field.Part(ours.ping, theirs, &Q::ping, &Q::mutable_ping);
    }
};

template <>
struct IsbSchema<NearnessEntry>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Name(ours.ist, theirs, &Q::ist, &Q::mutable_ist);
        field.Time(ours.roundTrip, theirs, &Q::round_trip, &Q::set_round_trip);
    }
};

template <>
struct IsbSchema<SpliceLimits>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.rateBps, theirs, &Q::rate_bps, &Q::set_rate_bps);
        field.Number(ours.bytes, theirs, &Q::bytes, &Q::set_bytes);
        field.Time(ours.lifetime, theirs, &Q::lifetime, &Q::set_lifetime);
    }
};

template <>
struct IsbSchema<UserAbilities>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.punch, theirs, &Q::punch, &Q::set_punch);
        field.Number(ours.predict, theirs, &Q::predict, &Q::set_predict);
        field.Number(ours.loginPort, theirs, &Q::login_port, &Q::set_login_port);
        field.Number(ours.natTest, theirs, &Q::nat_test, &Q::set_nat_test);
        field.Number(ours.volunteer, theirs, &Q::volunteer, &Q::set_volunteer);
        field.Number(ours.volunteerRateBps,
                     theirs,
                     &Q::volunteer_rate_bps,
                     &Q::set_volunteer_rate_bps);
        field.Number(ours.volunteerConnections,
                     theirs,
                     &Q::volunteer_connections,
                     &Q::set_volunteer_connections);
    }
};

template <>
struct IsbSchema<StunServers>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Parts(ours.endpoints,
                    ISB_STUN_LIMIT,
                    theirs,
                    &Q::endpoints,
                    &Q::endpoints_size,
                    &Q::add_endpoints);
    }
};

template <>
struct IsbSchema<WayWishes>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Enums(ours.ways, ISB_WAY_LIMIT, theirs, &Q::ways, &Q::ways_size, &Q::add_ways);
        field.Number(ours.predict, theirs, &Q::predict, &Q::set_predict);
    }
};

template <>
struct IsbSchema<PunchTargets>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Parts(ours.endpoints,
                    ISB_PUNCH_LIMIT,
                    theirs,
                    &Q::endpoints,
                    &Q::endpoints_size,
                    &Q::add_endpoints);
    }
};

template <>
struct IsbSchema<HelloMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Bits(ours.challenge, theirs, &Q::challenge, &Q::mutable_challenge);
        field.Part(ours.observed, theirs, &Q::observed, &Q::mutable_observed);
        field.Name(ours.broker, theirs, &Q::broker, &Q::mutable_broker);
    }
};

template <>
struct IsbSchema<LoginMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Enum(ours.role, theirs, &Q::role, &Q::set_role);
        field.Name(ours.name, theirs, &Q::name, &Q::mutable_name);
        field.Proof(ours.proof, theirs, &Q::proof, &Q::mutable_proof);
        field.Part(ours.local, theirs, &Q::local, &Q::mutable_local);
        field.Port(ours.listenPort, theirs, &Q::listen_port, &Q::set_listen_port);
        field.Number(ours.bootId, theirs, &Q::boot_id, &Q::set_boot_id);
        field.Number(ours.canChoosePort, theirs, &Q::can_choose_port, &Q::set_can_choose_port);
        field.Part(ours.ist, theirs, &Q::ist, &Q::mutable_ist);
        field.Part(ours.abilities, theirs, &Q::abilities, &Q::mutable_abilities);
    }
};

template <>
struct IsbSchema<LoggedInMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.session, theirs, &Q::session, &Q::set_session);
        field.Time(ours.helloInterval, theirs, &Q::hello_interval, &Q::set_hello_interval);
        field.Part(ours.stun, theirs, &Q::stun, &Q::mutable_stun);
    }
};

template <>
struct IsbSchema<PingMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.nonce, theirs, &Q::nonce, &Q::set_nonce);
    }
};

template <>
struct IsbSchema<PongMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.nonce, theirs, &Q::nonce, &Q::set_nonce);
    }
};

template <>
struct IsbSchema<ByeMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Enum(ours.code, theirs, &Q::code, &Q::set_code);
    }
};

template <>
struct IsbSchema<FaultMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Enum(ours.code, theirs, &Q::code, &Q::set_code);
        field.Number(ours.request, theirs, &Q::request, &Q::set_request);
        field.Text(ours.text, theirs, &Q::text, &Q::mutable_text);
    }
};

template <>
struct IsbSchema<ProbeMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Bits(ours.token, theirs, &Q::token, &Q::mutable_token);
    }
};

template <>
struct IsbSchema<ProbeSeenMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Bits(ours.token, theirs, &Q::token, &Q::mutable_token);
    }
};

template <>
struct IsbSchema<NatStatusMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Enum(ours.reachability, theirs, &Q::reachability, &Q::set_reachability);
        field.Part(ours.observed, theirs, &Q::observed, &Q::mutable_observed);
    }
};

template <>
struct IsbSchema<AnnounceMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.request, theirs, &Q::request, &Q::set_request);
        field.Part(ours.service, theirs, &Q::service, &Q::mutable_service);
    }
};

template <>
struct IsbSchema<AnnouncedMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.request, theirs, &Q::request, &Q::set_request);
    }
};

template <>
struct IsbSchema<WithdrawMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Name(ours.service, theirs, &Q::service, &Q::mutable_service);
    }
};

template <>
struct IsbSchema<ListMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.request, theirs, &Q::request, &Q::set_request);
        field.OptionalName(ours.afterProvider,
                           theirs,
                           &Q::after_provider,
                           &Q::mutable_after_provider);
        field.OptionalName(ours.afterService, theirs, &Q::after_service, &Q::mutable_after_service);
        field.Number(ours.most, theirs, &Q::most, &Q::set_most);
    }
};

template <>
struct IsbSchema<ListingMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.request, theirs, &Q::request, &Q::set_request);
        field.Parts(ours.entries,
                    ISB_LISTING_LIMIT,
                    theirs,
                    &Q::entries,
                    &Q::entries_size,
                    &Q::add_entries);
        field.Number(ours.more, theirs, &Q::more, &Q::set_more);
    }
};

template <>
struct IsbSchema<SubscribeMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.request, theirs, &Q::request, &Q::set_request);
        field.Name(ours.provider, theirs, &Q::provider, &Q::mutable_provider);
        field.Name(ours.service, theirs, &Q::service, &Q::mutable_service);
    }
};

template <>
struct IsbSchema<OfferMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.subscription, theirs, &Q::subscription, &Q::set_subscription);
        field.Name(ours.subscriber, theirs, &Q::subscriber, &Q::mutable_subscriber);
        field.Name(ours.service, theirs, &Q::service, &Q::mutable_service);
    }
};

template <>
struct IsbSchema<AnswerMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.subscription, theirs, &Q::subscription, &Q::set_subscription);
        field.Number(ours.accepted, theirs, &Q::accepted, &Q::set_accepted);
        field.Enum(ours.code, theirs, &Q::code, &Q::set_code);
    }
};

template <>
struct IsbSchema<SubscribedMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.request, theirs, &Q::request, &Q::set_request);
        field.Number(ours.subscription, theirs, &Q::subscription, &Q::set_subscription);
        field.Enum(ours.protocol, theirs, &Q::protocol, &Q::set_protocol);
    }
};

template <>
struct IsbSchema<UnsubscribeMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.subscription, theirs, &Q::subscription, &Q::set_subscription);
    }
};

template <>
struct IsbSchema<SubscriptionEndedMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.subscription, theirs, &Q::subscription, &Q::set_subscription);
        field.Enum(ours.code, theirs, &Q::code, &Q::set_code);
    }
};

template <>
struct IsbSchema<OpenMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.request, theirs, &Q::request, &Q::set_request);
        field.Number(ours.subscription, theirs, &Q::subscription, &Q::set_subscription);
        field.Enum(ours.method, theirs, &Q::method, &Q::set_method);
        field.Number(ours.requireIst, theirs, &Q::require_ist, &Q::set_require_ist);
        field.Number(ours.prepared, theirs, &Q::prepared, &Q::set_prepared);
        field.Port(ours.chosenPort, theirs, &Q::chosen_port, &Q::set_chosen_port);
        field.Part(ours.udp, theirs, &Q::udp, &Q::mutable_udp);
        field.Part(ours.wishes, theirs, &Q::wishes, &Q::mutable_wishes);
    }
};

template <>
struct IsbSchema<PrepareMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.connection, theirs, &Q::connection, &Q::set_connection);
        field.Number(ours.attempt, theirs, &Q::attempt, &Q::set_attempt);
        field.Number(ours.subscription, theirs, &Q::subscription, &Q::set_subscription);
        field.Enum(ours.path, theirs, &Q::path, &Q::set_path);
        field.Enum(ours.method, theirs, &Q::method, &Q::set_method);
        field.Number(ours.prepared, theirs, &Q::prepared, &Q::set_prepared);
        field.Port(ours.peerPort, theirs, &Q::peer_port, &Q::set_peer_port);
    }
};

template <>
struct IsbSchema<ReadyMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.connection, theirs, &Q::connection, &Q::set_connection);
        field.Number(ours.attempt, theirs, &Q::attempt, &Q::set_attempt);
        field.Port(ours.listenPort, theirs, &Q::listen_port, &Q::set_listen_port);
        field.Port(ours.chosenPort, theirs, &Q::chosen_port, &Q::set_chosen_port);
    }
};

template <>
struct IsbSchema<InstructMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.request, theirs, &Q::request, &Q::set_request);
        field.Number(ours.connection, theirs, &Q::connection, &Q::set_connection);
        field.Number(ours.attempt, theirs, &Q::attempt, &Q::set_attempt);
        field.Enum(ours.path, theirs, &Q::path, &Q::set_path);
        field.Enum(ours.method, theirs, &Q::method, &Q::set_method);
        field.Enum(ours.role, theirs, &Q::role, &Q::set_role);
        field.Part(ours.target, theirs, &Q::target, &Q::mutable_target);
        field.Port(ours.localPort, theirs, &Q::local_port, &Q::set_local_port);
        field.Bits(ours.sendToken, theirs, &Q::send_token, &Q::mutable_send_token);
        field.Bits(ours.expectToken, theirs, &Q::expect_token, &Q::mutable_expect_token);
        field.OptionalName(ours.ist, theirs, &Q::ist, &Q::mutable_ist);
        field.Time(ours.patience, theirs, &Q::patience, &Q::set_patience);
        field.Part(ours.punch, theirs, &Q::punch, &Q::mutable_punch);
    }
};

template <>
struct IsbSchema<StatusMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.connection, theirs, &Q::connection, &Q::set_connection);
        field.Number(ours.attempt, theirs, &Q::attempt, &Q::set_attempt);
        field.Enum(ours.phase, theirs, &Q::phase, &Q::set_phase);
        field.Enum(ours.code, theirs, &Q::code, &Q::set_code);
        field.Number(ours.sentBytes, theirs, &Q::sent_bytes, &Q::set_sent_bytes);
        field.Number(ours.receivedBytes, theirs, &Q::received_bytes, &Q::set_received_bytes);
    }
};

template <>
struct IsbSchema<ConnectionEndedMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.connection, theirs, &Q::connection, &Q::set_connection);
        field.Enum(ours.code, theirs, &Q::code, &Q::set_code);
    }
};

template <>
struct IsbSchema<IstListMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Parts(ours.entries,
                    ISB_IST_LIST_LIMIT,
                    theirs,
                    &Q::entries,
                    &Q::entries_size,
                    &Q::add_entries);
    }
};

template <>
struct IsbSchema<NearnessMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Parts(ours.entries,
                    ISB_IST_LIST_LIMIT,
                    theirs,
                    &Q::entries,
                    &Q::entries_size,
                    &Q::add_entries);
    }
};

template <>
struct IsbSchema<SpliceRequestMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.splice, theirs, &Q::splice, &Q::set_splice);
        field.Enum(ours.protocol, theirs, &Q::protocol, &Q::set_protocol);
        field.Enum(ours.method, theirs, &Q::method, &Q::set_method);
        field.Address(ours.subscriber, theirs, &Q::subscriber, &Q::mutable_subscriber);
        field.Address(ours.provider, theirs, &Q::provider, &Q::mutable_provider);
        field.Port(ours.portA, theirs, &Q::port_a, &Q::set_port_a);
        field.Port(ours.portB, theirs, &Q::port_b, &Q::set_port_b);
        field.Number(ours.providerFirst, theirs, &Q::provider_first, &Q::set_provider_first);
        field.Part(ours.activeTarget, theirs, &Q::active_target, &Q::mutable_active_target);
        field.Time(ours.patience, theirs, &Q::patience, &Q::set_patience);
        field.Part(ours.limits, theirs, &Q::limits, &Q::mutable_limits);
    }
};

template <>
struct IsbSchema<SpliceReadyMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.splice, theirs, &Q::splice, &Q::set_splice);
        field.Enum(ours.method, theirs, &Q::method, &Q::set_method);
        field.Part(ours.subscriber, theirs, &Q::subscriber, &Q::mutable_subscriber);
        field.Part(ours.provider, theirs, &Q::provider, &Q::mutable_provider);
    }
};

template <>
struct IsbSchema<SpliceEventMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.splice, theirs, &Q::splice, &Q::set_splice);
        field.Enum(ours.news, theirs, &Q::news, &Q::set_news);
        field.Enum(ours.code, theirs, &Q::code, &Q::set_code);
        field.Port(ours.peerPort, theirs, &Q::peer_port, &Q::set_peer_port);
        field.Number(ours.bytes, theirs, &Q::bytes, &Q::set_bytes);
    }
};

template <>
struct IsbSchema<SpliceCancelMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.splice, theirs, &Q::splice, &Q::set_splice);
    }
};

template <>
struct IsbSchema<LoadMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.splices, theirs, &Q::splices, &Q::set_splices);
        field.Number(ours.forwardedBytes, theirs, &Q::forwarded_bytes, &Q::set_forwarded_bytes);
        field.Number(ours.drops, theirs, &Q::drops, &Q::set_drops);
    }
};

template <>
struct IsbSchema<GatherMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.request, theirs, &Q::request, &Q::set_request);
        field.Number(ours.connection, theirs, &Q::connection, &Q::set_connection);
        field.Number(ours.attempt, theirs, &Q::attempt, &Q::set_attempt);
        field.Enum(ours.path, theirs, &Q::path, &Q::set_path);
        field.Number(ours.predict, theirs, &Q::predict, &Q::set_predict);
    }
};

template <>
struct IsbSchema<GatheredMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.connection, theirs, &Q::connection, &Q::set_connection);
        field.Number(ours.attempt, theirs, &Q::attempt, &Q::set_attempt);
        field.Enum(ours.code, theirs, &Q::code, &Q::set_code);
        field.Number(ours.dependent, theirs, &Q::dependent, &Q::set_dependent);
        field.Parts(ours.endpoints,
                    ISB_PUNCH_LIMIT,
                    theirs,
                    &Q::endpoints,
                    &Q::endpoints_size,
                    &Q::add_endpoints);
    }
};

template <>
struct IsbSchema<NatProbeMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Bits(ours.token, theirs, &Q::token, &Q::mutable_token);
        field.Enum(ours.protocol, theirs, &Q::protocol, &Q::set_protocol);
    }
};

template <>
struct IsbSchema<NatReportMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Bits(ours.token, theirs, &Q::token, &Q::mutable_token);
        field.Part(ours.udp, theirs, &Q::udp, &Q::mutable_udp);
    }
};

template <>
struct IsbSchema<VolunteerOfferMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.rateBps, theirs, &Q::rate_bps, &Q::set_rate_bps);
        field.Number(ours.connections, theirs, &Q::connections, &Q::set_connections);
        field.Time(ours.helloInterval, theirs, &Q::hello_interval, &Q::set_hello_interval);
    }
};

template <>
struct IsbSchema<VolunteerAnswerMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.accepted, theirs, &Q::accepted, &Q::set_accepted);
        field.Number(ours.rateBps, theirs, &Q::rate_bps, &Q::set_rate_bps);
        field.Number(ours.connections, theirs, &Q::connections, &Q::set_connections);
    }
};

template <>
struct IsbSchema<VolunteerSpliceMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Number(ours.splice, theirs, &Q::splice, &Q::set_splice);
        field.Enum(ours.protocol, theirs, &Q::protocol, &Q::set_protocol);
        field.Bits(ours.subscriber, theirs, &Q::subscriber, &Q::mutable_subscriber);
        field.Bits(ours.provider, theirs, &Q::provider, &Q::mutable_provider);
        field.Time(ours.patience, theirs, &Q::patience, &Q::set_patience);
        field.Part(ours.limits, theirs, &Q::limits, &Q::mutable_limits);
    }
};

template <>
struct IsbSchema<ProbeOrderMessage>
{
    template <typename F, typename M, typename P>
    static void
    Fields(F& field, M& ours, P& theirs)
    {
        using Q = std::remove_const_t<P>;
        field.Part(ours.target, theirs, &Q::target, &Q::mutable_target);
        field.Bits(ours.token, theirs, &Q::token, &Q::mutable_token);
        field.Enum(ours.protocol, theirs, &Q::protocol, &Q::set_protocol);
    }
};

} // namespace isb

#endif
