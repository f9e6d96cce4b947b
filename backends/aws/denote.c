/*
 * What a file of security groups admits, by AWS's documentation.
 *
 * "Security group rules" (VPC user guide): a rule admits its protocol and
 * ports to or from its peer; rules only add; a group applies to every
 * interface that carries it, which is every address of its layer (assumption
 * 1).  A group as peer stands for the addresses of both families of whoever
 * carries it; a prefix list for the entries that the policy declares for it.
 */
#include "backends/aws/aws.h"

#include "backends/aws/denote.h"
#include "backends/aws/expect.h"
#include "backends/aws/view.h"
#include "compiler/base/service.h"
#include "compiler/base/text.h"

#include <string.h>

struct denoting {
	struct arena *arena;
	const struct job *job;
	const struct ir *ir;
	const struct ir_space *space;
	const struct aws_model *model;
	struct zones zones;
	struct expect *expect;
	uint32_t *layer_of;		/* by group */
	struct both *list_of;		/* by list: its entries */
};

/* --- names --- */

static bool is_foreign(struct denoting *d, uint32_t group, const char *why)
{
	diag_add(d->job->diags, P0602, (struct span){ 0 }, why,
		 d->model->groups[group].key,
		 ir_space_name(d->arena, d->ir, d->space));
	return false;
}

/* The layer of the LEN bytes of NAME that has addresses here, or UINT32_MAX. */
static uint32_t layer_named(const struct denoting *d, const char *name,
			    size_t len)
{
	for (uint32_t i = 0; i < d->ir->layer_count; i++)
		if (strncmp(d->ir->layers[i].name, name, len) == 0 &&
		    !d->ir->layers[i].name[len] &&
		    !both_empty(d->space->layers[i]))
			return i;
	return UINT32_MAX;
}

/*
 * The layer of a group, or the first of several with a `.` between: they share
 * its interfaces.  INTO, by layer: which one stands for it, UINT32_MAX when no
 * group was found to be of it yet.
 */
static bool find_layers(struct denoting *d, uint32_t group, uint32_t *into)
{
	const char *names = d->model->groups[group].layer;
	uint32_t first = UINT32_MAX;

	for (size_t len; ; names += len + 1) {
		uint32_t layer;

		len = strcspn(names, ".");
		layer = layer_named(d, names, len);
		if (layer == UINT32_MAX)
			return is_foreign(d, group, "security group `%s` is of "
					  "a layer that %s does not have");
		if (into[layer] != UINT32_MAX)
			return is_foreign(d, group, "security group `%s` is of "
					  "a layer of %s that has one already");
		if (first == UINT32_MAX)
			first = layer;
		into[layer] = first;
		if (layer != first && !d->ir->layers[layer].shared_hosts)
			return is_foreign(d, group, "security group `%s` is of "
					  "layers of %s that share no hosts");
		if (!names[len])
			break;
	}
	d->layer_of[group] = first;
	return true;
}

/* The groups of one layer: the first stands for all of them. */
struct together {
	uint32_t first, count, seen;	/* seen: a bit a part */
	bool clash;			/* a part twice, or of other numbers */
};

/* By group: those of its layer. */
static const struct together **groups_together(const struct denoting *d)
{
	const struct together **of = arena_array(d->arena,
		d->model->group_count, sizeof *of);
	struct table layers = TABLE_IN(d->arena);

	for (uint32_t i = 0; i < d->model->group_count; i++) {
		const struct aws_group *g = &d->model->groups[i];
		void **place = table_at_name(&layers, g->layer);
		struct together *t = *place;

		if (!t) {
			t = *place = arena_alloc(d->arena, sizeof *t);
			t->first = i;
		}
		t->clash |= g->parts != d->model->groups[t->first].parts ||
			    (t->seen & 1u << g->part % 32);
		t->seen |= 1u << g->part % 32;
		t->count++;
		of[i] = t;
	}
	return of;
}

/*
 * Several groups of one layer say together what every interface of it may, as
 * each carries all: so all have to be here, each once.
 */
static bool find_group(struct denoting *d, uint32_t group,
		       const struct together *t, uint32_t *into)
{
	const struct aws_group *g = &d->model->groups[group];

	if (t->clash || t->count != (g->parts ? g->parts : 1))
		return is_foreign(d, group, "security group `%s` is of a layer "
				  "of %s whose groups are not each there once");
	if (t->first == group)
		return find_layers(d, group, into);
	d->layer_of[group] = d->layer_of[t->first];
	return true;
}

/* From here on layers of one group are one. */
static bool find_all_layers(struct denoting *d)
{
	uint32_t *into = arena_array(d->arena, d->ir->layer_count,
				     sizeof *into);
	const struct together **of = groups_together(d);
	bool good = true;

	memset(into, 0xff, d->ir->layer_count * sizeof *into);
	for (uint32_t i = 0; i < d->model->group_count; i++)
		good &= find_group(d, i, of[i], into);
	for (uint32_t i = 0; i < d->ir->layer_count; i++)
		if (into[i] == UINT32_MAX)
			into[i] = i;
	if (!good)
		return false;
	d->job = view_of(d->job, into);
	d->ir = d->job->ir;
	d->space = d->job->meaning->space;
	return true;
}

/* Is WRITTEN, where {region} stands for the region of the space, NAME? */
static bool is_named(const struct denoting *d, const char *written,
		     const char *name)
{
	static const char variable[] = "{region}";
	const char *region = d->space->region;

	while (*written) {
		if (strncmp(written, variable, sizeof variable - 1) == 0) {
			if (strncmp(name, region, strlen(region)) != 0)
				return false;
			name += strlen(region);
			written += sizeof variable - 1;
		} else if (*written++ != *name++) {
			return false;
		}
	}
	return !*name;
}

/* The network that a list stands for; who has its name must agree on it. */
static bool find_list(struct denoting *d, uint32_t list)
{
	const struct both *found = NULL;

	for (size_t i = 0; i < d->ir->network_count; i++) {
		const struct both *is = &d->space->networks[i];
		const char *written = d->ir->networks[i].prefix_list;

		if (!written || both_empty(*is) ||
		    !is_named(d, written, d->model->lists[list].name))
			continue;
		if (found && !both_equal(*found, *is))
			found = NULL;
		else
			found = is;
		if (!found)
			break;
	}
	if (found && ranges_empty(found->of[IPV4]) !=
		     ranges_empty(found->of[IPV6])) {
		d->list_of[list] = *found;
		return true;
	}
	diag_add(d->job->diags, P0602, (struct span){ 0 },
		 "prefix list `%s` is none whose entries %s declares",
		 d->model->lists[list].key,
		 ir_space_name(d->arena, d->ir, d->space));
	return false;
}

/* An account has lists that no rule refers to: those say nothing here. */
static bool *used_lists(const struct denoting *d)
{
	bool *used = arena_array(d->arena, d->model->list_count, sizeof *used);

	for (size_t i = 0; i < d->model->rule_count; i++) {
		const struct aws_peer *peer = &d->model->rules[i].is.peer;

		if (peer->kind == AWS_LIST)
			used[peer->index] = true;
	}
	return used;
}

static bool find_names(struct denoting *d)
{
	const bool *used = used_lists(d);
	bool good;

	d->layer_of = arena_array(d->arena, d->model->group_count,
				  sizeof *d->layer_of);
	d->list_of = arena_array(d->arena, d->model->list_count,
				 sizeof *d->list_of);
	good = find_all_layers(d);
	for (uint32_t i = 0; i < d->model->list_count; i++)
		good &= !used[i] || find_list(d, i);
	return good;
}

/* --- rules --- */

static struct ranges peer_addresses(const struct denoting *d,
				    const struct aws_peer *peer,
				    enum family family)
{
	struct range r;

	switch (peer->kind) {
	case AWS_PREFIX:
		if (peer->prefix.family != family)
			return NO_RANGES;
		r = prefix_range(peer->prefix);
		return ranges_one(d->arena, r.lo, r.hi);
	case AWS_LIST:
		return d->list_of[peer->index].of[family];
	case AWS_GROUP:
		return d->space->layers[d->layer_of[peer->index]].of[family];
	}
	return NO_RANGES;
}

static struct range keys(unsigned protocol, int lo, int hi)
{
	return (struct range){ service_key(protocol, (unsigned)lo),
			       service_key(protocol, (unsigned)hi) };
}

/*
 * The services of a rule between addresses of FAMILY.  A protocol is a number
 * in either family: AWS does not say that `icmp` leaves protocol 1 over IPv6
 * out, nor what type it would have there, so it is taken to admit all of it.
 */
static struct range admitted_services(enum family family,
				      const struct aws_service *s)
{
	unsigned protocol = (unsigned)s->protocol;

	if (s->protocol == AWS_ALL)
		return (struct range){ 0, SERVICE_LAST };
	if (protocol == PROTO_TCP || protocol == PROTO_UDP)
		return keys(protocol, s->from, s->to);
	if (protocol != (family == IPV4 ? PROTO_ICMP : PROTO_ICMP6) ||
	    s->from == AWS_ALL)
		return keys(protocol, 0, 65535);
	if (s->to == AWS_ALL)
		return keys(protocol, s->from * 256, s->from * 256 + 255);
	return keys(protocol, s->from * 256 + s->to, s->from * 256 + s->to);
}

static struct admitted admit(const struct denoting *d, enum family family)
{
	struct admitted a = { .family = family };

	for (int i = 0; i < AWS_DIRECTIONS; i++)
		a.of[i] = arena_array(d->arena, d->ir->layer_count,
				      sizeof *a.of[i]);
	for (size_t i = 0; i < d->model->rule_count; i++) {
		const struct aws_permission *is = &d->model->rules[i].is;
		struct range svc = admitted_services(family, &is->service);
		struct half half = {
			.peer = peer_addresses(d, &is->peer, family),
			.svc = ranges_one(d->arena, svc.lo, svc.hi),
		};

		if (!ranges_empty(half.peer))
			*LIST_PUSH(d->arena, &a.of[is->direction]
				   [d->layer_of[is->group]]) = half;
	}
	return a;
}

/* --- sides --- */

/* By layer: who lets what out to it. */
static struct lets *lets_of(struct denoting *d, const struct admitted *a)
{
	struct lets *lets = arena_array(d->arena, d->ir->layer_count,
					sizeof *lets);

	for (uint32_t from = 0; from < d->ir->layer_count; from++) {
		const struct halves *out = &a->of[AWS_EGRESS][from];

		for (size_t i = 0; i < out->count; i++) {
			const struct zone *z = zone_of(&d->zones, a->family,
						       out->at[i].peer);

			for (size_t j = 0; j < z->layer_count; j++)
				*LIST_PUSH(d->arena, &lets[z->layers[j]]) =
					(struct let){ from, out->at[i].svc.at[0] };
		}
	}
	return lets;
}

/* What the group of LAYER admits by itself. */
static struct boxes alone(const struct denoting *d, const struct admitted *a,
			  uint32_t layer, enum aws_direction direction)
{
	const struct halves *halves = &a->of[direction][layer];
	struct ranges near = d->space->layers[layer].of[a->family];
	struct boxes boxes = { 0 };

	for (size_t i = 0; i < halves->count; i++) {
		const struct half *h = &halves->at[i];

		if (direction == AWS_INGRESS)
			boxes_add(d->arena, &boxes, h->peer, near, h->svc);
		else
			boxes_add(d->arena, &boxes, near, h->peer, h->svc);
	}
	return boxes;
}

static void add_composed(struct denoting *d, const struct admitted *a,
			 struct sides *out)
{
	struct side *side = LIST_PUSH(d->arena, out);

	side->label = arena_printf(d->arena, "composed, %s",
				   family_name(a->family));
	side->family = a->family;
	side->admitted = compose(&d->zones, a);
	expect_composed(d->expect, a->family, &side->must, &side->may);
}

static void add_group(struct denoting *d, const struct admitted *a,
		      const struct lets *lets, uint32_t layer,
		      enum aws_direction direction, struct sides *out)
{
	struct side *side;

	if (ranges_empty(d->space->layers[layer].of[a->family]))
		return;
	side = LIST_PUSH(d->arena, out);
	side->label = arena_printf(d->arena, "%s: %s, %s",
				   d->ir->layers[layer].name,
				   direction == AWS_INGRESS ? "ingress" :
							      "egress",
				   family_name(a->family));
	side->family = a->family;
	side->admitted = alone(d, a, layer, direction);
	expect_group(d->expect, a->family, layer, direction, &lets[layer],
		     &side->must, &side->may);
}

bool aws_denote(const struct job *job, const struct aws_model *model,
		struct sides *out)
{
	struct denoting d = { .arena = job->arena, .job = job, .ir = job->ir,
			      .space = job->meaning->space, .model = model };
	struct admitted admitted[FAMILIES];
	struct lets *lets[FAMILIES];

	if (!find_names(&d))
		return false;
	zones_begin(&d.zones, d.job);
	d.expect = expect_begin(d.job, &d.zones);
	for (enum family f = IPV4; f < FAMILIES; f++) {
		admitted[f] = admit(&d, f);
		lets[f] = lets_of(&d, &admitted[f]);
		add_composed(&d, &admitted[f], out);
	}
	for (uint32_t layer = 0; layer < d.ir->layer_count; layer++)
		for (enum family f = IPV4; f < FAMILIES; f++)
			for (int i = 0; i < AWS_DIRECTIONS; i++)
				add_group(&d, &admitted[f], lets[f], layer,
					  (enum aws_direction)i, out);
	aws_denote_default_group(job, model, out);
	return true;
}

/* --- which rule it was --- */

static bool admits(const struct denoting *d, const struct aws_permission *is,
		   const struct packet *p)
{
	struct range svc = admitted_services(p->family, &is->service);
	bool in = is->direction == AWS_INGRESS;

	return svc.lo <= p->svc && p->svc <= svc.hi &&
	       ranges_have(d->space->layers[d->layer_of[is->group]]
				   .of[p->family], in ? p->dst : p->src) &&
	       ranges_have(peer_addresses(d, &is->peer, p->family),
			   in ? p->src : p->dst);
}

/* A foreign file's words go to a terminal: nothing but plain characters. */
static void add_plain(struct text *text, const char *words)
{
	for (size_t i = 0; words[i] && i < 80; i++)
		text_putc(text, words[i] >= ' ' && words[i] <= '~' ? words[i] :
								     '?');
}

static void add_rule(const struct denoting *d, struct text *text,
		     const struct aws_rule *rule)
{
	const struct aws_peer *peer = &rule->is.peer;
	bool in = rule->is.direction == AWS_INGRESS;
	char prefix[ADDR_TEXT];

	text_puts(text, text->len ? "\n" : "");
	add_plain(text, d->model->groups[rule->is.group].layer);
	text_puts(text, in ? ", inbound from " : ", outbound to ");
	switch (peer->kind) {
	case AWS_PREFIX:
		text_puts(text, prefix_text(peer->prefix, prefix));
		break;
	case AWS_LIST:
		add_plain(text, d->model->lists[peer->index].name);
		break;
	case AWS_GROUP:
		add_plain(text, d->model->groups[peer->index].layer);
		break;
	}
	text_puts(text, ": ");
	add_plain(text, rule->key);
	if (*rule->description) {
		text_puts(text, ", \"");
		add_plain(text, rule->description);
		text_puts(text, "\"");
	} else if (rule->names && *rule->names) {
		text_puts(text, ", of ");
		add_plain(text, rule->names);
	}
}

const char *aws_blame(const struct job *job, const struct aws_model *model,
		      const struct packet *packet)
{
	struct denoting d = { .arena = job->arena, .job = job, .ir = job->ir,
			      .space = job->meaning->space, .model = model };
	struct text text = TEXT_IN(job->arena);

	if (!find_names(&d))
		return "";
	for (size_t i = 0; i < model->rule_count; i++)
		if (admits(&d, &model->rules[i].is, packet))
			add_rule(&d, &text, &model->rules[i]);
	return text_string(&text);
}
