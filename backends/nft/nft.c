/* The contract of backends/backend.h, for nftables. */
#include "backends/nft/nft.h"

#include "backends/nft/model.h"

#include <string.h>

#define GATEWAY "gateway"

static struct artefact file_of(const struct job *job,
			       const struct nft_model *model)
{
	struct text text = nft_print(job->arena, model);
	const char *layer = model->identity.layer;

	return (struct artefact){
		.path = arena_printf(job->arena, "nft/%s.nft",
				     *layer ? layer : GATEWAY),
		.bytes = text.at,
		.len = text.len,
	};
}

/* The ruleset of LAYER's hosts; of the gateway for NFT_NO_LAYER. */
static bool emit_ruleset(const struct job *job, uint32_t layer,
			 struct artefacts *out)
{
	struct job own = *job;
	const struct nft_model *model;

	own.arena = arena_child(job->arena);
	model = nft_lower(&own, own.arena, layer);
	if (model) {
		struct artefact file = file_of(&own, model);

		file.path = arena_copy(job->arena, file.path,
				       strlen(file.path));
		file.bytes = arena_copy(job->arena, file.bytes, file.len);
		*LIST_PUSH(job->arena, out) = file;
	}
	arena_free(own.arena);
	return model != NULL;
}

/* The gateway's file is named beside those of the layers. */
static bool is_free_name(const struct job *job, uint32_t layer)
{
	if (strcmp(job->ir->layers[layer].name, GATEWAY) != 0)
		return true;
	diag_help(diag_add(job->diags, P0520, job->ir->layers[layer].span,
			   "`nft/" GATEWAY ".nft` is the ruleset of the "
			   "environment's gateway, and would be this layer's too"),
		  "give the layer another name");
	return false;
}

/* One file a layer that has hosts here, one of the gateway; all faults in one go. */
static bool emit(const struct job *job, struct artefacts *out)
{
	const struct ir_space *space = job->meaning->space;
	struct artefacts files = { 0 };
	bool all = true;

	if (!nft_can_say(job))
		return false;
	for (uint32_t i = 0; i < job->ir->layer_count; i++)
		if (!both_empty(space->layers[i]))
			all &= is_free_name(job, i) &&
			       emit_ruleset(job, i, &files);
	/* the gateway has the same names: what is wrong with them is told once */
	all = all && emit_ruleset(job, NFT_NO_LAYER, &files);
	for (size_t i = 0; all && i < files.count; i++)
		*LIST_PUSH(job->arena, out) = files.at[i];
	return all;
}

/* The layer of that name, NFT_NO_LAYER for ""; false: there is none here. */
static bool find_layer(const struct job *job, const char *name, uint32_t *out)
{
	*out = NFT_NO_LAYER;
	for (uint32_t i = 0; i < job->ir->layer_count; i++)
		if (strcmp(job->ir->layers[i].name, name) == 0 &&
		    !both_empty(job->meaning->space->layers[i]))
			*out = i;
	return *out != NFT_NO_LAYER || !*name;
}

static const void *emit_part(const struct job *job, const char *name,
			     struct artefact *out)
{
	const struct nft_model *model;
	uint32_t layer;

	if (!find_layer(job, name, &layer) || !nft_can_say(job) ||
	    (*name && !is_free_name(job, layer)))
		return NULL;
	model = nft_lower(job, job->arena, layer);
	if (model)
		*out = file_of(job, model);
	return model;
}

/*
 * A listing as JSON, or a line that starts our table; whether all of it is
 * understood, read() says.
 */
static bool recognise(const char *bytes, size_t len)
{
	static const char opening[] = "table inet firebreak";
	const size_t width = sizeof opening - 1;

	if (nft_is_json(bytes, len))
		return true;
	while (len >= width) {
		const char *end = memchr(bytes, '\n', len);
		size_t line = end ? (size_t)(end - bytes) + 1 : len;

		if (line >= width && memcmp(bytes, opening, width) == 0)
			return true;
		bytes += line;
		len -= line;
	}
	return false;
}

static const void *read_model(struct arena *arena, struct diags *diags,
			      const char *name, const char *bytes, size_t len,
			      struct identity *out)
{
	const struct nft_model *model = nft_is_json(bytes, len)
		? nft_read_json(arena, diags, name, bytes, len, NULL)
		: nft_read(arena, diags, name, bytes, len);

	if (model)
		*out = model->identity;
	return model;
}

static const void *read_as(struct arena *arena, struct diags *diags,
			   const char *name, const char *bytes, size_t len,
			   const struct identity *is)
{
	const struct nft_model *model;

	if (nft_is_json(bytes, len))
		return nft_read_json(arena, diags, name, bytes, len, is);
	model = nft_read(arena, diags, name, bytes, len);
	if (!model || nft_same_part(&model->identity, is))
		return model;
	diag_add(diags, P0602, (struct span){ 0, 0 },
		 "`%s` says that it is another part's", name);
	return NULL;
}

static bool denote(const struct job *job, const void *model, struct sides *out)
{
	return nft_denote(job, model, out);
}

const struct backend backend_nft = {
	.name = "nft",
	.title = "nftables rulesets, one a layer and one of the gateway",
	.by_default = true,
	.emit = emit,
	.emit_part = emit_part,
	.recognise = recognise,
	.by_opening = true,
	.read = read_model,
	.read_as = read_as,
	.denote = denote,
	.live = &nft_live,
};
