# SPDX-License-Identifier: GPL-2.0-or-later
"""Stable reasons of the trace as English sentences, in the past tense."""

from __future__ import annotations

__all__ = ["CODES", "DROPS", "phrase", "sentence"]

CODES = {
    "bad-frame": "a frame was truncated, too long or could not be decoded",
    "bad-version": "the peer spoke another version of the protocol",
    "bad-sequence": "a frame came out of order, twice or not at all",
    "bad-state": "a message came where it does not belong",
    "bad-request": "a field of the request was out of its range",
    "bad-credentials": "the name was unknown or the proof of the secret was wrong",
    "replaced": "the same user logged in again, and the new session replaced the old one",
    "timed-out": "no answer came in time",
    "quota-exceeded": "the user held more at once than the profile allows",
    "overloaded": "the ISB or IST took no more",
    "not-found": "there was no such user, service or subscription",
    "not-online": "the provider was not logged in, or had not announced the service",
    "not-allowed": "the service was not open to this user",
    "refused": "the provider said no",
    "withdrawn": "the provider withdrew the service",
    "logged-out": "one of the two logged out",
    "peer-lost": "the other side's session ended without a logout",
    "ist-lost": "the IST that carried it was gone",
    "no-ist": "no IST could carry it",
    "connect-failed": "a connection could not be made as instructed",
    "server-refused": "the provider's server did not answer",
    "bad-token": "the other end of the connection was not the one expected",
    "limit-reached": "the splice reached its limit of bytes or lifetime",
    "duplicate": "it was there already",
    "slow-reader": "the peer did not read what it was sent",
    "cancelled": "it was no longer wanted",
}
"""Every failure code of the protocol (model/wire/isb-message.h), and why it came."""

_CHOICES = {
    "both-private": "neither could be reached from outside",
    "provider-public": "the provider could be reached from outside",
    "provider-private": "the provider could not be reached from outside, so no IST could connect "
                        "to it",
    "subscriber-public": "only the subscriber could be reached from outside",
    "ist-required": "the subscription asked for an IST",
    "direct-failed": "the direct connection had failed",
    "reversed-failed": "the reversed connection had failed",
    "ist-refused": "the IST had refused",
    "ist-timed-out": "the IST had not answered in time",
    "pure-failed": "the Pure splice had failed",
    "pure-fell-back": "the IST saw ports that did not fit a Pure splice",
    "pure-collision": "a port of the Pure splice was taken at the IST",
    "nobody-chooses-port": "neither side can choose its source port",
    "method-unavailable": "no IST offered the method asked for",
    "ways-given": "the subscription named the ways",
    "punch-failed": "no hole could be punched",
    "punch-not-allowed": "one of the two did not allow holes to be punched",
    "translated-failed": "the connection through an IST had failed",
    "no-stun": "the ISB had no STUN server to learn external endpoints from",
    "not-reachable": "nothing showed that the endpoint could be reached from outside",
    "not-sent": "no test packet could be sent",
    "one-address": "the test came from the address that the host talks to, which proves nothing",
    "volunteer": "a user behind a full cone NAT served as IST",
    "nearest": "its round trips to both users were the least in sum",
    "least-loaded": "it carried the least load",
    "least-loaded-of-near": "it carried the least load of those that were near",
    "not-suspected": "it was the only one that had lately answered",
    "only-one": "it was the only one that could carry it",
    "address-differs": "the address that the ISB saw was not the host's own",
    "probe-seen": "the ISB saw the host's own address, and its probe arrived",
    "probe-timeout": "the ISB's probe did not arrive in time",
    "probe-failed": "the ISB's probe was refused",
    "no-listen-port": "it had no port to connect to",
    "loopback": "it is on the ISB's own host",
    "returned": "it came back with its splices",
    "restarted": "it came back without its splices",
}

DROPS = {
    "nat.filtered": "the NAT let in only answers to what had gone out",
    "nat.no-mapping": "the NAT had no mapping for that port",
    "nat.no-connection": "the NAT knew no such connection",
    "nat.table-full": "the NAT's table was full",
    "nat.pool-exhausted": "the NAT had no free port left",
    "nat.hairpin-off": "the NAT does not send back inside what came from inside",
    "nat.ttl-expired": "the packet had lived too long",
    "nat.destination-limit": "the NAT took no more destinations for this host",
    "nat.source-not-internal": "the sender did not belong inside the NAT",
    "nat.source-spoofed": "the sender's address was a lie",
    "nat.destination-internal": "an address inside cannot be reached from outside",
    "nat.subscriber-limit": "this host had used up its share of the NAT",
    "nat.mapping-rate": "this host made new mappings faster than the NAT lets it",
    "nat.syn-held": "the NAT waited whether somebody inside would call back",
    "nat.packet-too-big": "the packet was too big for the next link and may not be cut",
    "nat.state-lost": "the NAT restarted",
    "nat.not-allowed": "the firewall let insiders send to certain addresses only",
    "firewall.not-allowed": "the firewall let insiders send to certain addresses only",
    "firewall.unsolicited": "the firewall let in only answers to what had gone out",
    "firewall.no-connection": "the firewall knew no such connection",
    "firewall.table-full": "the firewall's table was full",
    "firewall.source-spoofed": "the sender's address was a lie",
    "daemon.idle": "nothing was said for too long",
    "daemon.reset": "one side reset it",
    "daemon.held-off": "the path was not to be asked for again yet",
    "daemon.queue-full": "too many datagrams were waiting already",
    "daemon.not-ready": "the path did not stand yet",
    "daemon.unproven": "the sender had not proved that it was the one meant",
    "daemon.not-the-server": "it did not come from the server",
    "daemon.strange-echo": "it answered no echo of nearness",
    "daemon.local-port-taken": "its local port was taken by another program",
    "ist.unpaired": "the other user had not come yet",
    "ist.unproven": "the sender had not completed the handshake",
    "ist.side-taken": "somebody else had this side of the splice",
    "ist.source-refused": "the IST port was meant for another user",
    "ist.tuple-collision": "addresses and ports were those of another splice",
    "ist.unmatched-timeout": "the other user did not come in time",
    "ist.unmatched": "the other user did not come in time",
    "ist.handshake-timeout": "the handshake was not answered in time",
    "ist.idle-timeout": "nothing was said for too long",
    "ist.idle": "nothing was said for too long",
    "ist.time-wait-over": "two maximum segment lifetimes had passed",
    "ist.port-differs": "the source port seen was not the one agreed on",
    "ist.peer-failed": "the other side's connection broke",
    "ist.reset": "one side reset the connection",
    "ist.removed": "the splice was ordered to end",
    "ist.byte-limit": "the splice had carried all the bytes it may",
    "ist.rate-limit": "the splice was faster than it may be",
    "ist.lifetime": "the splice had lived as long as it may",
    "ist.closed": "the splice was over",
    "ist.beyond-fin": "the sender had already said that it was done",
    "ist.no-port": "the IST had no free port",
    "ist.port-taken": "the IST port was taken",
    "node.down": "it was down",
    "impair.loss": "the wire lost it",
    "impair.burst": "the wire lost it in a burst",
    "impair.queue": "the queue before the wire was full",
    "impair.in-flight": "the wire held too many packets",
    "daemon.punch-failed": "no packet of the other side came through its NAT in time",
    "daemon.peer-silent": "the other side was not heard of any more",
    "volunteer.rate-limit": "the volunteer had reached the rate that it offers",
    "volunteer.byte-limit": "the splice had reached its limit of bytes",
    "volunteer.unpaired": "the other side had not come to the volunteer yet",
    "volunteer.unknown-peer": "the volunteer knew nobody with this endpoint or token",
    "stun.allowance": "an answer longer than the question would have gone to an unproven address",
    "stun.rate": "the source asked too often",
    "box.ring-full": "the receive ring of its network card was full",
    "box.txqueue-full": "its transmit queue was full",
    "box.backlog-full": "its backlog was full",
}


def phrase(reason: str) -> str:
    """The words for a reason, without a full stop: "isb.not-allowed" -> "the service was not ...".
    A reason that nobody described stands for itself."""
    if not reason:
        return ""
    code = reason.rpartition(".")[2]
    return (DROPS.get(reason) or _CHOICES.get(code) or CODES.get(code)
            or code.replace("-", " "))


def sentence(reason: str) -> str:
    """The phrase as a sentence."""
    words = phrase(reason)
    return words[:1].upper() + words[1:] + "." if words else ""
