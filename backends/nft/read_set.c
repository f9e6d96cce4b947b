/* Named sets, and the elements of all sets and maps. */
#include "backends/nft/reader.h"

#include "backends/nft/overlap.h"
#include "backends/nft/value.h"

#include <string.h>

/* Types that a named set's key may have. */
static const struct nft_choice key_types[] = {
	{ "ipv4_addr", NFT_TYPE_IPV4_ADDR },
	{ "ipv6_addr", NFT_TYPE_IPV6_ADDR },
	{ "inet_proto", NFT_TYPE_INET_PROTO },
	{ "inet_service", NFT_TYPE_INET_SERVICE },
	{ "icmp_type", NFT_TYPE_ICMP_TYPE },
	{ "icmp_code", NFT_TYPE_ICMP_CODE },
	{ "icmpv6_type", NFT_TYPE_ICMPV6_TYPE },
	{ "icmpv6_code", NFT_TYPE_ICMPV6_CODE },
	{ 0 }
};

bool nft_key_type(const char *name, enum nft_type *out)
{
	for (const struct nft_choice *c = key_types; c->word; c++)
		if (strcmp(c->word, name) == 0) {
			*out = (enum nft_type)c->value;
			return true;
		}
	return false;
}

static bool read_value(struct nft_reader *r, enum nft_type type,
		       struct range *out)
{
	bool is_name = type == NFT_TYPE_IFACE && r->now.kind == NFT_STRING;

	if ((r->now.kind != NFT_WORD && !is_name) ||
	    !nft_value_read(type, r->now.at, r->now.len, out))
		return nft_expected(r, "a value of this type");
	nft_next(r);
	return true;
}

bool nft_read_key(struct nft_reader *r, const struct nft_set *set,
		  struct nft_element *out)
{
	for (unsigned i = 0; i < set->width; i++)
		if ((i && !nft_expect(r, ".")) ||
		    !read_value(r, set->types[i], &out->key[i]))
			return false;
	return true;
}

static bool is_point(const struct nft_set *set, const struct nft_element *e)
{
	for (unsigned i = 0; i < set->width; i++)
		if (e->key[i].lo != e->key[i].hi)
			return false;
	return true;
}

bool nft_element_fits(struct nft_reader *r, const struct nft_set *set,
		      const struct nft_element *e, unsigned line)
{
	return !set->name || set->intervals || is_point(set, e) ||
	       nft_refuse(r, line, "a range in set `%s`, which has no "
			  "`flags interval`", set->name);
}

/* ": drop", ": jump somewhere" */
static bool read_decision(struct nft_reader *r, struct nft_element *e)
{
	if (!nft_expect(r, ":"))
		return false;
	if (!nft_accept(r, "jump"))
		return nft_take_verdict(r, &e->verdict);
	e->verdict = NFT_JUMP;
	return nft_take_name(r, &e->target);
}

static bool read_element(struct nft_reader *r, struct nft_set *set,
			 enum nft_element_kind kind)
{
	unsigned line = r->now.line;
	struct nft_element e = { 0 };
	bool counter;

	if (!nft_read_key(r, set, &e) || !nft_element_fits(r, set, &e, line))
		return false;
	if (!nft_accept_counter(r, &counter))
		return false;
	if (counter && !set->counters)
		return nft_refuse(r, line, "a counter on one element alone");
	if (nft_accept(r, "comment") && !nft_take_string(r, &e.comment))
		return false;
	if (kind == NFT_MAP_ELEMENTS && !read_decision(r, &e))
		return false;
	*LIST_PUSH(r->arena, &set->elements) = e;
	return true;
}

/* Lines may end behind a brace, an element or a comma. */
bool nft_read_elements(struct nft_reader *r, struct nft_set *set,
		       enum nft_element_kind kind)
{
	if (!nft_expect(r, "{"))
		return false;
	do {
		while (r->now.kind == NFT_LINE_END)
			nft_next(r);
		if (nft_at(r, "}"))
			break;
		if (!read_element(r, set, kind))
			return false;
		while (r->now.kind == NFT_LINE_END)
			nft_next(r);
	} while (nft_accept(r, ","));
	return nft_expect(r, "}");
}

static bool read_set_type(struct nft_reader *r, struct nft_set *set)
{
	int type;

	do {
		if (set->width == NFT_KEY_MOST)
			return nft_refuse(r, r->now.line,
					  "a key of more than %d fields",
					  NFT_KEY_MOST);
		if (!nft_choose(r, key_types, &type))
			return nft_expected(r, "the type of a key");
		set->types[set->width++] = (enum nft_type)type;
	} while (nft_accept(r, "."));
	if (set->is_map && (!nft_expect(r, ":") || !nft_expect(r, "verdict")))
		return false;
	return nft_end_statement(r);
}

static bool read_size(struct nft_reader *r, struct nft_set *set)
{
	unsigned size;

	if (!nft_take_number(r, UINT32_MAX, &size))
		return false;
	set->size = size;
	return nft_end_statement(r);
}

static bool read_flags(struct nft_reader *r, struct nft_set *set)
{
	set->intervals = true;
	return nft_expect(r, "interval") && nft_end_statement(r);
}

static bool read_contents(struct nft_reader *r, struct nft_set *set)
{
	return nft_expect(r, "=") &&
	       nft_read_elements(r, set, set->is_map ? NFT_MAP_ELEMENTS
						     : NFT_PLAIN_ELEMENTS) &&
	       nft_end_statement(r);
}

/* Its statements, in the order in which nft lists them. */
static bool read_set_body(struct nft_reader *r, struct nft_set *set)
{
	if (!nft_expect(r, "type") || !read_set_type(r, set))
		return false;
	if (nft_accept(r, "size") && !read_size(r, set))
		return false;
	if (nft_accept(r, "flags") && !read_flags(r, set))
		return false;
	if (!nft_accept_counter(r, &set->counters) ||
	    (set->counters && !nft_end_statement(r)))
		return false;
	if (nft_accept(r, "elements") && !read_contents(r, set))
		return false;
	return nft_expect(r, "}") && nft_end_statement(r);
}

bool nft_keep_set(struct nft_reader *r, struct nft_set *set)
{
	void **place = table_at_name(&r->sets, set->name);

	if (*place)
		return nft_refuse(r, set->line, "a second set `%s`", set->name);
	*place = set;
	*LIST_PUSH(r->arena, &r->model->sets) = set;
	return true;
}

bool nft_check_set(struct nft_reader *r, const struct nft_set *set)
{
	if (set->size && !set->intervals && set->elements.count > set->size)
		return nft_refuse(r, set->line, "set `%s` has more elements "
				  "than room: the kernel does not load it",
				  set->name);
	if (nft_set_overlap(r->arena, set))
		return nft_refuse(r, set->line, "elements of set `%s` overlap: "
				  "the kernel does not load it", set->name);
	return true;
}

bool nft_read_set(struct nft_reader *r)
{
	struct nft_set *set = arena_alloc(r->arena, sizeof *set);

	set->line = r->now.line;
	set->is_map = nft_at(r, "map");
	nft_next(r);
	if (!nft_take_name(r, &set->name) || !nft_keep_set(r, set) ||
	    !nft_expect(r, "{"))
		return false;
	nft_skip_lines(r);
	return read_set_body(r, set) && nft_check_set(r, set);
}
