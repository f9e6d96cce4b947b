/* The language's assumptions, as an auditor reads them. */
#include "compiler/evidence/assumptions.h"

#include <stddef.h>

const char *const assumptions[] = {
	"An interface that carries the security group of a layer has an address in the subnets of that layer, and only those do; of a layer with several groups it carries all.",
	"Only declared networks, the environment's own VPC, its peers and the public internet can route to a VPC.",
	"What AWS never filters is outside: name resolution at its resolver, instance metadata, time, DHCP.",
	"Onward paths inside a network that is not ours, and out through the internet and back in by a public name, are outside.",
	NULL,
};

const char *const limits[] = {
	"Owners, tickets, reasons, reviews and approvals are the authors' words. They were not checked against a ticket system.",
	"Routes, network ACLs, load balancer listeners and the rest of the accounts were not read.",
	"Whether the outputs are what runs was examined where a capture is named above, as of when it was taken, and nowhere else.",
	"Connections that were open before a rule was removed may live on until they end.",
	NULL,
};
