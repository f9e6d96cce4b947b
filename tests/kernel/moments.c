/*
 * moments SECONDS: read the table `inet firebreak` of this network namespace
 * again and again, while somebody else changes it.  What is read between two
 * equal moments is one and the same for each of them.  Exit: 0 so it was, 1 not,
 * 2 nothing was read of two generations.
 */
#include "backends/nft/decode.h"
#include "backends/nft/moment.h"

#include <stdio.h>
#include <stdlib.h>
#include <time.h>

enum { GENERATIONS = 1 << 20 };

/* Rules, and elements of what they look things up in. */
static size_t size_of_chain(const struct nft_chain *chain)
{
	size_t size = chain->rules.count;

	for (size_t i = 0; i < chain->rules.count; i++) {
		const struct nft_rule *rule = &chain->rules.at[i];

		for (size_t k = 0; k < rule->matches.count; k++)
			size += rule->matches.at[k].set->elements.count;
	}
	return size;
}

static size_t size_of(const struct nft_model *model)
{
	size_t size = 1;

	for (int hook = 0; hook < NFT_HOOKS; hook++)
		size += size_of_chain(&model->chains[hook]);
	for (size_t i = 0; i < model->others.count; i++)
		size += size_of_chain(model->others.at[i]);
	return size;
}

/* The size of what was read at the moment *M; 0: no such moment. */
static size_t look(struct nft_link *link, struct live_moment *m)
{
	struct arena *arena = arena_new(0);
	struct diags diags = { .arena = arena };
	const struct nft_model *model;
	struct live_moment after;
	size_t size = 0;

	if (nft_moment(link, "firebreak", m) &&
	    nft_decode(link, arena, &diags, "firebreak", &model) == NFT_FOUND &&
	    nft_moment(link, "firebreak", &after) &&
	    m->generation == after.generation)
		size = size_of(model);
	arena_free(arena);
	return size;
}

int main(int argc, char **argv)
{
	size_t *seen = calloc(GENERATIONS, sizeof *seen);
	struct nft_link *link = nft_link_open();
	time_t end = time(NULL) + (argc == 2 ? atoi(argv[1]) : 1);
	unsigned long looks = 0, generations = 0, wrong = 0;

	if (!seen || !link)
		return 2;
	while (time(NULL) < end) {
		struct live_moment m;
		size_t size = look(link, &m);

		if (!size || m.generation >= GENERATIONS)
			continue;
		looks++;
		generations += !seen[m.generation];
		wrong += seen[m.generation] && seen[m.generation] != size;
		seen[m.generation] = size;
	}
	printf("%lu looks at %lu generations, %lu times another than before\n",
	       looks, generations, wrong);
	nft_link_close(link);
	free(seen);
	return wrong ? 1 : generations < 2 ? 2 : 0;
}
