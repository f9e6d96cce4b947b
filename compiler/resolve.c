/*
 * From names to sets: declare (names), spaces (addresses), then each rule in
 * each of its spaces, then each invariant.  Everything a reviewer could get
 * wrong is told on the way; nothing is dropped in silence.
 */
#include "compiler/resolve.h"

#include "compiler/contradict.h"
#include "compiler/endpoint.h"
#include "compiler/resolver.h"
#include "compiler/special.h"

#include <string.h>

int resolve_by_name(const void *x, const void *y)
{
	const struct ast_node *a = *(struct ast_node *const *)x;
	const struct ast_node *b = *(struct ast_node *const *)y;

	return strcmp(a->name.text, b->name.text);
}

struct ir *resolve_policy(struct arena *arena, struct diags *diags,
			  const struct sources *sources, const struct ast *ast,
			  uint32_t as_of)
{
	struct resolver r = {
		.arena = arena, .diags = diags, .as_of = as_of,
		.ir = arena_alloc(arena, sizeof *r.ir),
		.public = special_public(arena),
	};

	r.names = (struct names){ .arena = arena, .diags = diags, .ir = r.ir };
	r.ir->as_of = as_of;
	r.ir->sources = sources;
	r.ir->policy = r.ir->title = "";
	r.ir->aws = (struct ir_aws){ .rules_per_group = 60,
				     .groups_per_interface = 5 };
	r.ir->nft = (struct ir_nft){ .inside = REFUSE_REJECT };
	declare_all(&r.names, ast);
	resolve_settings(&r);
	resolve_spaces(&r);
	definitions_check(&r.names);
	resolve_rules(&r);
	resolve_invariants(&r);
	contradictions_tell(arena, diags, r.ir);
	resolve_expects(&r);
	return r.ir;
}
