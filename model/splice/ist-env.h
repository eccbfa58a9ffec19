/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The environment of the splice core: integer types and the inline marker. The only file here
 * that asks where it is compiled: the Linux kernel, eBPF, or any hosted or freestanding C11 or
 * C++17 compiler.
 */
#ifndef IST_ENV_H
#define IST_ENV_H

#if defined(__KERNEL__)
#include <linux/types.h>
#elif defined(__bpf__)
/* As in vmlinux.h, so that both may be included; the C library's stdint.h needs its own target. */
typedef unsigned char uint8_t;
typedef unsigned short uint16_t;
typedef unsigned int uint32_t;
typedef unsigned long long uint64_t;
typedef int int32_t;
typedef _Bool bool;
#else
#include <stdbool.h>
#include <stdint.h>
#endif

/*
 * Always inlined: eBPF has no deep calls, and the stack measured at an entry point is then all
 * the stack there is.
 */
#define IST_INLINE static inline __attribute__((always_inline))

/*
 * An offset into a header buffer. The value is right already; eBPF's verifier sees it bounded by
 * 127 only through a mask that the compiler cannot drop, so there the buffer has IST_HEADER_ROOM
 * bytes (ist-types.h).
 */
IST_INLINE uint32_t ist_offset(uint32_t offset)
{
#if defined(__bpf__)
	__asm__ volatile("" : "+r"(offset));
	offset &= 127;
#endif
	return offset;
}

#define IST_LIKELY(condition) __builtin_expect(!!(condition), 1)

/* A condition that the compiler checks. */
#if defined(__cplusplus)
#define IST_STATIC_ASSERT(condition, why) static_assert(condition, why)
#else
#define IST_STATIC_ASSERT(condition, why) _Static_assert(condition, why)
#endif

/* Zeroes an object; the size is a constant. */
#define ist_clear(object, size) __builtin_memset((object), 0, (size))

/*
 * Reads and writes of network byte order fields at any alignment. Compilers for processors make
 * one instruction of the bytes; clang for eBPF does not, though eBPF's loads from packets and map
 * values need no alignment where the machine needs none. (On the stack they do: no header lives
 * there.)
 */
#if defined(__bpf__)
typedef uint16_t __attribute__((may_alias)) ist_word16;
typedef uint32_t __attribute__((may_alias)) ist_word32;

#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
#define IST_SWAP16(value) __builtin_bswap16(value)
#define IST_SWAP32(value) __builtin_bswap32(value)
#else
#define IST_SWAP16(value) (value)
#define IST_SWAP32(value) (value)
#endif

IST_INLINE uint16_t ist_get16(const uint8_t *at)
{
	return IST_SWAP16(*(const ist_word16 *)at);
}

IST_INLINE uint32_t ist_get32(const uint8_t *at)
{
	return IST_SWAP32(*(const ist_word32 *)at);
}

IST_INLINE void ist_put16(uint8_t *at, uint16_t value)
{
	*(ist_word16 *)at = IST_SWAP16(value);
}

IST_INLINE void ist_put32(uint8_t *at, uint32_t value)
{
	*(ist_word32 *)at = IST_SWAP32(value);
}
#else
IST_INLINE uint16_t ist_get16(const uint8_t *at)
{
	return (uint16_t)((uint32_t)at[0] << 8 | at[1]);
}

IST_INLINE uint32_t ist_get32(const uint8_t *at)
{
	return (uint32_t)at[0] << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];
}

IST_INLINE void ist_put16(uint8_t *at, uint16_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

IST_INLINE void ist_put32(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 24);
	at[1] = (uint8_t)(value >> 16);
	at[2] = (uint8_t)(value >> 8);
	at[3] = (uint8_t)value;
}
#endif

#endif
