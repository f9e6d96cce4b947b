#define _GNU_SOURCE
#include "tests/kernel/wire.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/ip.h>
#include <netinet/ip6.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <poll.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	PATIENCE = 20000,	/* ms, for a frame that always comes */
	MARK_TYPE = 0x88b5,	/* IEEE 802.1: for local experiments */
	HOPS = 64,
	OURS = 0x66697265,	/* behind the number, in what we send */
};

void wire_die(const char *what)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what,
		strerror(errno));
	exit(2);
}

/* --- flows --- */

static enum wire_kind kind_of(const char *name)
{
	static const char *const names[WIRE_KINDS] = {
		[WIRE_TCP] = "tcp", [WIRE_UDP] = "udp", [WIRE_ICMP] = "icmp",
		[WIRE_OTHER] = "plain",
	};

	for (int kind = 0; kind < WIRE_KINDS; kind++)
		if (strcmp(name, names[kind]) == 0)
			return kind;
	errno = EINVAL;
	wire_die(name);
}

void wire_read_flow(struct wire_flow *flow, const char *protocol,
		    const char *source, const char *destination, const char *to)
{
	int family = strchr(source, ':') ? AF_INET6 : AF_INET;
	unsigned value, code;

	*flow = (struct wire_flow){ .six = family == AF_INET6,
				    .kind = kind_of(protocol) };
	if (inet_pton(family, source, flow->source) != 1 ||
	    inet_pton(family, destination, flow->destination) != 1)
		wire_die("an address");
	if (sscanf(to, "%u/%u", &value, &code) == 2)
		value = value << 8 | code;
	else if (sscanf(to, "%u", &value) != 1)
		wire_die(to);
	flow->to = (uint16_t)value;
}

/* --- sockets --- */

int wire_socket(int family, int type, int protocol)
{
	int fd = socket(family, type | SOCK_CLOEXEC, protocol);

	if (fd < 0)
		wire_die("socket");
	return fd;
}

void wire_go_to(const char *pid)
{
	char path[64];
	int fd;

	(void)snprintf(path, sizeof path, "/proc/%s/ns/net", pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || setns(fd, CLONE_NEWNET) != 0)
		wire_die(path);
	(void)close(fd);
}

unsigned wire_stay_on_this_cpu(void)
{
	int cpu = sched_getcpu();
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET((size_t)cpu, &set);
	if (cpu < 0 || sched_setaffinity(0, sizeof set, &set) != 0)
		wire_die("sched_setaffinity");
	return (unsigned)cpu;
}

/* Without RECVERR the kernel keeps to itself that a device took no more. */
int wire_sender(bool six)
{
	int fd = wire_socket(six ? AF_INET6 : AF_INET, SOCK_RAW, IPPROTO_RAW);
	int on = 1;

	if (six ? setsockopt(fd, IPPROTO_IPV6, IPV6_RECVERR, &on, sizeof on)
		: setsockopt(fd, IPPROTO_IP, IP_RECVERR, &on, sizeof on))
		wire_die("RECVERR");
	return fd;
}

static uint8_t protocol_of(bool six, enum wire_kind kind)
{
	switch (kind) {
	case WIRE_TCP:	return IPPROTO_TCP;
	case WIRE_UDP:	return IPPROTO_UDP;
	case WIRE_ICMP: return six ? IPPROTO_ICMPV6 : IPPROTO_ICMP;
	case WIRE_OTHER:
	case WIRE_KINDS:
		break;
	}
	return WIRE_PLAIN;
}

int wire_taker(bool six, enum wire_kind kind)
{
	return wire_socket(six ? AF_INET6 : AF_INET, SOCK_RAW,
			   protocol_of(six, kind));
}

socklen_t wire_address(const struct wire_flow *flow,
		       struct sockaddr_storage *out)
{
	struct sockaddr_in *four = (struct sockaddr_in *)out;
	struct sockaddr_in6 *six = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof *out);
	if (!flow->six) {
		four->sin_family = AF_INET;
		memcpy(&four->sin_addr, flow->destination, 4);
		return sizeof *four;
	}
	six->sin6_family = AF_INET6;
	memcpy(&six->sin6_addr, flow->destination, 16);
	return sizeof *six;
}

/* --- packets --- */

/* Of every kind, the bytes in front of number and OURS. */
static const size_t head_of[WIRE_KINDS] = {
	[WIRE_TCP] = sizeof(struct tcphdr), [WIRE_UDP] = sizeof(struct udphdr),
	[WIRE_ICMP] = 8, [WIRE_OTHER] = 0,
};

static uint32_t sum_of(const void *bytes, size_t len, uint32_t sum)
{
	const uint8_t *at = bytes;

	for (size_t i = 0; i < len; i++)
		sum += i % 2 ? at[i] : (uint32_t)at[i] << 8;
	return sum;
}

static void put16(uint8_t *at, uint32_t value)
{
	at[0] = (uint8_t)(value >> 8);
	at[1] = (uint8_t)value;
}

static void put32(uint8_t *at, uint32_t value)
{
	put16(at, value >> 16);
	put16(at + 2, value & 0xffff);
}

/* RFC 1071, with the addresses in it unless it is ICMP of IPv4. */
static uint32_t checksum(const struct wire_flow *flow, const uint8_t *segment,
			 size_t len)
{
	uint32_t sum = sum_of(segment, len, 0);
	size_t width = flow->six ? 16 : 4;

	if (flow->six || flow->kind != WIRE_ICMP) {
		sum = sum_of(flow->source, width, sum);
		sum = sum_of(flow->destination, width, sum);
		sum += protocol_of(flow->six, flow->kind) + (uint32_t)len;
	}
	while (sum >> 16)
		sum = (sum & 0xffff) + (sum >> 16);
	return ~sum & 0xffff;
}

/* What stands behind the IP header. */
static size_t segment_of(const struct wire_flow *flow, uint32_t number,
			 uint8_t *at)
{
	size_t head = head_of[flow->kind], len = head + 8;

	memset(at, 0, len);
	put32(at + head, number);
	put32(at + head + 4, OURS);
	switch (flow->kind) {
	case WIRE_TCP:
		put16(at, flow->from);
		put16(at + 2, flow->to);
		put32(at + 4, number);
		at[12] = (uint8_t)(head / 4 << 4);
		at[13] = TH_SYN;
		put16(at + 14, 1024);
		put16(at + 16, checksum(flow, at, len));
		break;
	case WIRE_UDP:
		put16(at, flow->from);
		put16(at + 2, flow->to);
		put16(at + 4, (uint32_t)len);
		put16(at + 6, checksum(flow, at, len));
		if (!at[6] && !at[7])
			put16(at + 6, 0xffff);	/* 0 says that there is none */
		break;
	case WIRE_ICMP:
		put16(at, flow->to);
		put32(at + 4, number);
		put16(at + 2, checksum(flow, at, len));
		break;
	case WIRE_OTHER:
	case WIRE_KINDS:
		break;
	}
	return len;
}

size_t wire_packet(const struct wire_flow *flow, uint32_t number,
		   uint8_t out[WIRE_PACKET_MOST])
{
	struct ip6_hdr *six = (struct ip6_hdr *)out;
	struct iphdr *four = (struct iphdr *)out;
	size_t head = flow->six ? sizeof *six : sizeof *four;
	size_t len = segment_of(flow, number, out + head);
	uint8_t protocol = protocol_of(flow->six, flow->kind);

	memset(out, 0, head);
	if (flow->six) {
		put32(out, 6u << 28 | (uint32_t)flow->tos << 20);
		six->ip6_plen = htons((uint16_t)len);
		six->ip6_nxt = protocol;
		six->ip6_hlim = HOPS;
		memcpy(&six->ip6_src, flow->source, 16);
		memcpy(&six->ip6_dst, flow->destination, 16);
	} else {	/* the kernel fills in the sum */
		*four = (struct iphdr){ .version = 4, .ihl = 5, .ttl = HOPS,
			.tos = flow->tos, .protocol = protocol,
			.tot_len = htons((uint16_t)(head + len)) };
		memcpy(&four->saddr, flow->source, 4);
		memcpy(&four->daddr, flow->destination, 4);
	}
	return head + len;
}

/* Raw sockets of IPv4 have the IP header in front, those of IPv6 do not. */
bool wire_number(bool six, enum wire_kind kind, const uint8_t *data, size_t len,
		 uint32_t *out)
{
	size_t at = (six ? 0 : sizeof(struct iphdr)) + head_of[kind];
	uint32_t ours;

	if (len < at + 8 || (!six && (data[0] & 15) != 5))
		return false;
	memcpy(out, data + at, 4);
	memcpy(&ours, data + at + 4, 4);
	*out = ntohl(*out);
	return ntohl(ours) == OURS;
}

/* --- marks --- */

void wire_open_end(struct wire_end *end, const char *interface)
{
	end->fd = wire_socket(AF_PACKET, SOCK_DGRAM, htons(MARK_TYPE));
	end->at = (struct sockaddr_ll){
		.sll_family = AF_PACKET, .sll_protocol = htons(MARK_TYPE),
		.sll_ifindex = (int)if_nametoindex(interface), .sll_halen = 6,
	};
	memset(end->at.sll_addr, 0xff, 6);
	if (!end->at.sll_ifindex ||
	    bind(end->fd, (struct sockaddr *)&end->at, sizeof end->at) != 0)
		wire_die(interface);
}

void wire_send_mark(const struct wire_end *end, uint32_t number)
{
	if (sendto(end->fd, &number, sizeof number, 0,
		   (const struct sockaddr *)&end->at, sizeof end->at) < 0)
		wire_die("a mark");
}

void wire_wait_for_mark(const struct wire_end *end, uint32_t number)
{
	struct pollfd on = { .fd = end->fd, .events = POLLIN };
	uint32_t came = ~number;

	while (came != number)
		if (poll(&on, 1, PATIENCE) <= 0 ||
		    recv(end->fd, &came, sizeof came, 0) < 0)
			wire_die("a mark did not come");
}
