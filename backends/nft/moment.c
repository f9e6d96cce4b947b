/*
 * Every transaction makes another generation.  What changes without one is not
 * in rulesets that are understood: sets whose elements expire or come from
 * packets, chains that go with their device.  But a table that a program owns
 * goes with that program: it is asked for each time.
 */
#include "backends/nft/moment.h"

#include "backends/nft/kernel.h"

#include <libnftnl/table.h>
#include <string.h>

struct search {
	const char *table;
	bool found;
};

static int take_table(const struct nlmsghdr *m, void *context)
{
	struct search *s = context;
	struct nftnl_table *t = nftnl_table_alloc();
	bool read = t && nftnl_table_nlmsg_parse(m, t) >= 0;
	const char *name = read ? nftnl_table_get_str(t, NFTNL_TABLE_NAME)
				: NULL;

	s->found |= name && strcmp(name, s->table) == 0 &&
		    nftnl_table_get_u32(t, NFTNL_TABLE_FAMILY) == NFPROTO_INET;
	nftnl_table_free(t);
	return read ? MNL_CB_OK : MNL_CB_ERROR;
}

bool nft_moment(struct nft_link *link, const char *table,
		struct live_moment *out)
{
	struct search s = { table, false };

	*out = (struct live_moment){ .name = table };
	return nft_link_namespace(link, &out->place) &&
	       nft_link_settled(link, &out->generation) &&
	       nft_link_dump(link, NFT_MSG_GETTABLE, NFPROTO_INET, NULL, NULL,
			     take_table, &s) && s.found;
}
