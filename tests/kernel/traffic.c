/*
 * Packets of flows that have to pass and of flows that must not, one burst
 * after the other, from another network namespace into this one, until stdin
 * ends; then how many of either went the wrong way.
 *
 *	traffic PID THERE HERE FLOWS
 *
 * PID is a process in the namespace of the sender, THERE and HERE are the ends
 * of the veth pair between the two, and FLOWS is a file of lines like
 *
 *	yes tcp 10.2.0.1 10.1.0.5 443
 *
 * No clock decides what is lost.  A frame that is no IP packet, and that no
 * ruleset looks at, follows each burst through the same queue of the same CPU:
 * when it is here, so is all of the burst that will ever come.  Packets are
 * taken from raw sockets, which get them behind the input hook.
 */
#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	BURST = 32,
	PATIENCE = 20000,	/* ms, for a frame that always comes */
	MARK_TYPE = 0x88b5,	/* IEEE 802.1: for local experiments */
	FIRST_PORT = 20000, PORTS = 20000,
};

struct flow {
	bool allowed;
	uint8_t protocol;
	uint32_t source, destination;	/* network order */
	uint16_t port;			/* host order */
};

struct tally {
	uint64_t allowed, lost, refused, passed;
};

static struct flow *flows;
static size_t flow_count;

static void die(const char *what)
{
	fprintf(stderr, "traffic: %s: %s\n", what, strerror(errno));
	exit(2);
}

/* --- flows --- */

static void read_flows(const char *path)
{
	char allowed[8], protocol[8], source[64], destination[64];
	FILE *file = fopen(path, "r");
	unsigned port;

	if (!file)
		die(path);
	while (fscanf(file, "%7s %7s %63s %63s %u", allowed, protocol, source,
		      destination, &port) == 5) {
		struct flow f = { .allowed = strcmp(allowed, "yes") == 0,
				  .protocol = strcmp(protocol, "tcp") == 0
					      ? IPPROTO_TCP : IPPROTO_UDP,
				  .port = (uint16_t)port };

		if (inet_pton(AF_INET, source, &f.source) != 1 ||
		    inet_pton(AF_INET, destination, &f.destination) != 1)
			die("an address");
		flows = realloc(flows, (flow_count + 1) * sizeof *flows);
		if (!flows)
			die("flows");
		flows[flow_count++] = f;
	}
	(void)fclose(file);
	if (!flow_count)
		die("no flows");
}

/* --- sockets --- */

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
		.sll_ifindex = (int)if_nametoindex(interface), .sll_halen = 6,
	};
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

/* One queue, so that what is sent first is here first. */
static void stay_on_this_cpu(void)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)sched_getcpu(), &set);
	if (sched_setaffinity(0, sizeof set, &set) != 0)
		die("sched_setaffinity");
}

/* --- packets --- */

static uint32_t sum_of(const void *bytes, size_t len, uint32_t sum)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? at[i] : (uint32_t)at[i] << 8;
	return sum;
}

static uint16_t folded(uint32_t sum)
{
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return htons((uint16_t)~sum);
}

struct packet {
	struct iphdr ip;
	union {
		struct tcphdr tcp;
		struct { struct udphdr udp; uint32_t number; } datagram;
	};
} __attribute__((packed));

/* The sequence number is NUMBER; 0 is the length of what cannot be. */
static size_t packet_of(const struct flow *f, uint32_t number,
			struct packet *p)
{
	size_t rest = f->protocol == IPPROTO_TCP ? sizeof p->tcp
						 : sizeof p->datagram;
	uint16_t port = htons((uint16_t)(FIRST_PORT + number % PORTS));

	memset(p, 0, sizeof *p);
	p->ip = (struct iphdr){ .version = 4, .ihl = 5, .ttl = 64,
		.tot_len = htons((uint16_t)(sizeof p->ip + rest)),
		.protocol = f->protocol, .saddr = f->source,
		.daddr = f->destination };
	if (f->protocol == IPPROTO_TCP) {
		p->tcp = (struct tcphdr){ .source = port, .dest = htons(f->port),
			.seq = htonl(number), .doff = 5, .syn = 1,
			.window = htons(1024) };
		p->tcp.check = folded(sum_of(&p->tcp, rest, sum_of(&p->ip.saddr,
			8, (uint32_t)(f->protocol + rest))));
	} else {	/* no sum: allowed in IPv4 */
		p->datagram.udp = (struct udphdr){ .source = port,
			.dest = htons(f->port), .len = htons((uint16_t)rest) };
		p->datagram.number = htonl(number);
	}
	return sizeof p->ip + rest;
}

/* The number of what came, as raw sockets have it: with its IP header. */
static bool number_in(const struct packet *p, ssize_t len, uint32_t *out)
{
	if (len < (ssize_t)sizeof p->ip || p->ip.ihl != 5)
		return false;
	if (p->ip.protocol == IPPROTO_TCP)
		*out = ntohl(p->tcp.seq);
	else
		*out = ntohl(p->datagram.number);
	return len >= (ssize_t)(sizeof p->ip +
		       (p->ip.protocol == IPPROTO_TCP ? sizeof p->tcp
						      : sizeof p->datagram));
}

/* --- a burst --- */

struct ends {
	int sender, mark_sender;
	int tcp, udp, mark;
	struct sockaddr_ll there;
};

/* From anywhere in the list, and all of it in the long run. */
static const struct flow *flow_at(uint32_t number)
{
	return &flows[(uint64_t)number * 7919 % flow_count];
}

static void send_burst(const struct ends *e, uint32_t first)
{
	for (uint32_t i = 0; i < BURST; i++) {
		const struct flow *f = flow_at(first + i);
		struct sockaddr_in to = { .sin_family = AF_INET,
					  .sin_addr.s_addr = f->destination };
		struct packet p;
		size_t len = packet_of(f, first + i, &p);

		if (sendto(e->sender, &p, len, 0, (struct sockaddr *)&to,
			   sizeof to) != (ssize_t)len)
			die("a packet");
	}
	if (sendto(e->mark_sender, &first, sizeof first, 0,
		   (const struct sockaddr *)&e->there, sizeof e->there) < 0)
		die("the mark behind a burst");
}

/* False: stdin has ended. */
static bool wait_for_mark(const struct ends *e, uint32_t first)
{
	struct pollfd on[] = { { .fd = e->mark, .events = POLLIN },
			       { .fd = STDIN_FILENO, .events = POLLIN } };
	uint32_t number = ~first;

	while (number != first) {
		if (poll(on, 1, PATIENCE) <= 0)
			die("a mark did not come");
		if (recv(e->mark, &number, sizeof number, 0) < 0)
			die("a mark");
	}
	return poll(on + 1, 1, 0) == 0;
}

static void take_all(int fd, uint32_t first, bool here[BURST])
{
	struct packet p;
	ssize_t len;
	uint32_t number;

	while ((len = recv(fd, &p, sizeof p, MSG_DONTWAIT)) >= 0) {
		if (!number_in(&p, len, &number) || number - first >= BURST) {
			errno = EBADMSG;
			die("a packet that nobody sent now");
		}
		here[number - first] = true;
	}
}

static bool try_burst(const struct ends *e, uint32_t first, struct tally *t)
{
	bool here[BURST] = { false }, more;

	send_burst(e, first);
	more = wait_for_mark(e, first);
	take_all(e->tcp, first, here);
	take_all(e->udp, first, here);
	for (uint32_t i = 0; i < BURST; i++) {
		bool allowed = flow_at(first + i)->allowed;

		t->allowed += allowed;
		t->lost += allowed && !here[i];
		t->refused += !allowed;
		t->passed += !allowed && here[i];
	}
	return more;
}

int main(int argc, char **argv)
{
	struct sockaddr_ll here;
	struct tally t = { 0 };
	uint32_t number = 1;
	struct ends e;

	if (argc != 5) {
		fputs("usage: traffic PID THERE HERE FLOWS\n", stderr);
		return 2;
	}
	read_flows(argv[4]);
	stay_on_this_cpu();
	e.tcp = opened(AF_INET, SOCK_RAW, IPPROTO_TCP);
	e.udp = opened(AF_INET, SOCK_RAW, IPPROTO_UDP);
	e.mark = marks_on(argv[3], &here);
	go_to(argv[1]);
	e.sender = opened(AF_INET, SOCK_RAW, IPPROTO_RAW);
	e.mark_sender = marks_on(argv[2], &e.there);
	while (try_burst(&e, number, &t)) {
		if (number == 1 && (puts("going") < 0 || fflush(stdout) != 0))
			die("stdout");
		number += BURST;
	}
	printf("%llu %llu %llu %llu\n", (unsigned long long)t.allowed,
	       (unsigned long long)t.lost, (unsigned long long)t.refused,
	       (unsigned long long)t.passed);
	return 0;
}
