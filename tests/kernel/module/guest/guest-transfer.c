// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The users of a splice in the test guest:
 *
 *	guest-transfer tcp LOCAL-PORT ADDRESS PORT IN OUT
 *	guest-transfer udp-send LOCAL-PORT ADDRESS PORT IN SIZE
 *	guest-transfer udp-receive LOCAL-PORT ADDRESS PORT OUT BYTES
 *
 * tcp connects, sends the file IN and half-closes, while it writes what comes to OUT. udp-send
 * registers, waits for the receiver, and sends IN in datagrams of SIZE bytes, each acknowledged, at
 * most 8 under way; udp-receive writes them to OUT until BYTES have come. Exit status 0 says that
 * all went well; a watchdog ends what hangs.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define WATCHDOG_SECONDS 100
#define REGISTER_MS 50
#define UNDER_WAY 8

static const char REGISTRATION[16] = "ISBREG1";
static const char ACK[4] = "ack";

static void fail(const char *what)
{
	fprintf(stderr, "guest-transfer: %s: %s\n", what, strerror(errno));
	exit(1);
}

static int open_file(const char *path, int flags)
{
	const int file = open(path, flags, 0600);

	if (file < 0)
		fail(path);
	return file;
}

/* A socket bound to a local port and connected to the IST. */
static int connect_from(int type, const char *port, const char *address, const char *to)
{
	struct addrinfo hints = {.ai_flags = AI_NUMERICHOST, .ai_socktype = type};
	struct addrinfo passive = {.ai_flags = AI_PASSIVE, .ai_socktype = type};
	struct addrinfo *peer, *local;
	int one = 1;
	int link;

	if (getaddrinfo(address, to, &hints, &peer))
		fail(address);
	passive.ai_family = peer->ai_family;
	if (getaddrinfo(NULL, port, &passive, &local))
		fail(port);
	link = socket(peer->ai_family, type, 0);
	if (link < 0 || setsockopt(link, SOL_SOCKET, SO_REUSEADDR, &one, sizeof(one)) ||
	    bind(link, local->ai_addr, local->ai_addrlen))
		fail("bind");
	if (connect(link, peer->ai_addr, peer->ai_addrlen))
		fail("connect");
	return link;
}

static void write_all(int file, const char *bytes, size_t size)
{
	while (size) {
		const ssize_t done = write(file, bytes, size);

		if (done <= 0)
			fail("write");
		bytes += done;
		size -= (size_t)done;
	}
}

/* Sends what fits; false when the file is at its end and the socket half-closed. */
static int send_some(int link, int in, char *buffer, size_t size, size_t *at, size_t *filled)
{
	ssize_t done;

	if (*at == *filled) {
		done = read(in, buffer, size);
		if (done < 0)
			fail("read");
		if (done == 0)
			return shutdown(link, SHUT_WR);
		*at = 0;
		*filled = (size_t)done;
	}
	done = send(link, buffer + *at, *filled - *at, MSG_DONTWAIT | MSG_NOSIGNAL);
	if (done < 0 && errno != EAGAIN)
		fail("send");
	*at += done > 0 ? (size_t)done : 0;
	return 1;
}

static int run_tcp(int link, int in, int out)
{
	static char sending[65536], receiving[65536];
	size_t at = 0, filled = 0;
	int sends = 1, receives = 1;

	while (sends || receives) {
		struct pollfd ready = {.fd = link, .events = 0};

		ready.events = (short)((sends ? POLLOUT : 0) | (receives ? POLLIN : 0));
		if (poll(&ready, 1, -1) < 0)
			fail("poll");
		if (sends && (ready.revents & POLLOUT))
			sends = send_some(link, in, sending, sizeof(sending), &at, &filled);
		if (receives && (ready.revents & (POLLIN | POLLHUP | POLLERR))) {
			const ssize_t got = recv(link, receiving, sizeof(receiving), 0);

			if (got < 0)
				fail("receive");
			receives = got > 0;
			write_all(out, receiving, (size_t)got);
		}
	}
	return 0;
}

/* Whether a datagram comes within the time; its length in `size`. */
static int await_datagram(int link, int wait, char *buffer, size_t room, ssize_t *size)
{
	struct pollfd ready = {.fd = link, .events = POLLIN};

	if (poll(&ready, 1, wait) <= 0)
		return 0;
	*size = recv(link, buffer, room, 0);
	return *size >= 0;
}

static int run_udp_send(int link, int in, size_t size)
{
	static char buffer[65536];
	char ack[64];
	int under_way = 0;
	ssize_t got;

	do
		send(link, REGISTRATION, sizeof(REGISTRATION), 0);
	while (!await_datagram(link, REGISTER_MS, ack, sizeof(ack), &got));
	while ((got = read(in, buffer, size)) > 0) {
		if (send(link, buffer, (size_t)got, 0) != got)
			fail("send");
		under_way++;
		/* Acknowledgements of nothing may be left from the beginning. */
		while (under_way == UNDER_WAY) {
			ssize_t length;

			if (await_datagram(link, -1, ack, sizeof(ack), &length) &&
			    length == sizeof(ACK))
				under_way--;
		}
	}
	return 0;
}

static int run_udp_receive(int link, int out, size_t bytes)
{
	static char buffer[65536];
	size_t all = 0;
	ssize_t got;

	while (all < bytes) {
		if (!all) {
			send(link, REGISTRATION, sizeof(REGISTRATION), 0);
			send(link, "go", 2, 0);
		}
		if (!await_datagram(link, all ? -1 : REGISTER_MS, buffer, sizeof(buffer), &got))
			continue;
		/* From a sender without an IST between. */
		if (got == sizeof(REGISTRATION))
			continue;
		write_all(out, buffer, (size_t)got);
		all += (size_t)got;
		send(link, ACK, sizeof(ACK), 0);
	}
	return all == bytes ? 0 : 1;
}

int main(int count, char **words)
{
	int link, file;

	if (count != 7) {
		fprintf(stderr, "usage: guest-transfer KIND LOCAL-PORT ADDRESS PORT FILE WHAT\n");
		return 2;
	}
	alarm(WATCHDOG_SECONDS);
	link = connect_from(strcmp(words[1], "tcp") ? SOCK_DGRAM : SOCK_STREAM, words[2], words[3],
			    words[4]);
	if (!strcmp(words[1], "tcp"))
		return run_tcp(link, open_file(words[5], O_RDONLY),
			       open_file(words[6], O_WRONLY | O_CREAT | O_TRUNC));
	if (!strcmp(words[1], "udp-send"))
		return run_udp_send(link, open_file(words[5], O_RDONLY),
				    strtoul(words[6], NULL, 10));
	file = open_file(words[5], O_WRONLY | O_CREAT | O_TRUNC);
	return run_udp_receive(link, file, strtoul(words[6], NULL, 10));
}
