/*
 * By nft(8), "address families" and "chains": a packet meets the devices' own
 * chains and a bridge's first, then prerouting, the hook that decides, and
 * postrouting; of each hook all chains, in whatever order, until one drops.
 */
#include "backends/nft/beside.h"

#include <string.h>

static bool is_one_of(const char *word, const char *const *words)
{
	for (; *words; words++)
		if (strcmp(word, *words) == 0)
			return true;
	return false;
}

/* Does a packet that our ruleset judges pass HOOK? */
static bool is_passed(const char *hook, bool gateway)
{
	static const char *const forwarded[] = { "prerouting", "forward",
						 "postrouting", NULL };
	static const char *const own[] = { "prerouting", "input", "output",
					   "postrouting", NULL };

	return is_one_of(hook, gateway ? forwarded : own);
}

const char *nft_beside(const struct nft_beside *c, bool gateway)
{
	static const char *const below[] = { "netdev", "bridge", NULL };
	static const char *const of_devices[] = { "ingress", "egress", NULL };
	static const char *const here[] = { "inet", "ip", "ip6", NULL };

	if (is_one_of(c->family, below) ||
	    (is_one_of(c->family, here) && is_one_of(c->hook, of_devices)))
		return "below these rules: what it drops or sends elsewhere does not meet them";
	if (!is_one_of(c->family, here) || !is_passed(c->hook, gateway))
		return NULL;
	if (strcmp(c->type, "nat") == 0)
		return "that may translate addresses: these rules see them on one side of that";
	if (strcmp(c->hook, "prerouting") == 0)
		return "before these rules: they see what it lets pass, as it leaves it";
	if (strcmp(c->hook, "postrouting") == 0)
		return "behind these rules: what it drops stays dropped";
	return "on the same hook: what it drops stays dropped";
}
