/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Every entry point of the splice core as a function of its own: compiled by a freestanding C11
 * compiler, whose report of stack use is then the core's. */
#include "model/splice/ist-active.h"
#include "model/splice/ist-fast.h"
#include "model/splice/ist-fragment.h"
#include "model/splice/ist-icmp.h"
#include "model/splice/ist-names.h"
#include "model/splice/ist-rate.h"
#include "model/splice/ist-splice.h"
#include "model/splice/ist-too-big.h"

int parse(struct ist_packet *packet, const uint8_t *data, uint32_t captured, uint32_t length);
int parse_any(struct ist_packet *packet, const uint8_t *data, uint32_t captured, uint32_t length);
int parse_quoted(struct ist_packet *packet, const uint8_t *data, uint32_t captured);
struct ist_deltas apply(uint8_t *header, const struct ist_packet *packet,
			const struct ist_rewrite *rewrite, unsigned int mode);
void step(struct ist_splice *splice, const struct ist_packet *packet, unsigned int from,
	  uint64_t now_ns, const struct ist_settings *settings, struct ist_verdict *verdict);
void active_step(struct ist_splice *splice, const struct ist_packet *packet, unsigned int from,
		 uint64_t now_ns, const struct ist_settings *settings, struct ist_verdict *verdict);
void timeout(struct ist_splice *splice, uint64_t now_ns, const struct ist_settings *settings,
	     struct ist_verdict *verdict);
void init(struct ist_splice *splice, struct ist_settings *settings,
	  const struct ist_active_config *config);
bool reply(const struct ist_packet *packet, const struct ist_settings *settings,
	   struct ist_crafted *out);
bool fast(struct ist_splice *splice, const uint8_t *tcp, uint32_t length, uint64_t now_ns);
void family(const struct ist_packet *packet, const struct ist_rewrite *rewrite,
	    struct ist_family_out *out);
bool icmp(uint8_t *data, uint32_t captured, const struct ist_packet *outer,
	  const struct ist_splice *splice, struct ist_icmp_error *error,
	  struct ist_icmp_built *built);
void too_big(const uint8_t *header, const struct ist_packet *packet, uint32_t mtu,
	     struct ist_too_big *out);
unsigned int fragment(struct ist_datagram *datagram, struct ist_datagram_key *key,
		      const struct ist_packet *packet, uint64_t now_ns);
uint64_t rate(uint64_t paid_until, uint64_t cost, uint32_t bytes, uint64_t now_ns);
const char *name(int code);

int parse(struct ist_packet *packet, const uint8_t *data, uint32_t captured, uint32_t length)
{
	return ist_packet_parse(packet, data, captured, length);
}

int parse_any(struct ist_packet *packet, const uint8_t *data, uint32_t captured, uint32_t length)
{
	return ist_packet_parse_any(packet, data, captured, length);
}

int parse_quoted(struct ist_packet *packet, const uint8_t *data, uint32_t captured)
{
	return ist_packet_parse_quoted_any(packet, data, captured);
}

struct ist_deltas apply(uint8_t *header, const struct ist_packet *packet,
			const struct ist_rewrite *rewrite, unsigned int mode)
{
	return ist_rewrite_apply(header, packet, rewrite, mode);
}

void step(struct ist_splice *splice, const struct ist_packet *packet, unsigned int from,
	  uint64_t now_ns, const struct ist_settings *settings, struct ist_verdict *verdict)
{
	ist_splice_step(splice, packet, from, now_ns, settings, verdict);
}

void active_step(struct ist_splice *splice, const struct ist_packet *packet, unsigned int from,
		 uint64_t now_ns, const struct ist_settings *settings, struct ist_verdict *verdict)
{
	ist_active_step(splice, packet, from, now_ns, settings, verdict);
}

void timeout(struct ist_splice *splice, uint64_t now_ns, const struct ist_settings *settings,
	     struct ist_verdict *verdict)
{
	ist_splice_timeout(splice, now_ns, settings, verdict);
}

void init(struct ist_splice *splice, struct ist_settings *settings,
	  const struct ist_active_config *config)
{
	ist_settings_default(settings);
	ist_active_init(splice, config, settings);
	ist_splice_fall_back(splice);
}

bool reply(const struct ist_packet *packet, const struct ist_settings *settings,
	   struct ist_crafted *out)
{
	return ist_reset_reply(packet, settings, out);
}

bool fast(struct ist_splice *splice, const uint8_t *tcp, uint32_t length, uint64_t now_ns)
{
	struct ist_segment segment;

	if (splice->method == IST_METHOD_UDP)
		return ist_fast_datagram(splice, IST_SIDE_A, length, now_ns);
	return ist_segment_read(&segment, tcp, 60, length) &&
	       ist_fast_segment(splice, IST_SIDE_A, &segment, now_ns);
}

void family(const struct ist_packet *packet, const struct ist_rewrite *rewrite,
	    struct ist_family_out *out)
{
	if (!ist_lacks_checksum(packet, rewrite))
		ist_family_header(packet, rewrite, out);
}

bool icmp(uint8_t *data, uint32_t captured, const struct ist_packet *outer,
	  const struct ist_splice *splice, struct ist_icmp_error *error,
	  struct ist_icmp_built *built)
{
	if (!ist_icmp_parse(error, outer, data, captured) ||
	    !ist_icmp_under_way(splice, IST_SIDE_A, error))
		return 0;
	if (ist_icmp_crosses(splice, IST_SIDE_A))
		return ist_icmp_build(data, captured, outer, error, splice, IST_SIDE_A, 1, built);
	ist_icmp_edit(data, captured, outer, error, splice, IST_SIDE_A, 1);
	return 1;
}

void too_big(const uint8_t *header, const struct ist_packet *packet, uint32_t mtu,
	     struct ist_too_big *out)
{
	ist_put_too_big(header, packet, mtu, 0, 64, out);
}

unsigned int fragment(struct ist_datagram *datagram, struct ist_datagram_key *key,
		      const struct ist_packet *packet, uint64_t now_ns)
{
	bool over;

	ist_datagram_key_of(key, packet);
	if (!ist_is_first_fragment(packet))
		return ist_datagram_next(datagram, packet, now_ns, &over) | (over ? 8u : 0);
	ist_datagram_first(datagram, packet, IST_FATE_FORWARD, IST_SIDE_A, now_ns);
	return IST_FATE_FORWARD;
}

uint64_t rate(uint64_t paid_until, uint64_t cost, uint32_t bytes, uint64_t now_ns)
{
	return ist_rate_admits(paid_until, now_ns)
		       ? ist_rate_charge(paid_until, cost, bytes, now_ns)
		       : paid_until;
}

const char *name(int code)
{
	const unsigned int number = (unsigned int)code;

	return code < 0		   ? ist_parse_error_name(code)
	       : number > 300	   ? ist_state_name(number - 300)
	       : number > 200	   ? ist_method_name(number - 200)
	       : (number & 1) != 0 ? ist_reason_name(number)
				   : ist_reason_rule(number);
}
