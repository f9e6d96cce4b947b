#include "backends/nft/delta.h"

#include "backends/nft/encode.h"
#include "backends/nft/kernel.h"

#include <libnftnl/set.h>
#include <string.h>

enum { ELEMENTS_BYTES = 60000 };	/* of one message: an attribute holds 64 KiB */

struct comparison {
	struct arena *arena;
	struct nft_link *link;
	const struct nft_model *model;
	struct nft_contents wanted, found;
	struct nft_delta *delta;
};

/* --- what is wanted --- */

/* MODEL as generation NUMBER, base chains and all, in a transaction that is not sent. */
static struct nft_contents wanted_of(struct arena *arena,
				     const struct nft_stock *v,
				     unsigned number,
				     const struct nft_model *model)
{
	struct nft_batch b = nft_batch_begin(arena, 0);
	struct nft_encoding e = { &b, v->table,
				  arena_printf(arena, "_g%u", number) };

	nft_encode_body(&e, model);
	for (int hook = NFT_INPUT; hook < NFT_HOOKS; hook++)
		if (model->chains[hook].present) {
			nft_encode_base_chain(&e, hook, &model->chains[hook]);
			nft_encode_switch(&e, &model->chains[hook]);
		}
	return nft_contents_of_batch(&b, v->table);
}

/* --- sets --- */

/* Elements of one that the other has not, in their order. */
struct odd_ones {
	LIST(size_t) added;		/* of those wanted */
	LIST(size_t) removed;		/* of those found */
};

static struct odd_ones difference_of(struct arena *arena,
				       const struct nft_content_set *wanted,
				       const struct nft_content_set *found)
{
	struct table known = TABLE_IN(arena);
	struct odd_ones out = { 0 };
	bool *seen = arena_array(arena, wanted->items.count + 1, sizeof *seen);

	for (size_t i = 0; i < wanted->items.count; i++)
		*table_at(&known, wanted->items.at[i].bytes,
			  wanted->items.at[i].len) = &seen[i];
	for (size_t i = 0; i < found->items.count; i++) {
		bool *is = table_get(&known, found->items.at[i].bytes,
				     found->items.at[i].len);

		if (is && !*is)
			*is = true;
		else
			*LIST_PUSH(arena, &out.removed) = i;
	}
	for (size_t i = 0; i < wanted->items.count; i++)
		if (!seen[i])
			*LIST_PUSH(arena, &out.added) = i;
	return out;
}

static bool same_elements(struct comparison *c,
			  const struct nft_content_set *wanted,
			  struct nft_content_set *found)
{
	struct odd_ones d;

	if (!nft_contents_fill(c->link, &c->found, found) ||
	    wanted->items.count != found->items.count)
		return false;
	d = difference_of(c->arena, wanted, found);
	return !d.added.count && !d.removed.count;
}

/* Is a key in both lists: the same key with another comment or verdict? */
static bool has_changed_key(struct arena *arena,
			    const struct nft_set_delta *delta)
{
	struct table added = TABLE_IN(arena);

	for (size_t i = 0; i < delta->added.count; i++)
		*table_at(&added, delta->added.at[i].bytes,
			  delta->added.at[i].key_len) = &added;
	for (size_t i = 0; i < delta->removed.count; i++)
		if (table_get(&added, delta->removed.at[i].bytes,
			      delta->removed.at[i].key_len))
			return true;
	return false;
}

/* SET of the model, WANTED when it is encoded, against what is FOUND. */
static bool compare_exact(struct comparison *c, const struct nft_set *set,
			  const struct nft_content_set *wanted,
			  struct nft_content_set *found)
{
	struct nft_set_delta *delta;
	struct odd_ones d;

	if (!nft_contents_fill(c->link, &c->found, found) ||
	    wanted->items.count != set->elements.count ||
	    wanted->items.count > found->size)
		return false;
	d = difference_of(c->arena, wanted, found);
	if (!d.added.count && !d.removed.count)
		return true;
	delta = LIST_PUSH(c->arena, &c->delta->sets);
	delta->name = found->name;
	delta->set = *set;
	delta->set.elements.at = NULL;
	delta->set.elements.count = delta->set.elements.cap = 0;
	for (size_t i = 0; i < d.added.count; i++) {
		*LIST_PUSH(c->arena, &delta->added) =
			wanted->items.at[d.added.at[i]];
		*LIST_PUSH(c->arena, &delta->set.elements) =
			set->elements.at[d.added.at[i]];
	}
	for (size_t i = 0; i < d.removed.count; i++)
		*LIST_PUSH(c->arena, &delta->removed) =
			found->items.at[d.removed.at[i]];
	c->delta->added += d.added.count;
	c->delta->removed += d.removed.count;
	return !has_changed_key(c->arena, delta);
}

static struct nft_content_set *twin_of(const struct comparison *c,
				       const struct nft_content_set *wanted)
{
	struct nft_content_set *found = table_get_name(&c->found.set_names,
						       wanted->name);

	return found && strcmp(found->frame, wanted->frame) == 0 &&
	       found->exact == wanted->exact ? found : NULL;
}

/* In the order of the model: sets with a name come first, as they are encoded. */
static bool compare_sets(struct comparison *c, bool exact)
{
	for (size_t i = 0; i < c->model->sets.count; i++) {
		const struct nft_content_set *wanted = c->wanted.sets.at[i];
		struct nft_content_set *found = twin_of(c, wanted);

		if (!found)
			return false;
		if (wanted->exact != exact)
			continue;
		if (exact ? !compare_exact(c, c->model->sets.at[i], wanted, found)
			  : !same_elements(c, wanted, found))
			return false;
	}
	return true;
}

/* --- chains and rules --- */

/* Sets without a name, the K-th looked up beside the K-th. */
static bool same_own_set(struct comparison *c,
			 const struct nft_content_rule *wanted,
			 const struct nft_content_rule *found)
{
	if (!wanted->own || !found->own)
		return !wanted->own && !found->own;
	return strcmp(wanted->own->frame, found->own->frame) == 0 &&
	       same_elements(c, wanted->own,
			     (struct nft_content_set *)found->own);
}

static bool same_rules(struct comparison *c,
		       const struct nft_content_chain *wanted,
		       const struct nft_content_chain *found)
{
	if (wanted->rules.count != found->rules.count)
		return false;
	for (size_t i = 0; i < wanted->rules.count; i++)
		if (strcmp(wanted->rules.at[i].text,
			   found->rules.at[i].text) != 0 ||
		    !same_own_set(c, &wanted->rules.at[i], &found->rules.at[i]))
			return false;
	return true;
}

/*
 * How many chains and sets with a name there are, of this generation or on a
 * hook.  Others are leftovers: apply sweeps them before it asks, and once more
 * when it keeps what it has loaded.
 */
static size_t counted(const struct comparison *c,
		      const struct nft_contents *in)
{
	size_t count = 0;

	for (size_t i = 0; i < in->chains.count; i++)
		count += *in->chains.at[i]->frame ||
			 nft_number_of(in->chains.at[i]->name) ==
			 c->delta->number;
	for (size_t i = 0; i < in->sets.count; i++)
		count += !in->sets.at[i]->anonymous &&
			 nft_number_of(in->sets.at[i]->name) ==
			 c->delta->number;
	return count;
}

static bool same_chains(struct comparison *c)
{
	if (counted(c, &c->wanted) != counted(c, &c->found))
		return false;
	for (size_t i = 0; i < c->wanted.chains.count; i++) {
		const struct nft_content_chain *wanted = c->wanted.chains.at[i];
		const struct nft_content_chain *found = table_get_name(
			&c->found.chain_names, wanted->name);

		if (!found || strcmp(wanted->frame, found->frame) != 0 ||
		    !same_rules(c, wanted, found))
			return false;
	}
	return true;
}

/* --- what one packet meets --- */

static bool changes(const struct comparison *c, const struct nft_set *set,
		    enum nft_type addresses)
{
	if (!set->name)
		return false;
	for (size_t i = 0; i < c->delta->sets.count; i++) {
		const struct nft_set *other = &c->delta->sets.at[i].set;

		if (strcmp(other->name, set->name) == 0)
			return (other->types[0] != NFT_TYPE_IPV4_ADDR &&
				other->types[0] != NFT_TYPE_IPV6_ADDR) ||
			       other->types[0] == addresses;
	}
	return false;
}

static unsigned met_in(const struct comparison *c,
		       const struct nft_chain *chain, enum nft_type addresses);

/* How many sets that change a packet looks into at MAP, and where it leads to. */
static unsigned met_behind(const struct comparison *c,
			   const struct nft_match *map, enum nft_type addresses)
{
	const struct nft_chain *last = NULL;
	unsigned most = 0;

	for (size_t i = 0; i < map->set->elements.count; i++) {
		const struct nft_chain *to = map->set->elements.at[i].chain;
		unsigned met = to && to != last ? met_in(c, to, addresses) : 0;

		last = to;
		most = met > most ? met : most;
	}
	return most + changes(c, map->set, addresses);
}

static unsigned met_in(const struct comparison *c,
		       const struct nft_chain *chain, enum nft_type addresses)
{
	unsigned met = 0;

	for (size_t i = 0; i < chain->rules.count; i++) {
		const struct nft_rule *rule = &chain->rules.at[i];

		for (size_t m = 0; m < rule->matches.count; m++)
			met += changes(c, rule->matches.at[m].set, addresses);
		if (rule->map)
			met += met_behind(c, rule->map, addresses);
	}
	return met;
}

/* A packet is of one family, and goes through each hook by itself. */
static bool packets_meet_one(const struct comparison *c)
{
	for (int hook = NFT_INPUT; hook < NFT_HOOKS; hook++)
		if (met_in(c, &c->model->chains[hook], NFT_TYPE_IPV4_ADDR) > 1 ||
		    met_in(c, &c->model->chains[hook], NFT_TYPE_IPV6_ADDR) > 1)
			return false;
	return true;
}

/*
 * Half of what there is: by then sending costs half as much as all of it would
 * (10,000 keys: 1 ms for 10, 8 ms for 5,000, 16 ms whole; 50,000 keys: 1 ms for
 * 50, 58 ms for 25,000, 157 ms whole).
 */
static bool is_little(const struct comparison *c)
{
	size_t all = 0;

	for (size_t i = 0; i < c->model->sets.count; i++)
		all += c->model->sets.at[i]->elements.count;
	return (c->delta->added + c->delta->removed) * 2 <= all;
}

/* --- finding --- */

bool nft_delta_find(struct nft_link *link, const struct nft_stock *v,
		    unsigned number, const struct nft_model *model,
		    struct nft_delta *out)
{
	struct comparison c = { v->arena, link, model,
				wanted_of(v->arena, v, number, model), { 0 },
				out };

	*out = (struct nft_delta){ .table = v->table, .number = number };
	return nft_contents_read(link, v->arena, v->table, &c.found) &&
	       same_chains(&c) && compare_sets(&c, false) &&
	       compare_sets(&c, true) && packets_meet_one(&c) && is_little(&c);
}

/* --- sending --- */

static void *made(struct nft_batch *b, void *object)
{
	if (!object)
		arena_refuse(b->arena, "memory ended");
	return object;
}

static void add_item(struct nft_batch *b, struct nftnl_set *s,
		     const struct nft_item *item, uint16_t type)
{
	struct nftnl_set_elem *x = made(b, nftnl_set_elem_alloc());
	struct nft_item_parts parts = nft_item_parts(item);

	nftnl_set_elem_set(x, NFTNL_SET_ELEM_KEY, parts.key, parts.key_len);
	nftnl_set_elem_add(s, x);
	if (type == NFT_MSG_DELSETELEM)
		return;
	if (parts.has_verdict)
		nftnl_set_elem_set_u32(x, NFTNL_SET_ELEM_VERDICT,
				       parts.verdict);
	if (parts.chain)
		nftnl_set_elem_set_str(x, NFTNL_SET_ELEM_CHAIN, parts.chain);
	if (parts.userdata_len)
		nftnl_set_elem_set(x, NFTNL_SET_ELEM_USERDATA, parts.userdata,
				   parts.userdata_len);
}

/* COUNT items AT of a message TYPE; OF are the model's, or NULL. */
static void send_items(struct nft_batch *b, const struct nft_delta *delta,
		       const struct nft_set_delta *in, uint16_t type,
		       const struct nft_item *at, size_t count,
		       const struct nft_set *of)
{
	size_t i = 0;

	while (i < count) {
		struct nftnl_set *s = made(b, nftnl_set_alloc());
		struct nft_about about = { .set = of, .first = i,
			.what = arena_printf(b->arena, "%san element of %s `%s`",
				type == NFT_MSG_DELSETELEM ? "to delete " : "",
				in->set.is_map ? "map" : "set", in->name) };
		struct nlmsghdr *m;
		size_t bytes = 0;

		nftnl_set_set_str(s, NFTNL_SET_TABLE, delta->table);
		nftnl_set_set_str(s, NFTNL_SET_NAME, in->name);
		while (i < count) {
			bytes += at[i].len + 80;
			if (bytes > ELEMENTS_BYTES)
				break;
			add_item(b, s, &at[i++], type);
		}
		about.count = of ? i - about.first : 0;
		m = nft_batch_message(b, type, NFPROTO_INET,
				      type == NFT_MSG_NEWSETELEM ? NLM_F_CREATE
								 : 0, about);
		nftnl_set_elems_nlmsg_build_payload(m, s);
		nftnl_set_free(s);
		nft_batch_add(b, m);
	}
}

enum nft_outcome nft_delta_send(struct nft_link *link, struct arena *arena,
				uint32_t generation,
				const struct nft_delta *delta,
				enum nft_direction direction,
				struct nft_refusal *why)
{
	struct nft_batch b = nft_batch_begin(arena, generation);

	/* first what goes, which makes room */
	for (size_t i = 0; i < delta->sets.count; i++) {
		const struct nft_set_delta *in = &delta->sets.at[i];

		if (direction == NFT_FORTH)
			send_items(&b, delta, in, NFT_MSG_DELSETELEM,
				   in->removed.at, in->removed.count, NULL);
		else
			send_items(&b, delta, in, NFT_MSG_DELSETELEM,
				   in->added.at, in->added.count, NULL);
	}
	for (size_t i = 0; i < delta->sets.count; i++) {
		const struct nft_set_delta *in = &delta->sets.at[i];

		if (direction == NFT_FORTH)
			send_items(&b, delta, in, NFT_MSG_NEWSETELEM,
				   in->added.at, in->added.count, &in->set);
		else
			send_items(&b, delta, in, NFT_MSG_NEWSETELEM,
				   in->removed.at, in->removed.count, NULL);
	}
	return nft_batch_commit(link, &b, why);
}
