/* What everybody asks of the IR. */
#include "compiler/ir.h"

#include "compiler/base/addr.h"

const char *ir_space_name(struct arena *arena, const struct ir *ir,
			  const struct ir_space *space)
{
	const char *customer = ir->customers[space->customer].name;
	const char *environment = ir->environments[space->environment];

	if (!*customer)
		return environment;
	return arena_printf(arena, "%s.%s", customer, environment);
}

struct both ir_space_layers(struct arena *arena, const struct ir *ir,
			    const struct ir_space *space)
{
	struct both all = { 0 };

	for (size_t i = 0; i < ir->layer_count; i++)
		all = both_union(arena, all, space->layers[i]);
	return all;
}

bool ir_is_opaque(const struct ir_space *space, uint32_t number)
{
	return ranges_have(space->networks[number].of[IPV4],
			   opaque_class(number));
}

bool ir_forbids(const struct ir_invariant *inv)
{
	switch (inv->kind) {
	case CLAIM_NEVER: case CLAIM_ONLY: case CLAIM_CONFINE:
	case CLAIM_TIERS: case CLAIM_ISOLATE_ENVIRONMENTS:
	case CLAIM_ISOLATE_CUSTOMERS: case CLAIM_ISOLATE_NAMED:
		return true;
	case CLAIM_MUST: case CLAIM_REACH: case CLAIM_PARITY:
	case CLAIM_EACH_RULE:
		break;
	}
	return false;
}

uint32_t ir_space_find(const struct ir *ir, uint32_t customer,
		       uint32_t environment)
{
	size_t lo = 0, hi = ir->space_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;
		const struct ir_space *s = &ir->spaces[mid];

		if (s->customer == customer && s->environment == environment)
			return (uint32_t)mid;
		if (s->customer < customer || (s->customer == customer &&
					       s->environment < environment))
			lo = mid + 1;
		else
			hi = mid;
	}
	return IR_NO_SPACE;
}

bool ir_is_peer(const struct ir_space *a, uint32_t b)
{
	size_t lo = 0, hi = a->peer_count;

	while (lo < hi) {
		size_t mid = lo + (hi - lo) / 2;

		if (a->peers[mid] == b)
			return true;
		if (a->peers[mid] < b)
			lo = mid + 1;
		else
			hi = mid;
	}
	return false;
}

struct both ir_space_peers(struct arena *arena, const struct ir *ir,
			   const struct ir_space *space)
{
	struct both all = { 0 };

	for (int f = IPV4; f < FAMILIES; f++) {
		LIST(struct range) some = { 0 };

		for (size_t i = 0; i < space->peer_count; i++) {
			struct ranges vpc =
				ir->spaces[space->peers[i]].vpc.of[f];

			for (size_t k = 0; k < vpc.count; k++)
				*LIST_PUSH(arena, &some) = vpc.at[k];
		}
		all.of[f] = ranges_of(arena, some.at, some.count);
	}
	return all;
}

struct ranges ir_space_undeclared(struct arena *arena, const struct ir *ir,
				  const struct ir_space *space,
				  enum family family)
{
	struct ranges declared = ranges_union(arena, space->vpc.of[family],
					      space->internet.of[family]);

	for (size_t i = 0; i < ir->layer_count; i++)
		declared = ranges_union(arena, declared,
					space->layers[i].of[family]);
	for (size_t i = 0; i < ir->network_count; i++)
		declared = ranges_union(arena, declared,
					space->networks[i].of[family]);
	declared = ranges_union(arena, declared,
				ir_space_peers(arena, ir, space).of[family]);
	return ranges_minus(arena, family_all(arena, family), declared);
}

/* Who of the peers of SPACE has ADDRESS, or NULL. */
static const char *peer_owner(const struct ir *ir,
			      const struct ir_space *space,
			      enum family family, u128 address)
{
	for (size_t i = 0; i < space->peer_count; i++) {
		const struct ir_space *peer = &ir->spaces[space->peers[i]];

		if (!ranges_have(peer->vpc.of[family], address))
			continue;
		for (size_t k = 0; k < ir->layer_count; k++)
			if (ranges_have(peer->layers[k].of[family], address))
				return peer->peer_names[k];
		return peer->peer_names[ir->layer_count];
	}
	return NULL;
}

const char *ir_address_owner(const struct ir *ir, const struct ir_space *space,
			     enum family family, u128 address)
{
	const char *peer = peer_owner(ir, space, family, address);

	if (peer)
		return peer;
	for (size_t i = 0; i < ir->layer_count; i++)
		if (ranges_have(space->layers[i].of[family], address))
			return ir->layers[i].name;
	for (size_t i = 0; i < ir->network_count; i++)
		if (ranges_have(space->networks[i].of[family], address))
			return ir->networks[i].name;
	if (ranges_have(space->vpc.of[family], address))
		return "the VPC outside its layers";
	if (ranges_have(space->internet.of[family], address))
		return "internet";
	return "undeclared";
}
