/*
 * Two walks over the same trees: one that checks names and values once and
 * talks, one that computes sets and never does.
 */
#include "compiler/endpoint.h"

#include "compiler/base/addr.h"
#include "compiler/base/service.h"
#include "compiler/base/suggest.h"
#include "compiler/qualified.h"

#include <stdlib.h>
#include <string.h>

/* --- addresses --- */

static bool check_prefix(struct names *n, const struct ast_expr *word,
			 struct prefix *p)
{
	char text[ADDR_TEXT];
	struct diag *d;

	switch (prefix_read(word->word, strlen(word->word), p)) {
	case PREFIX_OK:
		return true;
	case PREFIX_NOT_AN_ADDRESS:
		diag_help(diag_add(n->diags, P0201, word->span,
				   "`%.80s` is not an address", word->word),
			  "write `10.0.0.0/8`, `192.0.2.1` or `2001:db8::/32`");
		return false;
	case PREFIX_BAD_LENGTH:
		diag_help(diag_add(n->diags, P0203, word->span,
				   "`%.80s` has a prefix length that does not exist",
				   word->word),
			  "the length is 0 to %u for %s",
			  family_bits(p->family), family_name(p->family));
		return false;
	case PREFIX_HOST_BITS:
		prefix_text(*p, text);
		d = diag_add(n->diags, P0202, word->span,
			     "`%.80s` has bits set behind its length",
			     word->word);
		diag_help(d, "the block is `%s`", text);
		diag_fix(d, word->span, "%s", text);
		return false;
	}
	return false;
}

static struct both prefix_set(struct arena *arena, struct prefix p)
{
	struct both set = { 0 };
	struct range r = prefix_range(p);

	set.of[p.family] = ranges_one(arena, r.lo, r.hi);
	return set;
}

/* Ranges of many sets, to become one set at once. */
struct heap {
	struct arena *arena;
	LIST(struct range) of[FAMILIES];
};

static void heap_add(struct heap *heap, struct both set)
{
	for (int f = IPV4; f < FAMILIES; f++)
		for (size_t i = 0; i < set.of[f].count; i++)
			*LIST_PUSH(heap->arena, &heap->of[f]) = set.of[f].at[i];
}

static struct both heap_set(struct arena *arena, const struct heap *heap)
{
	struct both set;

	for (int f = IPV4; f < FAMILIES; f++)
		set.of[f] = ranges_of(arena, heap->of[f].at,
				      heap->of[f].count);
	return set;
}

struct both address_list(struct names *n, const struct ast_expr *list)
{
	struct ast_expr *const *words, *single;
	size_t count = words_of(list, &words, &single);
	struct heap heap = { .arena = n->arena };

	for (size_t i = 0; i < count; i++) {
		struct prefix p;

		if (check_prefix(n, words[i], &p))
			heap_add(&heap, prefix_set(n->arena, p));
	}
	return heap_set(n->arena, &heap);
}

/*
 * The items of a union as one set, or the first less all others.  Two are the
 * most common; many are not joined one by one, which would take their square.
 */
static struct both combined(struct names *n, const struct ir_space *space,
			    const struct ast_expr *e,
			    struct both (*item)(struct names *n,
						const struct ir_space *space,
						const struct ast_expr *e))
{
	struct heap heap = { .arena = n->arena };
	size_t from = e->kind == EXPR_UNION ? 0 : 1;
	struct both set;

	if (e->items.count == 2) {
		struct both a = item(n, space, e->items.at[0]);
		struct both b = item(n, space, e->items.at[1]);

		return e->kind == EXPR_UNION ? both_union(n->arena, a, b)
					     : both_minus(n->arena, a, b);
	}
	for (size_t i = from; i < e->items.count; i++)
		heap_add(&heap, item(n, space, e->items.at[i]));
	set = heap_set(n->arena, &heap);
	return from ? both_minus(n->arena, item(n, space, e->items.at[0]), set)
		    : set;
}

/* --- endpoints --- */

static bool is_word(const struct ast_expr *expr, const char *word)
{
	return strcmp(expr->word, word) == 0;
}

enum { DEFINITIONS_DEEP = 64 };

/* One definition deeper; false when that is too deep, which was told. */
static bool descend(struct names *n, const struct ast_expr *user)
{
	if (++n->depth <= DEFINITIONS_DEEP)
		return true;
	diag_label(diag_add(n->diags, P0006, user->span,
			    "definitions by way of others are deeper than %d",
			    DEFINITIONS_DEEP), "here");
	return false;
}

static bool check_group(struct names *n, struct decl *group,
			const struct ast_expr *user)
{
	if (group->open && !group->bad) {
		struct diag *d = diag_add(n->diags, P0106,
					  group->node->name.span,
					  "group `%s` contains itself",
					  group->name);

		diag_note(d, user->span, "by way of this");
		group->bad = true;
	}
	if (group->open || group->checked)
		return !group->bad;
	group->open = true;
	if (!descend(n, user) || !endpoint_check(n, group->node->list))
		group->bad = true;
	n->depth--;
	group->open = false;
	group->checked = true;
	return !group->bad;
}

/* `prod.data`, which a group cannot hold: it is itself looked up by place. */
static bool check_qualified(struct names *n, const struct ast_expr *e)
{
	const struct qualified *q;

	if (n->depth) {
		diag_help(diag_add(n->diags, P0315, e->span,
				   "`%.80s` stands in a group", e->word),
			  "a group is looked up in each environment: name layers alone, and write `ENVIRONMENT.GROUP` where it is used");
		return false;
	}
	q = qualified_find(n, e);
	return !q->bad && (q->decl->kind != DECL_GROUP ||
			   check_group(n, q->decl, e));
}

static bool check_endpoint_word(struct names *n, const struct ast_expr *e)
{
	struct decl *d;
	struct prefix p;
	struct diag *told;
	const char *nearest;

	if (is_word(e, "any") || is_word(e, "internet"))
		return true;
	if (is_address(e->word))
		return check_prefix(n, e, &p);
	if (is_qualified(e->word))
		return check_qualified(n, e);
	d = names_find(&n->endpoints, e->word);
	if (d)
		return d->kind != DECL_GROUP || check_group(n, d, e);
	if (names_excuse(n, e->word))
		return false;
	told = diag_add(n->diags, P0101, e->span,
			"nobody declares a layer, network or group `%.80s`",
			e->word);
	nearest = names_nearest_endpoint(n, e->word);
	if (nearest) {
		diag_help(told, "did you mean `%s`?", nearest);
		diag_fix(told, e->span, "%s", nearest);
	}
	return false;
}

bool endpoint_check(struct names *n, const struct ast_expr *e)
{
	bool good = true;

	if (e->kind == EXPR_WORD)
		return check_endpoint_word(n, e);
	for (size_t i = 0; i < e->items.count; i++)
		good &= endpoint_check(n, e->items.at[i]);
	return good;
}

/* The prefix lists of SPACE that nobody wrote down. */
static struct both opaque_set(struct names *n, const struct ir_space *space)
{
	struct both set = { 0 };

	for (uint32_t i = 0; i < n->ir->network_count; i++)
		if (ir_is_opaque(space, i))
			set = both_union(n->arena, set, space->networks[i]);
	return set;
}

static struct both everything(struct names *n, const struct ir_space *space)
{
	struct both all = { { family_all(n->arena, IPV4),
			      family_all(n->arena, IPV6) } };

	return n->as_claim
		? both_union(n->arena, all, opaque_set(n, space)) : all;
}

static struct both internet(struct names *n, const struct ir_space *space)
{
	return n->as_claim
		? both_union(n->arena, space->internet, opaque_set(n, space))
		: space->internet;
}

static struct both group_set(struct names *n, const struct ir_space *space,
			     struct decl *group)
{
	if (group->set_in != space || group->set_as_claim != n->as_claim) {
		group->set = endpoint_set(n, space, group->node->list);
		group->set_in = space;
		group->set_as_claim = n->as_claim;
	}
	return group->set;
}

static struct both decl_set(struct names *n, const struct ir_space *space,
			    struct decl *d)
{
	switch (d->kind) {
	case DECL_LAYER:   return space->layers[d->index];
	case DECL_NETWORK: return space->networks[d->index];
	case DECL_GROUP:   return group_set(n, space, d);
	}
	return (struct both){ 0 };
}

/* The space that WORD names when SPACE is it or peers with it, or NULL. */
static const struct ir_space *seen_from(struct names *n,
					const struct ir_space *space,
					const struct qualified *q)
{
	uint32_t customer = n->as_customer ? n->as_customer - 1
					   : space->customer;
	uint32_t number = place_name_space(n, &q->place, customer);

	if (number == IR_NO_SPACE)
		return NULL;
	if (&n->ir->spaces[number] != space && !ir_is_peer(space, number))
		return NULL;
	return &n->ir->spaces[number];
}

static struct both qualified_set(struct names *n, const struct ir_space *space,
				 const struct ast_expr *e)
{
	const struct qualified *q = qualified_find(n, e);
	const struct ir_space *there = seen_from(n, space, q);

	return there ? decl_set(n, there, q->decl) : (struct both){ 0 };
}

static struct both word_set(struct names *n, const struct ir_space *space,
			    const struct ast_expr *e)
{
	struct prefix p;

	if (is_word(e, "any"))
		return everything(n, space);
	if (is_word(e, "internet"))
		return internet(n, space);
	if (is_address(e->word)) {
		(void)prefix_read(e->word, strlen(e->word), &p); /* checked */
		return prefix_set(n->arena, p);
	}
	if (is_qualified(e->word))
		return qualified_set(n, space, e);
	return decl_set(n, space, names_find(&n->endpoints, e->word));
}

struct both endpoint_set(struct names *n, const struct ir_space *space,
			 const struct ast_expr *e)
{
	return e->kind == EXPR_WORD ? word_set(n, space, e)
				    : combined(n, space, e, endpoint_set);
}

static const struct decl *missing_decl(struct names *n,
				       const struct ir_space *space,
				       struct decl *d)
{
	struct missing inside;

	switch (d->kind) {
	case DECL_LAYER:
		return both_empty(space->layers[d->index]) ? d : NULL;
	case DECL_NETWORK:
		return both_empty(space->networks[d->index]) ? d : NULL;
	case DECL_GROUP:
		if (d->missing_in != space)
			d->missing = endpoint_missing(n, space, d->node->list,
						      &inside)
				? inside.decl : NULL;
		d->missing_in = space;
		return d->missing;
	}
	return NULL;
}

bool endpoint_missing(struct names *n, const struct ir_space *space,
		      const struct ast_expr *e, struct missing *out)
{
	struct decl *d;

	if (e->kind != EXPR_WORD) {
		for (size_t i = 0; i < e->items.count; i++)
			if (endpoint_missing(n, space, e->items.at[i], out))
				return true;
		return false;
	}
	*out = (struct missing){ .in = space, .where = e->span };
	if (is_qualified(e->word)) {
		const struct qualified *q = qualified_find(n, e);

		d = q->decl;
		out->in = seen_from(n, space, q);
		out->named = true;
		out->customer_named = q->place.customer != QUALIFIED_OWN;
	} else {
		d = names_find(&n->endpoints, e->word);
	}
	out->decl = d && out->in ? missing_decl(n, out->in, d) : NULL;
	return out->decl;
}

/* --- services --- */

enum { LIST_MOST = 255 };

static bool read_number(const char *text, size_t len, unsigned most,
			unsigned *out)
{
	unsigned v = 0;

	if (len == 0 || len > 5 || (len > 1 && *text == '0'))
		return false;
	for (size_t i = 0; i < len; i++) {
		if (text[i] < '0' || text[i] > '9')
			return false;
		v = v * 10 + (unsigned)(text[i] - '0');
	}
	*out = v;
	return v <= most;
}

/* "443" or "8000-8080". */
static bool read_range(const char *text, unsigned most, unsigned *lo,
		       unsigned *hi)
{
	size_t first = strcspn(text, "-");

	if (!read_number(text, first, most, lo))
		return false;
	*hi = *lo;
	if (!text[first])
		return true;
	text += first + 1;
	return read_number(text, strlen(text), most, hi) && *lo <= *hi;
}

/* "any", "echo-request", "3", "3/4". */
static bool read_icmp(unsigned protocol, const char *text, unsigned *lo,
		      unsigned *hi)
{
	const char *slash = strchr(text, '/');
	size_t len = slash ? (size_t)(slash - text) : strlen(text);
	unsigned type, code;
	char name[64];
	int number;

	*lo = 0;
	*hi = 0xffff;
	if (strcmp(text, "any") == 0)
		return true;
	if (len >= sizeof name)
		return false;
	memcpy(name, text, len);
	name[len] = '\0';
	number = icmp_type_number(protocol, name);
	if (number >= 0)
		type = (unsigned)number;
	else if (!read_number(name, len, LIST_MOST, &type))
		return false;
	*lo = type << 8;
	*hi = type << 8 | 0xff;
	if (!slash)
		return true;
	if (!read_number(slash + 1, strlen(slash + 1), LIST_MOST, &code))
		return false;
	*lo = *hi = type << 8 | code;
	return true;
}

/* A service atom; false when TEXT is none. */
static bool read_atom(struct arena *arena, const char *text, struct both *out)
{
	const char *rest = strchr(text, '/');
	size_t len = rest ? (size_t)(rest - text) : 0;
	unsigned lo, hi;

	if (!rest)
		return false;
	rest++;
	for (unsigned p = 1; p <= PROTO_ICMP6; p++) {
		const char *name = protocol_name(p);

		if (!name || strlen(name) != len ||
		    strncmp(name, text, len) != 0)
			continue;
		if (service_has_ports(p) ? !read_range(rest, 65535, &lo, &hi)
					 : !read_icmp(p, rest, &lo, &hi))
			return false;
		*out = service_atom(arena, p, lo, hi);
		return true;
	}
	if (len != 5 || strncmp(text, "proto", 5) != 0 ||
	    !read_number(rest, strlen(rest), 255, &lo) || protocol_name(lo))
		return false;
	*out = service_atom(arena, lo, 0, 0xffff);
	return true;
}

static void complain_atom(struct names *n, const struct ast_expr *e)
{
	const char *rest = strchr(e->word, '/') + 1;
	struct diag *d = diag_add(n->diags, P0204, e->span,
				  "`%.80s` is not a service", e->word);
	unsigned protocol = strncmp(e->word, "icmp6/", 6) == 0 ? PROTO_ICMP6
			  : strncmp(e->word, "icmp/", 5) == 0 ? PROTO_ICMP : 0;
	unsigned number;
	size_t count;

	if (protocol) {
		const char *const *names = icmp_type_names(n->arena, protocol,
							   &count);
		const char *nearest = suggest_nearest(rest, names, count);

		diag_help(d, "%s is followed by a type, or by type and code: `%s/%s`, `%s/3/4`, `%s/any`",
			  protocol_name(protocol), protocol_name(protocol),
			  nearest ? nearest : "echo-request",
			  protocol_name(protocol), protocol_name(protocol));
	} else if (strncmp(e->word, "proto/", 6) == 0 &&
		   read_number(rest, strlen(rest), 255, &number)) {
		diag_help(d, "write %s with its ports or types: `%s/%s`",
			  protocol_name(number), protocol_name(number),
			  service_has_ports(number) ? "0-65535" : "any");
	} else {
		diag_help(d, "write `tcp/443`, `tcp/8000-8080`, `udp/53`, `icmp/echo-request` or `proto/50`");
	}
}

static bool check_service_decl(struct names *n, struct service_decl *s,
			       const struct ast_expr *user)
{
	if (s->open && !s->bad) {
		struct diag *d = diag_add(n->diags, P0106, s->node->name.span,
					  "service `%s` contains itself",
					  s->name);

		diag_note(d, user->span, "by way of this");
		s->bad = true;
	}
	if (s->open || s->checked)
		return !s->bad;
	s->open = true;
	if (!descend(n, user) || !service_check(n, s->node->list))
		s->bad = true;
	n->depth--;
	if (!s->bad)
		s->set = service_set(n, s->node->list);
	s->open = false;
	s->checked = true;
	return !s->bad;
}

static bool check_service_word(struct names *n, const struct ast_expr *e)
{
	struct service_decl *s;
	struct both atom;
	struct diag *d;
	const char *nearest;

	if (is_word(e, "any"))
		return true;
	if (strchr(e->word, '/')) {
		if (read_atom(n->arena, e->word, &atom))
			return true;
		complain_atom(n, e);
		return false;
	}
	s = names_find(&n->services, e->word);
	if (s) {
		s->used = true;
		return check_service_decl(n, s, e);
	}
	if (names_excuse(n, e->word))
		return false;
	d = diag_add(n->diags, P0102, e->span,
		     "nobody declares a service `%.80s`", e->word);
	nearest = names_nearest_service(n, e->word);
	if (nearest) {
		diag_help(d, "did you mean `%s`?", nearest);
		diag_fix(d, e->span, "%s", nearest);
	} else {
		diag_help(d, "declare it: `service %.80s = tcp/…;`", e->word);
	}
	return false;
}

bool service_check(struct names *n, const struct ast_expr *e)
{
	bool good = true;

	if (e->kind == EXPR_WORD)
		return check_service_word(n, e);
	for (size_t i = 0; i < e->items.count; i++)
		good &= service_check(n, e->items.at[i]);
	return good;
}

void definitions_check(struct names *n)
{
	for (size_t i = 0; i < n->decls.count; i++) {
		struct ast_expr user = { .span = n->decls.at[i]->node->name.span };

		if (n->decls.at[i]->kind == DECL_GROUP)
			(void)check_group(n, n->decls.at[i], &user);
	}
	for (size_t i = 0; i < n->service_decls.count; i++) {
		struct service_decl *s = n->service_decls.at[i];
		struct ast_expr user = { .span = s->node->name.span };

		(void)check_service_decl(n, s, &user);
	}
}

static struct both service_item(struct names *n, const struct ir_space *space,
				const struct ast_expr *e)
{
	(void)space;	/* services are the same everywhere */
	return service_set(n, e);
}

struct both service_set(struct names *n, const struct ast_expr *e)
{
	const struct service_decl *s;
	struct both set;

	if (!e || (e->kind == EXPR_WORD && is_word(e, "any")))
		return service_all(n->arena);
	if (e->kind != EXPR_WORD)
		return combined(n, NULL, e, service_item);
	if (read_atom(n->arena, e->word, &set))
		return set;
	s = names_find(&n->services, e->word);
	return s->set;
}
