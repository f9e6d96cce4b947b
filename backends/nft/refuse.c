/*
 * What no ruleset can say: a prefix list that AWS knows and nobody wrote down.
 */
#include "backends/nft/nft.h"

#include "compiler/base/addr.h"

static void tell(const struct job *job, uint32_t network, uint32_t rule)
{
	const struct ir_network *n = &job->ir->networks[network];
	struct diag *d = diag_add(job->diags, P0521, n->span,
				  "nftables cannot say `%s` in %s: nobody gives its addresses",
				  n->name,
				  ir_space_name(job->arena, job->ir,
						job->meaning->space));

	diag_label(d, "known to AWS alone, by its name");
	diag_note(d, job->ir->rules[rule].name_span, "a rule that needs them");
	diag_help(d, "write them down, `network %s … = …;`, or compile for AWS alone",
		  n->name);
}

bool nft_can_say(const struct job *job)
{
	const struct ir_space *space = job->meaning->space;
	bool can = true;

	for (uint32_t i = 0; i < job->ir->network_count; i++) {
		uint32_t f = 0;

		if (!ir_is_opaque(space, i))
			continue;
		for (; f < space->flow_count; f++) {
			const struct ir_flow *flow =
				&job->ir->flows[space->first_flow + f];

			if (flow->family == IPV4 &&
			    (ranges_have(flow->src, opaque_class(i)) ||
			     ranges_have(flow->dst, opaque_class(i))))
				break;
		}
		if (f == space->flow_count)
			continue;
		tell(job, i, job->ir->flows[space->first_flow + f].rule);
		can = false;
	}
	return can;
}
