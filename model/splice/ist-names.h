/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names of states, methods and reasons for traces and tools; no carrier's fast path needs them. */
#ifndef IST_NAMES_H
#define IST_NAMES_H

#include "model/splice/ist-state.h"

/* The thesis' names (Figure 5.2). */
IST_INLINE const char *ist_state_name(unsigned int state)
{
	switch (state) {
	case IST_STATE_LISTEN:
		return "LISTEN";
	case IST_STATE_SYN_LOOKUP:
		return "IST_SYN_LOOKUP";
	case IST_STATE_SYN_RCVD:
		return "IST_SYN_RCVD";
	case IST_STATE_ESTABLISHED:
		return "ESTABLISHED";
	case IST_STATE_CLOSE_WAIT:
		return "IST_CLOSE_WAIT";
	case IST_STATE_TIME_WAIT:
		return "IST_TIME_WAIT";
	case IST_STATE_CLOSED:
		return "CLOSED";
	default:
		return "?";
	}
}

IST_INLINE const char *ist_method_name(unsigned int method)
{
	switch (method) {
	case IST_METHOD_PASSIVE:
		return "passive";
	case IST_METHOD_PURE:
		return "pure";
	case IST_METHOD_ACTIVE:
		return "active";
	case IST_METHOD_UDP:
		return "udp";
	default:
		return "?";
	}
}

/* Dotted and stable, for traces; "" for none. */
IST_INLINE const char *ist_reason_name(unsigned int reason)
{
	switch (reason) {
	case IST_REASON_UNPAIRED:
		return "ist.unpaired";
	case IST_REASON_UNPROVEN:
		return "ist.unproven";
	case IST_REASON_SIDE_TAKEN:
		return "ist.side-taken";
	case IST_REASON_TUPLE_COLLISION:
		return "ist.tuple-collision";
	case IST_REASON_BAD_FLAGS:
		return "ist.bad-flags";
	case IST_REASON_UNEXPECTED_SYN_ACK:
		return "ist.unexpected-syn-ack";
	case IST_REASON_NO_ACK:
		return "ist.no-ack";
	case IST_REASON_BAD_ACK:
		return "ist.bad-ack";
	case IST_REASON_BEYOND_FIN:
		return "ist.beyond-fin";
	case IST_REASON_RST_OUT_OF_WINDOW:
		return "ist.rst-out-of-window";
	case IST_REASON_RST_CHALLENGED:
		return "ist.rst-challenged";
	case IST_REASON_SYN_CHALLENGED:
		return "ist.syn-challenged";
	case IST_REASON_CLOSED:
		return "ist.closed";
	case IST_REASON_TTL:
		return "ist.ttl";
	case IST_REASON_FRAGMENT:
		return "ist.fragment";
	case IST_REASON_PROTOCOL:
		return "ist.protocol";
	case IST_REASON_RESET:
		return "ist.reset";
	case IST_REASON_NEW_SYN:
		return "ist.new-syn";
	case IST_REASON_UNMATCHED_TIMEOUT:
		return "ist.unmatched-timeout";
	case IST_REASON_HANDSHAKE_TIMEOUT:
		return "ist.handshake-timeout";
	case IST_REASON_IDLE_TIMEOUT:
		return "ist.idle-timeout";
	case IST_REASON_TIME_WAIT_OVER:
		return "ist.time-wait-over";
	case IST_REASON_PORT_DIFFERS:
		return "ist.port-differs";
	default:
		return "";
	}
}

/* The RFC or thesis section that decides so; "" for none. */
IST_INLINE const char *ist_reason_rule(unsigned int reason)
{
	switch (reason) {
	case IST_REASON_UNPAIRED:
	case IST_REASON_SIDE_TAKEN:
	case IST_REASON_TUPLE_COLLISION:
		return "thesis 3.3";
	case IST_REASON_UNPROVEN:
	case IST_REASON_UNEXPECTED_SYN_ACK:
	case IST_REASON_NEW_SYN:
		return "thesis 4.3";
	case IST_REASON_PORT_DIFFERS:
		return "thesis 4.4";
	case IST_REASON_BEYOND_FIN:
	case IST_REASON_CLOSED:
	case IST_REASON_PROTOCOL:
	case IST_REASON_UNMATCHED_TIMEOUT:
	case IST_REASON_HANDSHAKE_TIMEOUT:
	case IST_REASON_TIME_WAIT_OVER:
		return "thesis 5.2";
	case IST_REASON_BAD_FLAGS:
	case IST_REASON_NO_ACK:
	case IST_REASON_BAD_ACK:
		return "RFC 9293 section 3.10.7";
	case IST_REASON_RST_OUT_OF_WINDOW:
	case IST_REASON_RST_CHALLENGED:
	case IST_REASON_RESET:
		return "RFC 5961 section 3.2";
	case IST_REASON_SYN_CHALLENGED:
		return "RFC 5961 section 4.2";
	case IST_REASON_TTL:
		return "RFC 1812 section 5.3.1";
	case IST_REASON_FRAGMENT:
		return "RFC 791 section 3.2";
	case IST_REASON_IDLE_TIMEOUT:
		return "RFC 5382 REQ-5";
	default:
		return "";
	}
}

#endif
