/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whose packet: flow tables first, then the ports that wait for a side. */
#ifndef IST_LOCATE_H
#define IST_LOCATE_H

#include "kernel/bpf/ist-tables.h"

/* struct ist_place as the number that is swapped in ist_ports. */
union ist_place_word {
	struct ist_place place;
	uint64_t word;
};

IST_INLINE void ist_flow4_key(struct ist_flow4_key *key, const struct ist_tuple *tuple,
			      uint32_t protocol)
{
	key->peer = bpf_htonl(tuple->source.word[0]);
	key->local = bpf_htonl(tuple->destination.word[0]);
	key->ports =
		bpf_htonl((uint32_t)tuple->source_port << 16 | (uint32_t)tuple->destination_port);
	key->protocol = protocol;
}

IST_INLINE void ist_flow6_key(struct ist_flow6_key *key, const struct ist_tuple *tuple,
			      uint32_t protocol)
{
	ist_address_bytes(key->peer, &tuple->source);
	ist_address_bytes(key->local, &tuple->destination);
	key->ports =
		bpf_htonl((uint32_t)tuple->source_port << 16 | (uint32_t)tuple->destination_port);
	key->protocol = protocol;
}

IST_INLINE const struct ist_place *ist_flow_find(const struct ist_tuple *tuple, uint32_t family,
						 uint32_t protocol)
{
	struct ist_flow4_key key4;
	struct ist_flow6_key key6;

	if (family == IST_FAMILY_IPV6) {
		ist_flow6_key(&key6, tuple, protocol);
		return bpf_map_lookup_elem(&ist_flows6, &key6);
	}
	ist_flow4_key(&key4, tuple, protocol);
	return bpf_map_lookup_elem(&ist_flows4, &key4);
}

/* `flags`: BPF_ANY or BPF_NOEXIST. Returns 0 or a negative errno. */
IST_INLINE long ist_flow_enter(const struct ist_tuple *tuple, uint32_t family, uint32_t protocol,
			       const struct ist_place *place, uint64_t flags)
{
	struct ist_flow4_key key4;
	struct ist_flow6_key key6;

	if (family == IST_FAMILY_IPV6) {
		ist_flow6_key(&key6, tuple, protocol);
		return bpf_map_update_elem(&ist_flows6, &key6, place, flags);
	}
	ist_flow4_key(&key4, tuple, protocol);
	return bpf_map_update_elem(&ist_flows4, &key4, place, flags);
}

/* Takes a flow out of its table, unless it is another splice's by now. */
IST_INLINE void ist_flow_erase(const struct ist_tuple *tuple, uint32_t family, uint32_t protocol,
			       const struct ist_place *place)
{
	struct ist_flow4_key key4;
	struct ist_flow6_key key6;
	const struct ist_place *there;

	if (family == IST_FAMILY_IPV6) {
		ist_flow6_key(&key6, tuple, protocol);
		there = bpf_map_lookup_elem(&ist_flows6, &key6);
		if (there && there->slot == place->slot && there->generation == place->generation)
			bpf_map_delete_elem(&ist_flows6, &key6);
		return;
	}
	ist_flow4_key(&key4, tuple, protocol);
	there = bpf_map_lookup_elem(&ist_flows4, &key4);
	if (there && there->slot == place->slot && there->generation == place->generation)
		bpf_map_delete_elem(&ist_flows4, &key4);
}

/* Swaps `before` for `after` in the table of ports; whether that was done. */
IST_INLINE bool ist_port_swap(uint32_t protocol, uint16_t port, uint64_t before, uint64_t after)
{
	const uint32_t index = ist_port_index(protocol, port);
	uint64_t *word = bpf_map_lookup_elem(&ist_ports, &index);

	return word && __sync_val_compare_and_swap(word, before, after) == before;
}

IST_INLINE uint64_t ist_place_word(const struct ist_place *place, unsigned int side)
{
	union ist_place_word word;

	word.place = *place;
	word.place.side = (uint8_t)side;
	return word.word;
}

IST_INLINE bool ist_port_open(uint32_t protocol, uint16_t port, const struct ist_place *place,
			      unsigned int side)
{
	return ist_port_swap(protocol, port, 0, ist_place_word(place, side));
}

IST_INLINE void ist_port_close(uint32_t protocol, uint16_t port, const struct ist_place *place,
			       unsigned int side)
{
	ist_port_swap(protocol, port, ist_place_word(place, side), 0);
}

/* Who waits at a port: false if nobody. */
IST_INLINE bool ist_port_find(uint32_t protocol, uint16_t port, struct ist_place *place)
{
	const uint32_t index = ist_port_index(protocol, port);
	const uint64_t *word = bpf_map_lookup_elem(&ist_ports, &index);
	union ist_place_word found;

	if (!word)
		return 0;
	found.word = *word;
	*place = found.place;
	return found.word != 0;
}

IST_INLINE bool ist_is_own(const struct ist_address *address, uint32_t family)
{
	struct ist_own_key key;
	uint32_t bytes[4];

	ist_address_bytes(bytes, address);
	__builtin_memcpy(key.bytes, bytes, sizeof(key.bytes));
	key.family = family;
	return bpf_map_lookup_elem(&ist_addresses, &key) != 0;
}

#endif
