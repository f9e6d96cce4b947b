/* Each invariant to the judge of its form. */
#include "compiler/verify.h"

#include "compiler/judge.h"

static struct verdict judge_one(const struct judge *j)
{
	switch (j->inv->kind) {
	case CLAIM_NEVER:
		return j->inv->hops == 1 ? judge_forbidden(j)
					 : judge_routes(j);
	case CLAIM_ONLY: case CLAIM_CONFINE:
	case CLAIM_TIERS: case CLAIM_ISOLATE_ENVIRONMENTS:
	case CLAIM_ISOLATE_CUSTOMERS: case CLAIM_ISOLATE_NAMED:
		return judge_forbidden(j);
	case CLAIM_MUST:
		return judge_must(j);
	case CLAIM_REACH:
		return judge_reach(j);
	case CLAIM_PARITY:
		return judge_parity(j);
	case CLAIM_EACH_RULE:
		return judge_rules(j);
	}
	return (struct verdict){ .kind = VERDICT_FAULT };
}

const struct verdict *verify_some(struct arena *arena, const struct ir *ir,
				  const struct ir_invariant *some,
				  size_t count)
{
	struct verdict *verdicts = arena_array(arena, count, sizeof *verdicts);
	struct arena *kept = arena_child(arena);
	const struct sieve **sieves = arena_array(kept, ir->space_count,
						  sizeof *sieves);

	for (size_t i = 0; i < count; i++) {
		struct judge j = { arena, arena_child(kept), ir, &some[i],
				   kept, sieves };

		verdicts[i] = judge_one(&j);
		arena_free(j.scratch);
	}
	arena_free(kept);
	return verdicts;
}

const struct verdict *verify_verdicts(struct arena *arena, const struct ir *ir)
{
	return verify_some(arena, ir, ir->invariants, ir->invariant_count);
}
