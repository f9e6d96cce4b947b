/*
 * Packets of flows that have to pass and of flows that must not, one burst
 * after the other, between the namespaces `far`, `here` and `near`, until stdin
 * ends and COUNT packets are through; then how many went the wrong way.
 *
 *	traffic FAR NEAR FLOWS COUNT
 *
 * FAR and NEAR are processes in these namespaces; `here` is this one, which has
 * the links `far` and `near`, each to a link `here`.  FLOWS has lines like
 *
 *	yes far here tcp 10.2.0.1 10.1.0.5 443
 *	no far near icmp 2001:db8::1 2001:db8:1::5 128/0
 *
 * From far to here packets meet the input hook, from here to far the output
 * hook, and between far and near the forward hook.
 *
 * Said at the end of each of these ways and families:
 *
 *	far here 4: 1000 allowed, 0 lost; 3000 refused, 0 passed
 *
 * and how many packets are in none of these: `unsent` ones, which the kernel
 * has said that it never took (ENOBUFS: a queue or the socket was full), and
 * `unsure` ones, those of a burst with a loss during which a queue of this CPU
 * (/proc/net/softnet_stat) or a receiving socket (SO_MEMINFO) was full.
 */
#define _GNU_SOURCE
#include "tests/kernel/wire.h"

#include <errno.h>
#include <linux/sock_diag.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { BURST = 64, FIRST_PORT = 20000, PORTS = 20000 };

enum node { FAR, HERE, NEAR, NODES };

static const char *const node_names[NODES] = { "far", "here", "near" };

/* By this a packet from `far` is forwarded that `here` would take itself. */
enum { FORWARDED = 0x10 };

struct flow {
	struct wire_flow wire;
	enum node from, to;
	bool allowed;
};

struct tally {
	uint64_t allowed, lost, refused, passed;
};

static struct flow *flows;
static size_t flow_count;
static struct tally tallies[NODES][NODES][2];
static uint64_t unsent, unsure;

static struct {
	int sender[2];
	int takers[2][WIRE_KINDS];
} nodes[NODES];

/* Both ends of the links that `here` has with the other nodes. */
static struct wire_end at_here[NODES], at_peer[NODES];
static unsigned cpu;

/* --- flows --- */

static enum node node_of(const char *name)
{
	for (int node = 0; node < NODES; node++)
		if (strcmp(name, node_names[node]) == 0)
			return node;
	errno = EINVAL;
	wire_die(name);
}

static void read_flows(const char *path)
{
	char allowed[8], from[8], to[8], protocol[8], source[64], last[64], port[16];
	FILE *file = fopen(path, "r");

	if (!file)
		wire_die(path);
	while (fscanf(file, "%7s %7s %7s %7s %63s %63s %15s", allowed, from, to,
		      protocol, source, last, port) == 7) {
		struct flow *f;

		flows = realloc(flows, (flow_count + 1) * sizeof *flows);
		if (!flows)
			wire_die("flows");
		f = &flows[flow_count++];
		*f = (struct flow){ .allowed = strcmp(allowed, "yes") == 0,
				    .from = node_of(from), .to = node_of(to) };
		wire_read_flow(&f->wire, protocol, source, last, port);
		f->wire.tos = f->from != HERE && f->to != HERE ? FORWARDED : 0;
	}
	(void)fclose(file);
	if (!flow_count)
		wire_die("no flows");
}

/* All of the list, before any of it comes again. */
static const struct flow *flow_at(uint32_t number)
{
	return &flows[number % flow_count];
}

/* --- what the kernel has no room for --- */

static uint64_t overruns_of_queue(void)
{
	unsigned dropped = 0, index;
	FILE *file = fopen("/proc/net/softnet_stat", "r");
	char line[512];

	if (!file)
		wire_die("/proc/net/softnet_stat");
	while (fgets(line, sizeof line, file))
		if (sscanf(line, "%*x %x %*x %*x %*x %*x %*x %*x %*x %*x %*x "
			   "%*x %x", &dropped, &index) == 2 && index == cpu)
			break;
	(void)fclose(file);
	return dropped;
}

static uint64_t overruns_of_sockets(void)
{
	uint64_t sum = 0;

	for (int n = 0; n < NODES; n++)
		for (int six = 0; six < 2; six++)
			for (int kind = 0; kind < WIRE_KINDS; kind++) {
				uint32_t info[SK_MEMINFO_VARS] = { 0 };
				socklen_t len = sizeof info;

				if (getsockopt(nodes[n].takers[six][kind],
					       SOL_SOCKET, SO_MEMINFO, info,
					       &len) != 0)
					wire_die("SO_MEMINFO");
				sum += info[SK_MEMINFO_DROPS];
			}
	return sum;
}

/* Has anything been full since this was asked the last time? */
static bool was_full(void)
{
	static uint64_t queue, sockets;
	uint64_t q = overruns_of_queue(), s = overruns_of_sockets();
	bool full = q != queue || s != sockets;

	queue = q;
	sockets = s;
	return full;
}

/* --- a burst --- */

enum fate { ON_ITS_WAY, STOPPED, UNSENT, HERE_IT_IS };

/* What is stopped on the output hook is told at once. */
static enum fate sent(const struct flow *f, uint32_t number)
{
	uint8_t packet[WIRE_PACKET_MOST];
	struct sockaddr_storage to;
	socklen_t to_len = wire_address(&f->wire, &to);
	size_t len = wire_packet(&f->wire, number, packet);

	if (sendto(nodes[f->from].sender[f->wire.six], packet, len, 0,
		   (struct sockaddr *)&to, to_len) == (ssize_t)len)
		return ON_ITS_WAY;
	if (errno == EPERM && f->from == HERE)
		return STOPPED;
	if (errno != ENOBUFS && errno != EAGAIN)
		wire_die("a packet");
	return UNSENT;
}

/* Behind everything: two hops take two marks. */
static void wait_for_all(uint32_t number)
{
	for (int peer = FAR; peer < NODES; peer++)
		if (peer != HERE)
			wire_send_mark(&at_peer[peer], number);
	for (int peer = FAR; peer < NODES; peer++)
		if (peer != HERE)
			wire_wait_for_mark(&at_here[peer], number);
	for (int peer = FAR; peer < NODES; peer++)
		if (peer != HERE)
			wire_send_mark(&at_here[peer], number);
	for (int peer = FAR; peer < NODES; peer++)
		if (peer != HERE)
			wire_wait_for_mark(&at_peer[peer], number);
}

/* Answers to what we send have its number, too, but come to where it is from. */
static void take_all(enum node node, int six, enum wire_kind kind,
		     uint32_t first, enum fate fates[BURST])
{
	uint8_t packet[1024];
	uint32_t number;
	ssize_t len;

	while ((len = recv(nodes[node].takers[six][kind], packet, sizeof packet,
			   MSG_DONTWAIT)) >= 0) {
		if (!wire_number(six, kind, packet, (size_t)len, &number) ||
		    flow_at(number)->to != node)
			continue;
		if (number - first >= BURST) {
			errno = EBADMSG;
			wire_die("a packet that nobody sent now");
		}
		fates[number - first] = HERE_IT_IS;
	}
}

static bool is_wrong(const struct flow *f, enum fate fate)
{
	return fate != UNSENT && f->allowed != (fate == HERE_IT_IS);
}

static void count(const struct flow *f, enum fate fate)
{
	struct tally *t = &tallies[f->from][f->to][f->wire.six];
	bool wrong = is_wrong(f, fate);

	if (fate == UNSENT) {
		unsent++;
		return;
	}
	t->allowed += f->allowed;
	t->lost += f->allowed && wrong;
	t->refused += !f->allowed;
	t->passed += !f->allowed && wrong;
}

static void try_burst(uint32_t first)
{
	enum fate fates[BURST];
	bool lost = false;

	(void)was_full();
	for (uint32_t i = 0; i < BURST; i++) {
		struct flow f = *flow_at(first + i);

		f.wire.from = (uint16_t)(FIRST_PORT + (first + i) % PORTS);
		fates[i] = sent(&f, first + i);
	}
	wait_for_all(first);
	for (enum node node = FAR; node < NODES; node++)
		for (int six = 0; six < 2; six++)
			for (int kind = 0; kind < WIRE_KINDS; kind++)
				take_all(node, six, kind, first, fates);
	for (uint32_t i = 0; i < BURST; i++)
		lost |= flow_at(first + i)->allowed &&
			is_wrong(flow_at(first + i), fates[i]);
	if (lost && was_full()) {
		unsure += BURST;
		return;
	}
	for (uint32_t i = 0; i < BURST; i++)
		count(flow_at(first + i), fates[i]);
}

/* --- the whole --- */

static void open_node(enum node node)
{
	for (int six = 0; six < 2; six++) {
		nodes[node].sender[six] = wire_sender(six);
		for (int kind = 0; kind < WIRE_KINDS; kind++)
			nodes[node].takers[six][kind] = wire_taker(six, kind);
	}
	if (node != HERE)
		wire_open_end(&at_peer[node], "here");
}

static void report(void)
{
	for (int from = 0; from < NODES; from++)
		for (int to = 0; to < NODES; to++)
			for (int six = 0; six < 2; six++) {
				const struct tally *t = &tallies[from][to][six];

				if (t->allowed + t->refused == 0)
					continue;
				printf("%s %s %d: %ju allowed, %ju lost; %ju "
				       "refused, %ju passed\n", node_names[from],
				       node_names[to], six ? 6 : 4,
				       (uintmax_t)t->allowed, (uintmax_t)t->lost,
				       (uintmax_t)t->refused,
				       (uintmax_t)t->passed);
			}
	printf("unsent %ju, unsure %ju\n", (uintmax_t)unsent, (uintmax_t)unsure);
}

static bool stdin_is_open(void)
{
	struct pollfd on = { .fd = STDIN_FILENO, .events = POLLIN };

	return poll(&on, 1, 0) == 0;
}

int main(int argc, char **argv)
{
	uint32_t number = 0;
	unsigned long least;

	if (argc != 5) {
		fputs("usage: traffic FAR NEAR FLOWS COUNT\n", stderr);
		return 2;
	}
	read_flows(argv[3]);
	least = strtoul(argv[4], NULL, 10);
	cpu = wire_stay_on_this_cpu();
	open_node(HERE);
	wire_open_end(&at_here[FAR], "far");
	wire_open_end(&at_here[NEAR], "near");
	wire_go_to(argv[1]);
	open_node(FAR);
	wire_go_to(argv[2]);
	open_node(NEAR);
	do {
		try_burst(number);
		if (number == 0 && (puts("going") < 0 || fflush(stdout) != 0))
			wire_die("stdout");
		number += BURST;
	} while (number < least || stdin_is_open());
	report();
	return 0;
}
