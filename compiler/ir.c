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
	return ranges_minus(arena, family_all(arena, family), declared);
}

const char *ir_address_owner(const struct ir *ir, const struct ir_space *space,
			     enum family family, u128 address)
{
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
