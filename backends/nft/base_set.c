/*
 * The rows follow RFC 4861 (neighbour discovery: hop limit 255), RFC 2710 and
 * 3810 (multicast listeners speak from a link-local address, reports also from
 * `::` before there is one; RFC 4890 4.4.1 says none may be dropped), RFC 2131
 * and 8415 (DHCP clients), and the AWS VPC user guide for what no security
 * group filters: resolver, instance and task metadata, time.
 */
#include "backends/nft/base_set.h"

#define IN4	.hook = NFT_INPUT, .family = IPV4
#define IN6	.hook = NFT_INPUT, .family = IPV6
#define OUT4	.hook = NFT_OUTPUT, .family = IPV4
#define OUT6	.hook = NFT_OUTPUT, .family = IPV6
#define ICMP6(l, h)	.protocol = PROTO_ICMP6, .lo = l, .hi = h
#define TCP(port)	.protocol = PROTO_TCP, .lo = port, .hi = port
#define UDP(port)	.protocol = PROTO_UDP, .lo = port, .hi = port

const struct base_row base_set[] = {
	{ IN6,  ICMP6(133, 136), .on_link = true, .why = "neighbour discovery" },
	{ OUT6, ICMP6(133, 136), .on_link = true, .why = "neighbour discovery" },

	{ IN6,  .src = "fe80::/10", ICMP6(130, 132), .why = "multicast listeners" },
	{ IN6,  .src = "fe80::/10", ICMP6(143, 143), .why = "multicast listeners" },
	{ IN6,  .src = "::",        ICMP6(131, 132), .why = "multicast listeners" },
	{ IN6,  .src = "::",        ICMP6(143, 143), .why = "multicast listeners" },
	{ OUT6, .src = "fe80::/10", ICMP6(130, 132), .why = "multicast listeners" },
	{ OUT6, .src = "fe80::/10", ICMP6(143, 143), .why = "multicast listeners" },
	{ OUT6, .src = "::",        ICMP6(131, 132), .why = "multicast listeners" },
	{ OUT6, .src = "::",        ICMP6(143, 143), .why = "multicast listeners" },

	{ IN4,  UDP(68), .source_port = 67, .why = "DHCP client" },
	{ OUT4, UDP(67), .source_port = 68, .why = "DHCP client" },
	{ IN6,  .src = "fe80::/10",  UDP(546), .why = "DHCPv6 client" },
	{ OUT6, .dst = "ff02::1:2",  UDP(547), .why = "DHCPv6 client" },

	{ OUT4, .dst = "169.254.169.253", UDP(53),  .spared = true, .why = "AWS resolver" },
	{ OUT4, .dst = "169.254.169.253", TCP(53),  .spared = true, .why = "AWS resolver" },
	{ OUT6, .dst = "fd00:ec2::253",   UDP(53),  .spared = true, .why = "AWS resolver" },
	{ OUT6, .dst = "fd00:ec2::253",   TCP(53),  .spared = true, .why = "AWS resolver" },
	{ OUT4, .dst = "169.254.169.254", TCP(80),  .spared = true, .why = "AWS instance metadata" },
	{ OUT6, .dst = "fd00:ec2::254",   TCP(80),  .spared = true, .why = "AWS instance metadata" },
	{ OUT4, .dst = "169.254.170.2",   TCP(80),  .spared = true, .why = "AWS task metadata" },
	{ OUT4, .dst = "169.254.169.123", UDP(123), .spared = true, .why = "AWS time" },
	{ OUT6, .dst = "fd00:ec2::123",   UDP(123), .spared = true, .why = "AWS time" },
};

const size_t base_set_count = sizeof base_set / sizeof *base_set;
