/*
 * A rule is brought to a list of conditions, each a range for every part of a
 * packet; a match narrows each of them in as many ways as it has elements.
 * What neither packet nor context decides is never guessed: the view gets a
 * culprit.
 */
#include "backends/nft/match.h"

#include "compiler/base/addr.h"

enum { CONDITIONS_MOST = 1 << 20 };	/* of one rule */

/* Where a field's value is: in the packet, known by the view, or in the context. */
enum place {
	SRC, DST, PROTO, DPORT, TYPE, CODE,
	PACKET_PLACES,
	FAMILY = PACKET_PLACES, STATE, HOP_LIMIT, SOURCE_PORT, INTERFACE, IPSEC,
};

/*
 * Naming a field also asks for what the field is part of: nft adds the check
 * of family and protocol by itself.
 */
static const struct {
	enum place place;
	int family, protocol;		/* -1: of any */
	bool of_ports;			/* only tcp and udp have it */
} fields[NFT_FIELDS] = {
	[NFT_NFPROTO]	   = { FAMILY,	    -1,	  -1,	       false },
	[NFT_L4PROTO]	   = { PROTO,	    -1,	  -1,	       false },
	[NFT_IP_SADDR]	   = { SRC,	    IPV4, -1,	       false },
	[NFT_IP_DADDR]	   = { DST,	    IPV4, -1,	       false },
	[NFT_IP6_SADDR]	   = { SRC,	    IPV6, -1,	       false },
	[NFT_IP6_DADDR]	   = { DST,	    IPV6, -1,	       false },
	[NFT_IP6_HOPLIMIT] = { HOP_LIMIT,   IPV6, -1,	       false },
	[NFT_TH_SPORT]	   = { SOURCE_PORT, -1,	  -1,	       true },
	[NFT_TH_DPORT]	   = { DPORT,	    -1,	  -1,	       true },
	[NFT_TCP_SPORT]	   = { SOURCE_PORT, -1,	  PROTO_TCP,   true },
	[NFT_TCP_DPORT]	   = { DPORT,	    -1,	  PROTO_TCP,   true },
	[NFT_UDP_SPORT]	   = { SOURCE_PORT, -1,	  PROTO_UDP,   true },
	[NFT_UDP_DPORT]	   = { DPORT,	    -1,	  PROTO_UDP,   true },
	[NFT_ICMP_TYPE]	   = { TYPE,	    IPV4, PROTO_ICMP,  false },
	[NFT_ICMP_CODE]	   = { CODE,	    IPV4, PROTO_ICMP,  false },
	[NFT_ICMPV6_TYPE]  = { TYPE,	    IPV6, PROTO_ICMP6, false },
	[NFT_ICMPV6_CODE]  = { CODE,	    IPV6, PROTO_ICMP6, false },
	[NFT_CT_STATE]	   = { STATE,	    -1,	  -1,	       false },
	[NFT_IIF]	   = { INTERFACE,   -1,	  -1,	       false },
	[NFT_OIF]	   = { INTERFACE,   -1,	  -1,	       false },
	[NFT_IPSEC]	   = { IPSEC,	    -1,	  -1,	       false },
};

/* Packets that have a value of each range, none of which is empty. */
struct condition {
	struct range at[PACKET_PLACES];
	bool of_ports;
};

struct conditions {
	struct condition *at;
	size_t count, cap;
};

static void cannot_tell(struct nft_view *v, const struct nft_rule *rule,
			const char *why)
{
	if (v->culprit)
		return;
	v->culprit = rule;
	v->why = why;
}

/* --- fields --- */

static bool is_context_field(enum nft_field field)
{
	return fields[field].place > FAMILY;
}

static bool is_packet_field(enum nft_field field)
{
	return fields[field].place < PACKET_PLACES;
}

/* The number that FIELD, not a packet field, has in CONTEXT. */
static unsigned value_in(const struct nft_view *v, enum nft_field field,
			 const struct nft_context *context)
{
	switch (fields[field].place) {
	case FAMILY:
		return v->family == IPV4 ? NFT_FAMILY_IPV4 : NFT_FAMILY_IPV6;
	case STATE:
		return context->state;
	case HOP_LIMIT:
		return context->hop_limit;
	case SOURCE_PORT:
		return context->source_port;
	case INTERFACE:
		return context->loopback ? NFT_LOOPBACK : NFT_LOOPBACK + 1;
	case IPSEC:
		return context->ipsec ? NFT_EXISTS : NFT_MISSING;
	case SRC: case DST: case PROTO: case DPORT: case TYPE: case CODE:
		break;
	}
	return 0;
}

/* Do the fields of E that are not the packet's hold in CONTEXT? */
static bool holds(const struct nft_view *v, const struct nft_match *m,
		  const struct nft_element *e,
		  const struct nft_context *context)
{
	for (unsigned i = 0; i < m->width; i++) {
		u128 value = value_in(v, m->fields[i], context);

		if (!is_packet_field(m->fields[i]) &&
		    (value < e->key[i].lo || value > e->key[i].hi))
			return false;
	}
	return true;
}

/* Of a match on one field that is not the packet's. */
static bool match_holds(const struct nft_view *v, const struct nft_match *m,
			const struct nft_context *context)
{
	for (size_t i = 0; i < m->set->elements.count; i++)
		if (holds(v, m, &m->set->elements.at[i], context))
			return !m->negated;
	return m->negated;
}

/* --- conditions --- */

/* No more than the family says. */
static struct condition everything(const struct nft_view *v)
{
	struct range addresses = { 0, family_last(v->family) };
	struct range byte = { 0, 255 }, word = { 0, 65535 };

	return (struct condition){
		.at = { [SRC] = addresses, [DST] = addresses, [PROTO] = byte,
			[DPORT] = word, [TYPE] = byte, [CODE] = byte } };
}

/* The values in both ranges; false when there are none. */
static bool narrow(struct range *r, struct range by)
{
	if (by.lo > r->lo)
		r->lo = by.lo;
	if (by.hi < r->hi)
		r->hi = by.hi;
	return r->lo <= r->hi;
}

static bool narrow_all(struct condition *c, const struct condition *by)
{
	c->of_ports |= by->of_ports;
	for (int i = 0; i < PACKET_PLACES; i++)
		if (!narrow(&c->at[i], by->at[i]))
			return false;
	return true;
}

/* What naming the fields of M asks for; false when no packet can have it. */
static bool implied(const struct nft_view *v, const struct nft_match *m,
		    struct condition *c)
{
	*c = everything(v);
	for (unsigned i = 0; i < m->width; i++) {
		int family = fields[m->fields[i]].family;
		int protocol = fields[m->fields[i]].protocol;
		struct range only = { (unsigned)protocol, (unsigned)protocol };

		if (family >= 0 && family != (int)v->family)
			return false;
		if (protocol >= 0 && !narrow(&c->at[PROTO], only))
			return false;
		c->of_ports |= fields[m->fields[i]].of_ports;
	}
	return true;
}

/* None yet, with room for COUNT. */
static struct conditions room_for(struct nft_view *v, size_t count)
{
	return (struct conditions){
		.at = arena_array(v->scratch, count, sizeof(struct condition)),
		.cap = count };
}

static void add_element(struct nft_view *v, const struct nft_match *m,
			const struct nft_element *e, struct condition c,
			struct conditions *out)
{
	for (unsigned i = 0; i < m->width; i++)
		if (is_packet_field(m->fields[i]) &&
		    !narrow(&c.at[fields[m->fields[i]].place], e->key[i]))
			return;
	*LIST_PUSH(v->scratch, out) = c;
}

/* "!=" on one field of the packet: the values of its type outside the set. */
static void add_others(struct nft_view *v, const struct nft_match *m,
		       struct condition c, struct conditions *out)
{
	struct range all = everything(v).at[fields[m->fields[0]].place];
	struct ranges rest = ranges_one(v->scratch, all.lo, all.hi);
	size_t count = m->set->elements.count;
	struct range *named = arena_array(v->scratch, count, sizeof *named);

	for (size_t i = 0; i < count; i++)
		named[i] = m->set->elements.at[i].key[0];
	rest = ranges_minus(v->scratch, rest,
			    ranges_of(v->scratch, named, count));
	for (size_t i = 0; i < rest.count; i++) {
		struct nft_element e = { .key = { rest.at[i] } };

		add_element(v, m, &e, c, out);
	}
}

/*
 * Addresses alone are no reason to multiply conditions: a box takes them all
 * at once.
 */
static bool is_filter(const struct nft_match *m)
{
	enum place place = fields[m->fields[0]].place;

	return m->width == 1 && !m->negated && m->set->elements.count > 1 &&
	       (place == SRC || place == DST);
}

/* The addresses that the filters of RULE on PLACE leave. */
static struct ranges filtered(struct nft_view *v, const struct nft_rule *rule,
			      enum place place)
{
	struct ranges left = family_all(v->kept, v->family);

	for (size_t i = 0; i < rule->matches.count; i++) {
		const struct nft_match *m = &rule->matches.at[i];
		size_t count = m->set->elements.count;
		struct range *named;

		if (!is_filter(m) || fields[m->fields[0]].place != place)
			continue;
		named = arena_array(v->scratch, count, sizeof *named);
		for (size_t k = 0; k < count; k++)
			named[k] = m->set->elements.at[k].key[0];
		left = ranges_meet(v->kept, left,
				   ranges_of(v->scratch, named, count));
	}
	return left;
}

/* The packets for which M holds in CONTEXT, but for what filters say. */
static struct conditions match_conditions(struct nft_view *v,
					  const struct nft_match *m,
					  const struct nft_context *context)
{
	struct conditions out = room_for(v, m->set->elements.count + 1);
	struct condition c;

	if (!implied(v, m, &c))
		return out;
	if (is_filter(m)) {
		*LIST_PUSH(v->scratch, &out) = c;
		return out;
	}
	if (m->width == 1 && !is_packet_field(m->fields[0])) {
		if (match_holds(v, m, context))
			*LIST_PUSH(v->scratch, &out) = c;
		return out;
	}
	if (m->negated) {
		add_others(v, m, c, &out);
		return out;
	}
	for (size_t i = 0; i < m->set->elements.count; i++)
		if (holds(v, m, &m->set->elements.at[i], context))
			add_element(v, m, &m->set->elements.at[i], c, &out);
	return out;
}

/* All that hold in A and in B. */
static struct conditions both_hold(struct nft_view *v, struct conditions a,
				   struct conditions b)
{
	struct conditions out = room_for(v, a.count * b.count);

	for (size_t i = 0; i < a.count; i++)
		for (size_t j = 0; j < b.count; j++) {
			struct condition c = a.at[i];

			if (narrow_all(&c, &b.at[j]))
				*LIST_PUSH(v->scratch, &out) = c;
		}
	return out;
}

static struct conditions rule_conditions(struct nft_view *v,
					 const struct nft_rule *rule,
					 const struct nft_context *context)
{
	struct conditions all = room_for(v, 1);

	*LIST_PUSH(v->scratch, &all) = everything(v);
	for (size_t i = 0; i < rule->matches.count; i++) {
		struct conditions more = match_conditions(
			v, &rule->matches.at[i], context);

		if (i && more.count > CONDITIONS_MOST / (all.count + 1)) {
			cannot_tell(v, rule, "too many combinations in one "
				    "rule");
			return room_for(v, 0);
		}
		all = i ? both_hold(v, all, more) : more;
	}
	return all;
}

/* --- packets --- */

static void add_keys(struct nft_view *v, struct ranges *out, unsigned protocol,
		     unsigned lo, unsigned hi)
{
	*out = ranges_union(v->kept, *out,
			    ranges_one(v->kept, service_key(protocol, lo),
				       service_key(protocol, hi)));
}

/* `th dport` reads two bytes of any protocol: only of these are they a port. */
static struct ranges port_services(struct nft_view *v,
				   const struct nft_rule *rule,
				   const struct condition *c)
{
	struct ranges out = NO_RANGES;

	for (unsigned p = (unsigned)c->at[PROTO].lo; p <= c->at[PROTO].hi; p++) {
		if (!service_has_ports(p)) {
			cannot_tell(v, rule, arena_printf(v->kept,
				"ports of protocol %u, which is neither tcp "
				"nor udp", p));
			return NO_RANGES;
		}
		add_keys(v, &out, p, (unsigned)c->at[DPORT].lo,
			 (unsigned)c->at[DPORT].hi);
	}
	return out;
}

static bool is_whole(const struct nft_view *v, const struct condition *c,
		     enum place place)
{
	struct range all = everything(v).at[place];

	return c->at[place].lo == all.lo && c->at[place].hi == all.hi;
}

static struct ranges icmp_services(struct nft_view *v,
				   const struct condition *c)
{
	unsigned protocol = (unsigned)c->at[PROTO].lo;
	unsigned first = (unsigned)c->at[CODE].lo;
	unsigned last = (unsigned)c->at[CODE].hi;
	struct ranges out = NO_RANGES;

	if (is_whole(v, c, CODE))
		add_keys(v, &out, protocol, (unsigned)c->at[TYPE].lo << 8,
			 (unsigned)c->at[TYPE].hi << 8 | 0xff);
	else
		for (unsigned t = (unsigned)c->at[TYPE].lo;
		     t <= c->at[TYPE].hi; t++)
			add_keys(v, &out, protocol, t << 8 | first,
				 t << 8 | last);
	return out;
}

static struct ranges services(struct nft_view *v, const struct nft_rule *rule,
			      const struct condition *c)
{
	if (c->of_ports)
		return port_services(v, rule, c);
	/* only fields of ICMP narrow these, and they narrow the protocol too */
	if (!is_whole(v, c, TYPE) || !is_whole(v, c, CODE))
		return icmp_services(v, c);
	return ranges_one(v->kept, service_key((unsigned)c->at[PROTO].lo, 0),
			  service_key((unsigned)c->at[PROTO].hi, 0xffff));
}

/* R within ADDRESSES, which are all there are when nothing filters. */
static struct ranges within(struct nft_view *v, struct range *r,
			    struct ranges addresses)
{
	struct ranges one = { r, 1 };

	return ranges_include(addresses, one) ? one
	       : ranges_meet(v->kept, addresses, one);
}

struct boxes nft_rule_boxes(struct nft_view *v, const struct nft_rule *rule,
			    const struct nft_context *context)
{
	struct conditions all = rule_conditions(v, rule, context);
	struct range *ends = arena_array(v->kept, all.count, 2 * sizeof *ends);
	struct ranges src = NO_RANGES, dst = NO_RANGES;
	struct boxes out = {
		.at = arena_array(v->kept, all.count, sizeof *out.at),
		.cap = all.count };

	if (all.count) {
		src = filtered(v, rule, SRC);
		dst = filtered(v, rule, DST);
	}
	for (size_t i = 0; i < all.count; i++, ends += 2) {
		ends[0] = all.at[i].at[SRC];
		ends[1] = all.at[i].at[DST];
		boxes_add(v->kept, &out, within(v, &ends[0], src),
			  within(v, &ends[1], dst),
			  services(v, rule, &all.at[i]));
	}
	return out;
}

/* --- the context's say --- */

static bool has_context_field(const struct nft_match *m)
{
	for (unsigned i = 0; i < m->width; i++)
		if (is_context_field(m->fields[i]))
			return true;
	return false;
}

static bool has_packet_field(const struct nft_match *m)
{
	/* several fields at once are looked at as a packet's, to be simple */
	return m->width > 1 || is_packet_field(m->fields[0]) ||
	       fields[m->fields[0]].of_ports;
}

/* Can no packet of the family match, whatever the context? */
static bool is_dead(const struct nft_view *v, const struct nft_match *m)
{
	static const struct nft_context any;
	struct condition c;

	return !implied(v, m, &c) ||
	       (m->width == 1 && fields[m->fields[0]].place == FAMILY &&
		!match_holds(v, m, &any));
}

struct nft_regard nft_rule_regard(const struct nft_view *v,
				  const struct nft_rule *rule)
{
	struct nft_regard regard = { .context = rule->map != NULL };

	for (size_t i = 0; i < rule->matches.count; i++) {
		const struct nft_match *m = &rule->matches.at[i];

		regard.dead |= is_dead(v, m);
		regard.context |= has_context_field(m);
		regard.packet |= has_packet_field(m);
	}
	return regard;
}

bool nft_rule_holds(const struct nft_view *v, const struct nft_rule *rule,
		    const struct nft_context *context)
{
	for (size_t i = 0; i < rule->matches.count; i++)
		if (!match_holds(v, &rule->matches.at[i], context))
			return false;
	return true;
}

void nft_rule_signature(const struct nft_view *v, const struct nft_rule *rule,
			struct text *out, const struct nft_context *context)
{
	for (size_t i = 0; i < rule->matches.count; i++) {
		const struct nft_match *m = &rule->matches.at[i];

		if (!has_context_field(m))
			continue;
		for (size_t j = 0; j < m->set->elements.count; j++)
			text_putc(out, holds(v, m, &m->set->elements.at[j],
					     context) ? '1' : '0');
	}
}

static void cut_field(struct arena *arena, enum place place,
		      struct range range, struct nft_cuts *cuts)
{
	if (place == HOP_LIMIT)
		nft_cut_hop_limits(arena, cuts, range);
	if (place == SOURCE_PORT)
		nft_cut_source_ports(arena, cuts, range);
	cuts->ipsec |= place == IPSEC;
}

void nft_rule_cuts(struct arena *arena, const struct nft_rule *rule,
		   struct nft_cuts *cuts)
{
	for (size_t i = 0; i < rule->matches.count; i++) {
		const struct nft_match *m = &rule->matches.at[i];

		if (!has_context_field(m))
			continue;
		for (size_t j = 0; j < m->set->elements.count; j++)
			for (unsigned k = 0; k < m->width; k++)
				cut_field(arena, fields[m->fields[k]].place,
					  m->set->elements.at[j].key[k], cuts);
	}
}

/* --- what the text leaves open --- */

static const char *match_unclear(const struct nft_match *m, enum nft_hook hook)
{
	if (m->negated && m->width > 1)
		return "`!=` on several fields at once is not understood";
	for (unsigned i = 0; i < m->width; i++)
		if ((m->fields[i] == NFT_IIF && hook != NFT_INPUT) ||
		    (m->fields[i] == NFT_OIF && hook != NFT_OUTPUT))
			return "an interface that a packet on this hook does "
			       "not have";
		else if (m->fields[i] == NFT_IPSEC && hook == NFT_OUTPUT)
			return "IPsec of a packet that did not come in";
	return NULL;
}

static bool is_icmp_constant(const struct nft_match *m)
{
	const struct range *only = m->set->elements.count == 1 ?
				   &m->set->elements.at[0].key[0] : NULL;

	return m->width == 1 && m->fields[0] == NFT_L4PROTO && only &&
	       only->lo == only->hi &&
	       (only->lo == PROTO_ICMP || only->lo == PROTO_ICMP6);
}

static bool names_icmp(const struct nft_match *m)
{
	for (unsigned i = 0; i < m->width; i++)
		if (fields[m->fields[i]].place == TYPE ||
		    fields[m->fields[i]].place == CODE)
			return true;
	return is_icmp_constant(m);
}

static bool names_family(const struct nft_match *m)
{
	for (unsigned i = 0; i < m->width; i++)
		if (fields[m->fields[i]].place == FAMILY ||
		    (fields[m->fields[i]].family >= 0 &&
		     fields[m->fields[i]].protocol < 0))
			return true;
	return false;
}

/*
 * nft 1.0.6 leaves the check of the family out of its listing where ICMP seems
 * to imply it, and lists a rule that never had the check in the same words.
 */
static bool is_listed_exactly(const struct nft_rule *rule)
{
	bool icmp = false, family = false;

	for (size_t i = 0; i < rule->matches.count; i++) {
		icmp |= names_icmp(&rule->matches.at[i]);
		family |= names_family(&rule->matches.at[i]);
	}
	return !icmp || family;
}

const char *nft_rule_unclear(const struct nft_rule *rule, enum nft_hook hook)
{
	for (size_t i = 0; i < rule->matches.count; i++) {
		const char *why = match_unclear(&rule->matches.at[i], hook);

		if (why)
			return why;
	}
	if ((rule->verdict == NFT_SNAT) != (hook == NFT_POSTROUTING &&
					    rule->verdict != NFT_ACCEPT))
		return "a verdict that does not belong on this hook";
	if (!is_listed_exactly(rule))
		return "ICMP without an address: nft lists such a rule alike "
		       "whether it is for one family or both";
	return NULL;
}
