/* Which rules of a file admit a packet, for people. */
#include "backends/aws/aws.h"

#include "backends/aws/denoting.h"
#include "compiler/base/text.h"

static bool admits(const struct denoting *d, const struct aws_permission *is,
		   const struct packet *p)
{
	struct range svc = admitted_services(p->family, &is->service);
	bool in = is->direction == AWS_INGRESS;
	uint32_t layer = d->layer_of[is->group];
	struct ranges near = layer == UINT32_MAX
		? NO_RANGES : d->space->layers[layer].of[p->family];

	return svc.lo <= p->svc && p->svc <= svc.hi &&
	       (ranges_empty(near) ||
		ranges_have(near, in ? p->dst : p->src)) &&
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

static void add_far_group(const struct denoting *d, struct text *text,
			  uint32_t group)
{
	const struct aws_group *g = &d->model->groups[group];

	switch (g->standing) {
	case AWS_LAYER:
		add_plain(text, g->layer);
		return;
	case AWS_PEERED:
		text_puts(text, ir_space_name(d->arena, d->ir,
					      &d->ir->spaces[g->space]));
		text_putc(text, '.');
		add_plain(text, g->layer);
		return;
	case AWS_STRANGER:
	case AWS_DEFAULT:
		text_puts(text, "the group ");
		add_plain(text, g->key);
		if (*g->name) {
			text_puts(text, " (");
			add_plain(text, g->name);
			text_putc(text, ')');
		}
		text_puts(text, ", which is nobody's here");
		return;
	}
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
		add_far_group(d, text, peer->index);
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
	struct denoting d;
	struct text text = TEXT_IN(job->arena);

	if (!denoting_begin(&d, job, model))
		return "";
	for (size_t i = 0; i < model->rule_count; i++)
		if (admits(&d, &model->rules[i].is, packet))
			add_rule(&d, &text, &model->rules[i]);
	return text_string(&text);
}
