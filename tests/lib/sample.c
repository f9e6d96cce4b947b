/* Numbers collected from texts and boxes, then thrown together. */
#include "tests/lib/sample.h"

#include "compiler/base/addr.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void add_address(struct sampler *s, enum family family, u128 number)
{
	*LIST_PUSH(s->arena, &s->addresses[family]) = number;
}

void sampler_add_addresses(struct sampler *s, enum family family,
			   struct range r)
{
	add_address(s, family, r.lo);
	add_address(s, family, r.hi);
	if (r.lo > 0)
		add_address(s, family, r.lo - 1);
	if (r.hi < family_last(family))
		add_address(s, family, r.hi + 1);
}

void sampler_add_services(struct sampler *s, struct range r)
{
	*LIST_PUSH(s->arena, &s->services) = (uint32_t)r.lo;
	*LIST_PUSH(s->arena, &s->services) = (uint32_t)r.hi;
	if (r.lo > 0)
		*LIST_PUSH(s->arena, &s->services) = (uint32_t)r.lo - 1;
	if (r.hi < SERVICE_LAST)
		*LIST_PUSH(s->arena, &s->services) = (uint32_t)r.hi + 1;
}

static void add_values(struct sampler *s, unsigned protocol, unsigned lo,
		       unsigned hi)
{
	sampler_add_services(s, (struct range){ service_key(protocol, lo),
						service_key(protocol, hi) });
}

/* Names of types count as type 8 and 128, which all others surround. */
static void add_icmp(struct sampler *s, unsigned protocol, const char *text)
{
	unsigned type = protocol == PROTO_ICMP ? 8 : 128, code;

	switch (sscanf(text, "%u/%u", &type, &code)) {
	case 2:
		add_values(s, protocol, type << 8 | code, type << 8 | code);
		break;
	default:
		add_values(s, protocol, type << 8, type << 8 | 255);
		break;
	}
	add_values(s, protocol, 0, 65535);
}

static void add_word(struct sampler *s, const char *word)
{
	struct prefix p;
	unsigned lo, hi;

	if (strncmp(word, "tcp/", 4) == 0 || strncmp(word, "udp/", 4) == 0) {
		if (sscanf(word + 4, "%u-%u", &lo, &hi) < 2)
			hi = lo = (unsigned)atoi(word + 4);
		add_values(s, *word == 't' ? PROTO_TCP : PROTO_UDP, lo, hi);
	} else if (strncmp(word, "icmp/", 5) == 0) {
		add_icmp(s, PROTO_ICMP, word + 5);
	} else if (strncmp(word, "icmp6/", 6) == 0) {
		add_icmp(s, PROTO_ICMP6, word + 6);
	} else if (strncmp(word, "proto/", 6) == 0) {
		add_values(s, (unsigned)atoi(word + 6), 0, 65535);
	} else if (prefix_read(word, strlen(word), &p) == PREFIX_OK) {
		sampler_add_addresses(s, p.family, prefix_range(p));
	}
}

static void add_expr(struct sampler *s, const struct ast_expr *e)
{
	if (!e)
		return;
	if (e->kind == EXPR_WORD) {
		add_word(s, e->word);
		return;
	}
	for (size_t i = 0; i < e->items.count; i++)
		add_expr(s, e->items.at[i]);
}

static void add_nodes(struct sampler *s, const struct ast_node *n)
{
	for (; n; n = n->next) {
		add_expr(s, n->src);
		add_expr(s, n->dst);
		add_expr(s, n->on);
		add_expr(s, n->list);
		add_nodes(s, n->block);
	}
}

void sampler_add_ast(struct sampler *s, const struct ast *ast)
{
	static const char *const borders[] = {
		"0.0.0.0/8", "10.0.0.0/8", "100.64.0.0/10", "127.0.0.0/8",
		"169.254.0.0/16", "172.16.0.0/12", "192.0.0.0/24", "192.0.0.9",
		"192.0.0.10", "192.0.2.0/24", "192.168.0.0/16",
		"198.18.0.0/15", "198.51.100.0/24", "203.0.113.0/24",
		"224.0.0.0/4", "240.0.0.0/4", "0.0.0.0/0", "2000::/3",
		"2001::/23", "2001:1::1", "2001:1::3", "2001:3::/32",
		"2001:4:112::/48", "2001:20::/28", "2001:30::/28",
		"2001:db8::/32", "2002::/16", "3fff::/20", "::/0", "fe80::/10",
		"ff00::/8", "tcp/0-65535", "udp/0-65535", "icmp/any",
		"icmp6/any", "proto/0", "proto/255",
	};

	for (size_t i = 0; i < sizeof borders / sizeof *borders; i++)
		add_word(s, borders[i]);
	for (size_t i = 0; i < ast->files.count; i++)
		add_nodes(s, ast->files.at[i]->nodes);
	for (uint32_t i = 0; i < 6; i++)	/* prefix lists, if there are any */
		add_address(s, IPV4, opaque_class(i));
}

void sampler_add_boxes(struct sampler *s, enum family family,
		       const struct boxes *boxes)
{
	for (size_t i = 0; i < boxes->count; i++) {
		const struct box *b = &boxes->at[i];

		for (size_t k = 0; k < b->src.count; k++)
			sampler_add_addresses(s, family, b->src.at[k]);
		for (size_t k = 0; k < b->dst.count; k++)
			sampler_add_addresses(s, family, b->dst.at[k]);
		for (size_t k = 0; k < b->svc.count; k++)
			sampler_add_services(s, b->svc.at[k]);
	}
}

static int by_address(const void *x, const void *y)
{
	const u128 *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

static int by_service(const void *x, const void *y)
{
	const uint32_t *a = x, *b = y;

	return (*a > *b) - (*a < *b);
}

void sampler_finish(struct sampler *s)
{
	size_t kept;

	for (int f = IPV4; f < FAMILIES; f++) {
		if (s->addresses[f].count)
			qsort(s->addresses[f].at, s->addresses[f].count,
			      sizeof *s->addresses[f].at, by_address);
		kept = 0;
		for (size_t i = 0; i < s->addresses[f].count; i++)
			if (!kept || s->addresses[f].at[kept - 1] !=
					     s->addresses[f].at[i])
				s->addresses[f].at[kept++] =
					s->addresses[f].at[i];
		s->addresses[f].count = kept;
	}
	if (s->services.count)
		qsort(s->services.at, s->services.count,
		      sizeof *s->services.at, by_service);
	kept = 0;
	for (size_t i = 0; i < s->services.count; i++)
		if (!kept || s->services.at[kept - 1] != s->services.at[i])
			s->services.at[kept++] = s->services.at[i];
	s->services.count = kept;
}

static u128 one_of(const struct sampler *s, struct dice *dice,
		   enum family family)
{
	return s->addresses[family].at[
		dice_roll(dice, (unsigned)s->addresses[family].count)];
}

struct packet sampler_packet(const struct sampler *s, struct dice *dice,
			     enum family family)
{
	return (struct packet){
		family, one_of(s, dice, family), one_of(s, dice, family),
		s->services.at[dice_roll(dice, (unsigned)s->services.count)] };
}

/* In a range of SET, mostly at its ends, sometimes just over them. */
static u128 near(struct dice *dice, struct ranges set, u128 last)
{
	struct range r = set.at[dice_roll(dice, (unsigned)set.count)];

	switch (dice_roll(dice, 8)) {
	case 0:  return r.lo ? r.lo - 1 : r.lo;
	case 1:  return r.hi < last ? r.hi + 1 : r.hi;
	case 2:  return r.lo + (r.hi - r.lo) / 2;
	case 3: case 4: case 5:
		 return r.lo;
	default: return r.hi;
	}
}

struct packet sampler_near(struct dice *dice, enum family family,
			   const struct boxes *boxes)
{
	const struct box *b = &boxes->at[dice_roll(dice,
						   (unsigned)boxes->count)];

	return (struct packet){
		family, near(dice, b->src, family_last(family)),
		near(dice, b->dst, family_last(family)),
		(uint32_t)near(dice, b->svc, SERVICE_LAST) };
}
