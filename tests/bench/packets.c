/*
 * What a packet costs on its way from another network namespace to an address
 * of this one: nanoseconds, the least and the median of some rounds.
 *
 *	packets FAR FLOWS [answer]
 *
 * FAR is a process in the namespace of the sender; the link between the two is
 * called `far` here and `here` over there.  FLOWS is a file of lines like
 *
 *	10.2.0.1 20001 10.1.0.5 443
 *
 * UDP, source and destination, sent in turn.  `answer`: sockets of this
 * namespace answer the first packet of each flow, so that all others belong to
 * a connection.
 *
 * All happens on one CPU: a packet is through before send() comes back.  A
 * frame that no ruleset looks at closes each round.  Rounds are so short that
 * others who want the CPU leave some of them alone: the least is the cost.
 */
#define _GNU_SOURCE
#include "tests/kernel/wire.h"

#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
	FLOWS_MOST = 4096, ROUNDS_LEAST = 5, ROUNDS = 400, BATCH = 64,
	PACKETS_LEAST = 64, PACKETS = 4096,
};

static const double ROUND = 15e5, ALL_ROUNDS = 2e9;	/* ns, about */

static struct wire_flow flows[FLOWS_MOST];
static struct {
	uint8_t bytes[WIRE_PACKET_MOST];
	size_t len;
	struct sockaddr_storage to;
	socklen_t to_len;
} packets[FLOWS_MOST];
static size_t flow_count;

static void read_flows(const char *path)
{
	char source[64], destination[64], to[16];
	unsigned from;
	FILE *file = fopen(path, "r");

	if (!file)
		wire_die(path);
	while (flow_count < FLOWS_MOST &&
	       fscanf(file, "%63s %u %63s %15s", source, &from, destination,
		      to) == 4) {
		struct wire_flow *f = &flows[flow_count];

		wire_read_flow(f, "udp", source, destination, to);
		f->from = (uint16_t)from;
		packets[flow_count].len = wire_packet(f, (uint32_t)flow_count,
			packets[flow_count].bytes);
		packets[flow_count].to_len = wire_address(f,
			&packets[flow_count].to);
		flow_count++;
	}
	(void)fclose(file);
	if (!flow_count)
		wire_die("no flows");
}

/* --- sending --- */

static struct {
	int sender[2];
	struct wire_end here, there;
} ends;

/* COUNT packets, flow by flow; all of a file are of one family. */
static void send_packets(size_t count)
{
	struct mmsghdr messages[BATCH] = { 0 };
	struct iovec parts[BATCH];
	size_t next = 0;

	while (count) {
		unsigned n = count < BATCH ? (unsigned)count : BATCH;

		for (unsigned i = 0; i < n; i++) {
			size_t at = next++ % flow_count;

			parts[i] = (struct iovec){ packets[at].bytes,
						   packets[at].len };
			messages[i].msg_hdr = (struct msghdr){
				.msg_name = &packets[at].to,
				.msg_namelen = packets[at].to_len,
				.msg_iov = &parts[i], .msg_iovlen = 1 };
		}
		if (sendmmsg(ends.sender[flows[0].six], messages, n, 0) != (int)n)
			wire_die("packets");
		count -= n;
	}
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

/* Nanoseconds a packet. */
static double one_round(size_t count)
{
	static uint32_t number;
	double began = now();

	send_packets(count);
	wire_send_mark(&ends.there, ++number);
	wire_wait_for_mark(&ends.here, number);
	return (now() - began) / (double)count;
}

static int ascending(const void *x, const void *y)
{
	const double *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

static void measure(void)
{
	double rounds[ROUNDS], began = now();
	size_t count = PACKETS_LEAST, n = 0;

	count = (size_t)(ROUND / one_round(count));
	count = count < PACKETS_LEAST ? PACKETS_LEAST
				      : count > PACKETS ? PACKETS : count;
	while (n < ROUNDS && (n < ROUNDS_LEAST || now() - began < ALL_ROUNDS))
		rounds[n++] = one_round(count);
	qsort(rounds, n, sizeof *rounds, ascending);
	printf("%.0f %.0f\n", rounds[0], rounds[n / 2]);
}

/* --- answers --- */

/* At the address of a flow, with PORT, whether or not it is on an interface. */
static int bound(const struct wire_flow *f, uint16_t port)
{
	struct sockaddr_storage at;
	socklen_t len = wire_address(f, &at);
	int fd = wire_socket(f->six ? AF_INET6 : AF_INET, SOCK_DGRAM, 0), on = 1;

	if (f->six)
		((struct sockaddr_in6 *)&at)->sin6_port = htons(port);
	else
		((struct sockaddr_in *)&at)->sin_port = htons(port);
	if (setsockopt(fd, IPPROTO_IP, IP_FREEBIND, &on, sizeof on) != 0 ||
	    bind(fd, (struct sockaddr *)&at, len) != 0)
		wire_die("a socket that answers");
	return fd;
}

/* Where each flow leads; the same socket for flows to the same port. */
static int *open_sockets(void)
{
	int *sockets = calloc(flow_count, sizeof *sockets);

	if (!sockets)
		wire_die("sockets");
	for (size_t i = 0; i < flow_count; i++) {
		sockets[i] = -1;
		for (size_t k = 0; k < i; k++)
			if (flows[k].to == flows[i].to)
				sockets[i] = sockets[k];
		if (sockets[i] < 0)
			sockets[i] = bound(&flows[i], flows[i].to);
	}
	return sockets;
}

static void answer(const int *sockets)
{
	for (size_t i = 0; i < flow_count; i++) {
		struct sockaddr_storage from;
		socklen_t len = sizeof from;
		char took[64];

		if (recvfrom(sockets[i], took, sizeof took, MSG_DONTWAIT,
			     (struct sockaddr *)&from, &len) < 0 ||
		    sendto(sockets[i], took, 1, 0, (struct sockaddr *)&from,
			   len) != 1)
			wire_die("a flow that has to be allowed");
	}
}

int main(int argc, char **argv)
{
	int *sockets = NULL;

	if (argc != 3 && argc != 4) {
		fputs("usage: packets FAR FLOWS [answer]\n", stderr);
		return 2;
	}
	read_flows(argv[2]);
	(void)wire_stay_on_this_cpu();
	if (argc == 4)
		sockets = open_sockets();
	wire_open_end(&ends.here, "far");
	wire_go_to(argv[1]);
	for (int six = 0; six < 2; six++)
		ends.sender[six] = wire_sender(six);
	wire_open_end(&ends.there, "here");
	if (sockets) {
		(void)one_round(flow_count);
		answer(sockets);
	}
	measure();
	free(sockets);
	return 0;
}
