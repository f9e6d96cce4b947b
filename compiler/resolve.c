/*
 * From names to sets: declare (names), spaces (addresses), then each rule in
 * each of its spaces, then each invariant.  Everything a reviewer could get
 * wrong is told on the way; nothing is dropped in silence.
 */
#include "compiler/resolve.h"

#include "compiler/contradict.h"
#include "compiler/emergency.h"
#include "compiler/endpoint.h"
#include "compiler/resolver.h"
#include "compiler/special.h"

#include <stdlib.h>
#include <string.h>

int resolve_by_name(const void *x, const void *y)
{
	const struct ast_node *a = *(struct ast_node *const *)x;
	const struct ast_node *b = *(struct ast_node *const *)y;

	return strcmp(a->name.text, b->name.text);
}

static int by_group_name(const void *x, const void *y)
{
	const struct ir_group *a = x, *b = y;

	return strcmp(a->name, b->name);
}

static int by_service_name(const void *x, const void *y)
{
	const struct ir_service *a = x, *b = y;

	return strcmp(a->name, b->name);
}

static const struct both *group_by_space(struct resolver *r,
					 const struct decl *group)
{
	struct both *in = arena_array(r->arena, r->ir->space_count, sizeof *in);

	for (size_t i = 0; i < r->ir->space_count; i++)
		in[i] = endpoint_set(&r->names, &r->spaces[i],
				     group->node->list);
	return in;
}

/* Groups as sets, for those who look a name up by its addresses. */
static void keep_groups(struct resolver *r)
{
	LIST(struct ir_group) groups = { 0 };

	for (size_t i = 0; i < r->names.decls.count; i++) {
		const struct decl *d = r->names.decls.at[i];

		if (d->kind == DECL_GROUP && d->checked && !d->bad)
			*LIST_PUSH(r->arena, &groups) = (struct ir_group){
				d->name, group_by_space(r, d),
				d->node->name.span };
	}
	if (groups.count)
		qsort(groups.at, groups.count, sizeof *groups.at,
		      by_group_name);
	r->ir->groups = groups.at;
	r->ir->group_count = groups.count;
}

static void keep_services(struct resolver *r)
{
	LIST(struct ir_service) services = { 0 };

	for (size_t i = 0; i < r->names.service_decls.count; i++) {
		const struct service_decl *s = r->names.service_decls.at[i];
		const struct source *file = source_of(r->ir->sources,
						      s->node->span.lo);
		bool library = file && *file->name == '<';

		if (s->checked && !s->bad && (s->used || !library))
			*LIST_PUSH(r->arena, &services) = (struct ir_service){
				s->name, s->set, library, s->node->name.span };
	}
	if (services.count)
		qsort(services.at, services.count, sizeof *services.at,
		      by_service_name);
	r->ir->services = services.at;
	r->ir->service_count = services.count;
}

struct ir *resolve_policy(struct arena *arena, struct diags *diags,
			  const struct sources *sources, const struct ast *ast,
			  uint32_t as_of)
{
	struct resolver *r = arena_alloc(arena, sizeof *r);
	struct ir *ir = arena_alloc(arena, sizeof *ir);

	*r = (struct resolver){ .arena = arena, .diags = diags, .ir = ir,
				.as_of = as_of,
				.public = special_public(arena) };
	r->names = (struct names){ .arena = arena, .diags = diags, .ir = ir };
	*ir = (struct ir){ .policy = "", .title = "", .as_of = as_of,
			   .sources = sources, .resolver = r,
			   .aws = { .rules_per_group = 60,
				    .groups_per_interface = 5 },
			   .nft = { .inside = REFUSE_REJECT },
			   .emergency_days = EMERGENCY_DAYS,
			   .emergency_review_days = EMERGENCY_REVIEW_DAYS };
	declare_all(&r->names, ast);
	resolve_settings(r);
	resolve_freezes(r);
	resolve_spaces(r);
	resolve_groups(r);
	definitions_check(&r->names);
	resolve_rules(r);
	resolve_invariants(r);
	contradictions_tell(arena, diags, ir);
	resolve_expects(r);
	keep_groups(r);
	keep_services(r);
	return ir;
}
