/* Copies of the parts of the IR that speak of layers, changed. */
#include "backends/aws/view.h"

#include "compiler/base/text.h"

#include <assert.h>

struct view {
	struct job job;
	struct ir ir;
	struct ir_space space;
	struct meaning meaning;
};

static bool changes_nothing(const struct ir *ir, const uint32_t *into)
{
	for (uint32_t i = 0; i < ir->layer_count; i++)
		if (into[i] != i)
			return false;
	return true;
}

/* The names of all that LAYER stands for. */
static const char *name_of(struct arena *arena, const struct ir *ir,
			   const uint32_t *into, uint32_t layer)
{
	struct text name = TEXT_IN(arena);

	for (uint32_t i = 0; i < ir->layer_count; i++) {
		if (into[i] != layer)
			continue;
		if (name.len)
			text_putc(&name, '.');
		text_puts(&name, ir->layers[i].name);
	}
	return text_string(&name);
}

static void put_together(struct view *v, const struct job *job,
			 const uint32_t *into)
{
	struct arena *arena = job->arena;
	size_t count = job->ir->layer_count;
	struct ir_layer *layers = arena_array(arena, count, sizeof *layers);
	struct both *hosts = arena_array(arena, count, sizeof *hosts);
	const struct both *before = job->meaning->space->layers;

	for (uint32_t i = 0; i < count; i++) {
		layers[i] = job->ir->layers[i];
		if (into[i] == i)
			layers[i].name = name_of(arena, job->ir, into, i);
		hosts[into[i]] = both_union(arena, hosts[into[i]], before[i]);
	}
	v->ir.layers = layers;
	v->space.layers = hosts;
}

const struct job *view_of(const struct job *job, const uint32_t *into)
{
	struct view *v;

	if (changes_nothing(job->ir, into))
		return job;
	v = arena_alloc(job->arena, sizeof *v);
	v->ir = *job->ir;
	v->space = *job->meaning->space;
	v->meaning = *job->meaning;
	v->job = *job;
	put_together(v, job, into);
	v->meaning.ir = v->job.ir = &v->ir;
	v->meaning.space = &v->space;
	v->job.meaning = &v->meaning;
	/* nobody may fall out of the layers: his rules would vanish unseen */
	assert(both_equal(ir_space_layers(job->arena, job->ir,
					  job->meaning->space),
			  ir_space_layers(job->arena, &v->ir, &v->space)));
	return &v->job;
}

static bool overlap(const struct both *a, const struct both *b)
{
	return ranges_touch(a->of[IPV4], b->of[IPV4]) ||
	       ranges_touch(a->of[IPV6], b->of[IPV6]);
}

const uint32_t *view_shared(const struct job *job)
{
	const struct ir *ir = job->ir;
	const struct both *hosts = job->meaning->space->layers;
	uint32_t *into = arena_array(job->arena, ir->layer_count, sizeof *into);

	for (uint32_t i = 0; i < ir->layer_count; i++) {
		into[i] = i;
		for (uint32_t k = 0; ir->layers[i].shared_hosts && k < i; k++) {
			uint32_t from = into[i] > into[k] ? into[i] : into[k];
			uint32_t to = into[i] < into[k] ? into[i] : into[k];

			if (from == to || !ir->layers[k].shared_hosts ||
			    !overlap(&hosts[i], &hosts[k]))
				continue;
			for (uint32_t m = 0; m <= i; m++)
				if (into[m] == from)
					into[m] = to;
		}
	}
	return into;
}

/* Of some layers of one group: does SET have all or none, or tell them apart? */
struct parting {
	uint32_t in, out;	/* layers; UINT32_MAX: not found */
};

/* One that SET has as a whole beside one it has not; one it meets, one not. */
static bool parts(const struct job *job, const uint32_t *into, uint32_t group,
		  enum family family, struct ranges set, struct parting *out)
{
	struct parting whole = { UINT32_MAX, UINT32_MAX }, met = whole;

	for (uint32_t i = 0; i < job->ir->layer_count; i++) {
		struct ranges is = job->meaning->space->layers[i].of[family];

		if (into[i] != group || ranges_empty(is))
			continue;
		*(ranges_include(set, is) ? &whole.in : &whole.out) = i;
		*(ranges_touch(set, is) ? &met.in : &met.out) = i;
	}
	*out = whole.in != UINT32_MAX && whole.out != UINT32_MAX ? whole : met;
	return out->in != UINT32_MAX && out->out != UINT32_MAX;
}

static bool tells_apart(const struct job *job, const uint32_t *into,
			const struct ir_claim_box *box, struct parting *out)
{
	for (uint32_t g = 0; g < job->ir->layer_count; g++)
		if (into[g] == g &&
		    (parts(job, into, g, box->family, box->src, out) ||
		     parts(job, into, g, box->family, box->dst, out)))
			return true;
	return false;
}

static void tell(const struct job *job, const struct ir_invariant *invariant,
		 const struct parting *p)
{
	const struct ir_layer *layers = job->ir->layers;
	struct diag *d = diag_add(job->diags, P0505, invariant->name_span,
		"`%s` tells `%s` and `%s` apart, which share one security "
		"group in %s", invariant->name, layers[p->in].name,
		layers[p->out].name,
		ir_space_name(job->arena, job->ir, job->meaning->space));

	diag_note(d, layers[p->in].span, "these hosts");
	diag_note(d, layers[p->out].span, "and these are partly the same");
	diag_help(d, "give each service hosts or interfaces of its own, or name "
		  "both layers in the invariant");
}

/* Does it forbid packets by their ends?  The others count or compare. */
static bool forbids(const struct ir_invariant *invariant)
{
	switch (invariant->kind) {
	case CLAIM_NEVER:
	case CLAIM_ONLY:
	case CLAIM_CONFINE:
	case CLAIM_TIERS:
	case CLAIM_ISOLATE_NAMED:
		return true;
	case CLAIM_ISOLATE_ENVIRONMENTS:
	case CLAIM_ISOLATE_CUSTOMERS:
	case CLAIM_MUST:
	case CLAIM_REACH:
	case CLAIM_PARITY:
	case CLAIM_EACH_RULE:
		return false;
	}
	return false;
}

bool view_is_kept_apart(const struct job *job, const uint32_t *into)
{
	uint32_t here = (uint32_t)(job->meaning->space - job->ir->spaces);
	bool good = true;

	if (changes_nothing(job->ir, into))
		return true;
	for (size_t i = 0; i < job->ir->invariant_count; i++) {
		const struct ir_invariant *invariant = &job->ir->invariants[i];
		struct parting parting;

		if (!forbids(invariant))
			continue;
		for (size_t k = 0; k < invariant->box_count; k++) {
			const struct ir_claim_box *box = &invariant->boxes[k];

			if (box->space != here ||
			    !tells_apart(job, into, box, &parting))
				continue;
			tell(job, invariant, &parting);
			good = false;
			break;
		}
	}
	return good;
}
