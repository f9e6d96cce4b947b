/* Every layer asked in turn, once a set. */
#include "backends/aws/zones.h"

void zones_begin(struct zones *zones, const struct job *job)
{
	*zones = (struct zones){
		.arena = job->arena,
		.ir = job->ir,
		.space = job->meaning->space,
		.layers = ir_space_layers(job->arena, job->ir,
					  job->meaning->space),
		.known = { TABLE_IN(job->arena), TABLE_IN(job->arena) },
	};
}

const struct zone *zone_of(struct zones *zones, enum family family,
			   struct ranges set)
{
	void **known = table_at(&zones->known[family], set.at,
				set.count * sizeof *set.at);
	struct zone *zone = *known;
	LIST(uint32_t) layers = { 0 };

	if (zone)
		return zone;
	*known = zone = arena_alloc(zones->arena, sizeof *zone);
	for (uint32_t i = 0; i < zones->ir->layer_count; i++)
		if (ranges_touch(zones->space->layers[i].of[family], set))
			*LIST_PUSH(zones->arena, &layers) = i;
	zone->layers = layers.at;
	zone->layer_count = layers.count;
	return zone;
}
