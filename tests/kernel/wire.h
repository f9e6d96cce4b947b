/*
 * Packets of flows, from one network namespace to another, on one CPU.
 *
 * A frame that is no IP packet, and that no ruleset looks at, follows packets
 * through the same queue of the same CPU: when this mark is there, so is all
 * that will ever come of what was sent before it.  No clock decides.
 */
#ifndef FIREBREAK_TESTS_KERNEL_WIRE_H
#define FIREBREAK_TESTS_KERNEL_WIRE_H

#include <linux/if_packet.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdnoreturn.h>
#include <sys/socket.h>

enum {
	WIRE_PACKET_MOST = 128,
	WIRE_PLAIN = 253,	/* RFC 3692: a protocol for experiments */
};

/* The kinds of socket that take packets: of each family, one a protocol. */
enum wire_kind { WIRE_TCP, WIRE_UDP, WIRE_ICMP, WIRE_OTHER, WIRE_KINDS };

struct wire_flow {
	bool six;
	enum wire_kind kind;
	uint8_t source[16], destination[16];	/* an IPv4 address is the first 4 */
	uint16_t from;		/* source port */
	uint16_t to;		/* port; 256 * type + code of ICMP; else 0 */
	uint8_t tos;
};

/* Print "NAME: WHAT: errno" and leave. */
noreturn void wire_die(const char *what);

/* Fill FLOW in: PROTOCOL is tcp, udp, icmp or plain, TO "443" or "8/0". */
void wire_read_flow(struct wire_flow *flow, const char *protocol,
		    const char *source, const char *destination,
		    const char *to);

int wire_socket(int family, int type, int protocol);

/* Into the network namespace of the process PID. */
void wire_go_to(const char *pid);

/* One CPU has one queue: what is sent first is there first.  Which CPU? */
unsigned wire_stay_on_this_cpu(void);

/* A socket that sends packets with headers of their own. */
int wire_sender(bool six);

/* A socket that takes all packets of KIND that get behind the input hook. */
int wire_taker(bool six, enum wire_kind kind);

/* Write the packet of FLOW with NUMBER in it; its length. */
size_t wire_packet(const struct wire_flow *flow, uint32_t number,
		   uint8_t out[WIRE_PACKET_MOST]);

/* The address that sendto() wants. */
socklen_t wire_address(const struct wire_flow *flow,
		       struct sockaddr_storage *out);

/* The number in what a taker had; false: it is none of ours. */
bool wire_number(bool six, enum wire_kind kind, const uint8_t *data,
		 size_t len, uint32_t *out);

/* --- marks --- */

/* An end of a link, in the namespace at hand, that marks leave from or come to. */
struct wire_end {
	int fd;
	struct sockaddr_ll at;
};

void wire_open_end(struct wire_end *end, const char *interface);
void wire_send_mark(const struct wire_end *end, uint32_t number);
void wire_wait_for_mark(const struct wire_end *end, uint32_t number);

#endif
