/*
 * What a packet costs on its way from another network namespace to an address
 * of this one: nanoseconds, the least and the median of some rounds.
 *
 *	packets PID THERE HERE FLOWS [answer]
 *
 * PID is a process in the namespace of the sender, THERE and HERE are the ends
 * of the veth pair between the two, and FLOWS is a file of lines like
 *
 *	10.2.0.1 20001 10.1.0.5 443
 *
 * UDP, source and destination, sent in turn.  `answer`: sockets of this
 * namespace answer the first packet of each flow, so that all others belong to
 * a connection.
 *
 * All happens on one CPU: a packet is through before send() comes back.  A
 * frame that no ruleset looks at closes each round.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

enum {
	FLOWS_MOST = 4096, ROUNDS = 25, PACKETS = 4096, BATCH = 64,
	PATIENCE = 20000,	/* ms */
	MARK_TYPE = 0x88b5,	/* IEEE 802.1: for local experiments */
};

struct packet {
	struct iphdr ip;
	struct udphdr udp;
	char rest[16];
} __attribute__((packed));

static struct packet packets[FLOWS_MOST];
static size_t flow_count;

static void die(const char *what)
{
	fprintf(stderr, "packets: %s: %s\n", what, strerror(errno));
	exit(2);
}

static void read_flows(const char *path)
{
	char source[64], destination[64];
	unsigned from, to;
	FILE *file = fopen(path, "r");

	if (!file)
		die(path);
	while (flow_count < FLOWS_MOST &&
	       fscanf(file, "%63s %u %63s %u", source, &from, destination,
		      &to) == 4) {
		struct packet *p = &packets[flow_count++];

		p->ip = (struct iphdr){ .version = 4, .ihl = 5, .ttl = 64,
			.tot_len = htons(sizeof *p), .protocol = IPPROTO_UDP };
		p->udp = (struct udphdr){ .source = htons((uint16_t)from),
			.dest = htons((uint16_t)to),
			.len = htons(sizeof *p - sizeof p->ip) };
		if (inet_pton(AF_INET, source, &p->ip.saddr) != 1 ||
		    inet_pton(AF_INET, destination, &p->ip.daddr) != 1)
			die("an address");
	}
	(void)fclose(file);
	if (!flow_count)
		die("no flows");
}

static int opened(int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		die("socket");
	return fd;
}

static int marks_on(const char *interface, struct sockaddr_ll *at)
{
	int fd = opened(AF_PACKET, SOCK_DGRAM, htons(MARK_TYPE));

	*at = (struct sockaddr_ll){
		.sll_family = AF_PACKET, .sll_protocol = htons(MARK_TYPE),
		.sll_ifindex = (int)if_nametoindex(interface), .sll_halen = 6 };
	memset(at->sll_addr, 0xff, 6);
	if (!at->sll_ifindex || bind(fd, (struct sockaddr *)at, sizeof *at) != 0)
		die(interface);
	return fd;
}

static void go_to(const char *pid)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof path, "/proc/%s/ns/net", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) != 0)
		die(path);
	(void)close(fd);
}

static void stay_on_this_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)sched_getcpu(), &set);
	if (sched_setaffinity(0, sizeof set, &set) != 0)
		die("sched_setaffinity");
}

/* --- sending --- */

static struct {
	int sender, mark_sender, mark;
	struct sockaddr_ll there;
} ends;

/* COUNT packets, flow by flow. */
static void send_packets(size_t count)
{
	struct sockaddr_in to[BATCH] = { 0 };
	struct mmsghdr messages[BATCH] = { 0 };
	struct iovec parts[BATCH];
	size_t next = 0;

	while (count) {
		unsigned n = count < BATCH ? (unsigned)count : BATCH;

		for (unsigned i = 0; i < n; i++) {
			struct packet *p = &packets[next++ % flow_count];

			to[i].sin_family = AF_INET;
			to[i].sin_addr.s_addr = p->ip.daddr;
			parts[i] = (struct iovec){ p, sizeof *p };
			messages[i].msg_hdr = (struct msghdr){
				.msg_name = &to[i], .msg_namelen = sizeof to[i],
				.msg_iov = &parts[i], .msg_iovlen = 1 };
		}
		if (sendmmsg(ends.sender, messages, n, 0) != (int)n)
			die("packets");
		count -= n;
	}
}

static void send_mark_and_wait(uint32_t number)
{
	struct pollfd on = { .fd = ends.mark, .events = POLLIN };
	uint32_t came = ~number;

	if (sendto(ends.mark_sender, &number, sizeof number, 0,
		   (const struct sockaddr *)&ends.there,
		   sizeof ends.there) < 0)
		die("a mark");
	while (came != number)
		if (poll(&on, 1, PATIENCE) <= 0 ||
		    recv(ends.mark, &came, sizeof came, 0) < 0)
			die("a mark did not come");
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static int ascending(const void *x, const void *y)
{
	const double *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

/* --- answers --- */

/* Bound where each flow leads; the same socket for flows to the same port. */
static int *open_sockets(void)
{
	int *sockets = calloc(flow_count, sizeof *sockets);

	for (size_t i = 0; sockets && i < flow_count; i++) {
		const struct packet *p = &packets[i];
		struct sockaddr_in at = { .sin_family = AF_INET,
			.sin_port = p->udp.dest, .sin_addr.s_addr = p->ip.daddr };

		sockets[i] = -1;
		for (size_t k = 0; k < i; k++)
			if (packets[k].udp.dest == p->udp.dest)
				sockets[i] = sockets[k];
		if (sockets[i] >= 0)
			continue;
		sockets[i] = opened(AF_INET, SOCK_DGRAM, 0);
		if (bind(sockets[i], (struct sockaddr *)&at, sizeof at) != 0)
			die("a socket that answers");
	}
	return sockets;
}

static void answer(const int *sockets)
{
	for (size_t i = 0; i < flow_count; i++) {
		const struct packet *p = &packets[i];
		struct sockaddr_in to = { .sin_family = AF_INET,
			.sin_port = p->udp.source,
			.sin_addr.s_addr = p->ip.saddr };
		char took[64];

		if (recv(sockets[i], took, sizeof took, MSG_DONTWAIT) < 0 ||
		    sendto(sockets[i], took, 1, 0, (struct sockaddr *)&to,
			   sizeof to) != 1)
			die("a flow that has to be allowed");
	}
}

int main(int argc, char **argv)
{
	double rounds[ROUNDS];
	struct sockaddr_ll here;
	int *sockets = NULL;

	if (argc != 5 && argc != 6) {
		fputs("usage: packets PID THERE HERE FLOWS [answer]\n", stderr);
		return 2;
	}
	read_flows(argv[4]);
	stay_on_this_cpu();
	if (argc == 6 && !(sockets = open_sockets()))
		die("sockets");
	ends.mark = marks_on(argv[3], &here);
	go_to(argv[1]);
	ends.sender = opened(AF_INET, SOCK_RAW, IPPROTO_RAW);
	ends.mark_sender = marks_on(argv[2], &ends.there);
	if (sockets) {
		send_packets(flow_count);
		send_mark_and_wait(1);
		answer(sockets);
	}
	for (uint32_t r = 0; r < ROUNDS; r++) {
		double began = now();

		send_packets(PACKETS);
		send_mark_and_wait(2 + r);
		rounds[r] = (now() - began) / PACKETS;
	}
	qsort(rounds, ROUNDS, sizeof *rounds, ascending);
	printf("%.0f %.0f\n", rounds[0], rounds[ROUNDS / 2]);
	free(sockets);
	return 0;
}
