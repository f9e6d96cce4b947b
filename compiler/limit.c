#include "compiler/limit.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { NAMED_MOST = 3 };

/* The rules with the most ranges, the costliest first. */
struct costly {
	struct {
		uint32_t rule;
		uint64_t cost;
	} at[NAMED_MOST];
	size_t named;
};

/* Has FLOW a part in what is worst AT? */
static bool is_there(const struct ir_flow *flow, const struct arena_worst *at)
{
	switch (at->kind) {
	case WORST_NOWHERE:
		return false;
	case WORST_ANYWHERE:
		return true;
	case WORST_ADDRESS:
		return (int)flow->family == at->family &&
		       (ranges_have(flow->src, at->at) ||
			ranges_have(flow->dst, at->at));
	case WORST_SERVICE:
		return (int)flow->family == at->family &&
		       ranges_have(flow->svc, at->at);
	}
	return false;
}

/* Overlapping is by the ranges of either end, crossing by sources and services. */
static uint64_t cost_of(const struct ir_flow *flow,
			const struct arena_worst *at)
{
	if (at->kind == WORST_SERVICE)
		return flow->svc.count;
	if (at->kind == WORST_ADDRESS)
		return flow->src.count + flow->dst.count;
	return (uint64_t)flow->src.count * flow->svc.count;
}

/* Flows of one rule need not follow each other: RULE may be named already. */
static void name(struct costly *c, uint32_t rule, uint64_t cost)
{
	size_t i = 0, from;

	while (i < c->named && c->at[i].rule != rule)
		i++;
	if (i < c->named && c->at[i].cost >= cost)
		return;
	from = i < c->named ? i : c->named < NAMED_MOST ? c->named++ :
	       NAMED_MOST;
	for (i = 0; i < from && c->at[i].cost >= cost; i++)
		;
	if (i == NAMED_MOST)
		return;
	if (from == NAMED_MOST)
		from--;
	memmove(&c->at[i + 1], &c->at[i], (from - i) * sizeof *c->at);
	c->at[i].rule = rule;
	c->at[i].cost = cost;
}

static struct costly find(const struct ir *ir, const struct arena_worst *at)
{
	struct costly c = { 0 };

	for (size_t i = 0; i < ir->flow_count; i++) {
		const struct ir_flow *f = &ir->flows[i];

		if (is_there(f, at))
			name(&c, f->rule, cost_of(f, at));
	}
	return c;
}

static void add(char *out, size_t size, const char *format, ...)
{
	size_t len = strlen(out);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(out + len, size - len, format, args);	/* cut is fine */
	va_end(args);
}

void limit_tell(const struct arena *arena, const struct ir *ir, char *out,
		size_t size)
{
	struct arena_worst at;
	const char *why = arena_refusal(arena, &at);
	struct costly c = { 0 };

	*out = '\0';
	if (!*why)
		return;
	add(out, size, "%s", why);
	if (ir)
		c = find(ir, &at);
	for (size_t i = 0; i < c.named; i++)
		add(out, size, "%s`%.120s`", i ? ", " : "; the rules that cost most: ",
		    ir->rules[c.at[i].rule].name);
	if (c.named)
		add(out, size, ": give these fewer or nested prefixes and ports, "
		    "or split the policy");
}
