/*
 * The target `scopes`: what the invariants forbid, as a question to the live
 * account.  scope.h says what it is, scope_lower.c and scope_emit.c make it,
 * scope_read.c and scope_denote.c prove it.
 */
#include "backends/aws/names.h"
#include "backends/aws/scope.h"
#include "compiler/base/text.h"

#include <string.h>

enum {
	RESOURCES_MOST = 500,	/* "AWS CloudFormation quotas" */
	BYTES_MOST = 1000000,	/* by way of S3 */
	INLINE_MOST = 51200,	/* in the call itself */
};

static const char *name_of(const struct job *job)
{
	return ir_space_name(job->arena, job->ir, job->meaning->space);
}

static bool has_room(const struct job *job, const struct scopes *scopes,
		     const struct artefact *template)
{
	struct span here = job->meaning->space->span;

	if (scopes->scope_count > RESOURCES_MOST ||
	    template->len > BYTES_MOST) {
		diag_help(diag_add(job->diags, P0510, here,
			"the access scopes of %s are %zu resources and %zu bytes, and CloudFormation takes %d and %d",
			name_of(job), scopes->scope_count, template->len,
			RESOURCES_MOST, BYTES_MOST),
			"leave `scopes` out of the targets, or name larger address blocks");
		return false;
	}
	if (template->len > INLINE_MOST)
		diag_help(diag_add(job->diags, P0511, here,
				   "the access scopes of %s have %zu bytes, and a call takes %d",
				   name_of(job), template->len, INLINE_MOST),
			  "put the template into a bucket: `aws cloudformation deploy --s3-bucket …`, or `--template-url`");
	return true;
}

/* Names of lists: what AWS has, and what a template says as it stands. */
static bool can_name_lists(const struct job *job, const struct scopes *scopes)
{
	const struct ir_space *space = job->meaning->space;
	bool good = true;

	for (uint32_t i = 0; i < job->ir->network_count; i++) {
		const struct ir_network *n = &job->ir->networks[i];

		if (!ir_is_opaque(space, i) || *space->region ||
		    !strstr(n->prefix_list, "{region}"))
			continue;
		diag_add(job->diags, P0504, space->span,
			 "%s has no region, and the prefix list of `%s` is named by it",
			 name_of(job), n->name);
		good = false;
	}
	for (size_t i = 0; i < scopes->list_count; i++) {
		const char *name = scopes->lists[i].name;

		if (!*name || strlen(name) > AWS_NAME_MOST) {
			diag_add(job->diags, P0504, space->span,
				 "the prefix list `%.64s` has a name that AWS does not take",
				 name);
			good = false;
		} else if (strstr(name, "{{")) {
			diag_add(job->diags, P0512, space->span,
				 "CloudFormation would compute the name of the prefix list `%s`",
				 name);
			good = false;
		}
	}
	return good;
}

/* No scope at all: no template, which would be empty. */
static bool emit(const struct job *job, struct artefacts *out)
{
	const struct scopes *scopes = scope_lower(job);
	struct artefact template;

	if (!scopes->scope_count)
		return true;
	if (!can_name_lists(job, scopes))
		return false;
	template = scope_emit(job->arena, scopes);
	if (!has_room(job, scopes, &template))
		return false;
	*LIST_PUSH(job->arena, out) = template;
	return true;
}

/* --- what is not looked at --- */

/*
 * The parts of all environments, each once, in the order they come; of those that
 * it says nothing of there is nothing to add.
 */
static void add_once(struct text *out, const char *parts)
{
	while (*parts && strcmp(parts, scope_is_silent) != 0) {
		size_t len = strcspn(parts, ";");
		const char *part = arena_copy(out->arena, parts, len);

		if (!strstr(text_string(out), part))
			text_printf(out, "%s%s", out->len ? "; " : "", part);
		parts += len;
		parts += strspn(parts, "; ");
	}
}

static void unwatched(struct arena *arena, const struct ir *ir,
		      struct unwatched *out)
{
	for (size_t i = 0; i < ir->invariant_count; i++) {
		const struct ir_invariant *inv = &ir->invariants[i];
		struct text what = TEXT_IN(arena), idle = TEXT_IN(arena);
		bool any = false;

		for (size_t s = 0; s < ir->space_count; s++) {
			struct arena *scratch = arena_child(arena);
			bool has;
			const char *parts = scope_unwatched(scratch, ir,
				&ir->spaces[s], inv, &has);

			any |= has;
			add_once(has ? &what : &idle, parts);
			arena_free(scratch);
		}
		if (!any && !idle.len)
			text_puts(&idle, scope_is_silent);
		if (!any)
			what = idle;
		if (what.len)
			*LIST_PUSH(arena, out) = (struct fb_unwatched){
				inv->name, text_string(&what), any };
	}
}

/* --- the backend --- */

static bool contains(const char *bytes, size_t len, const char *sign)
{
	size_t n = strlen(sign);

	for (size_t i = 0; i + n <= len; i++)
		if (memcmp(bytes + i, sign, n) == 0)
			return true;
	return false;
}

static bool recognise(const char *bytes, size_t len)
{
	size_t start = 0;

	while (start < len && memchr(" \t\r\n", bytes[start], 4))
		start++;
	return start < len && bytes[start] == '{' &&
	       contains(bytes, len, "\"Resources\"") &&
	       contains(bytes, len, "\"AWS::EC2::NetworkInsightsAccessScope\"");
}

static const void *read(struct arena *arena, struct diags *diags,
			const char *name, const char *bytes, size_t len,
			struct identity *out)
{
	const struct scopes *scopes = scope_read(arena, diags, name, bytes,
						 len);

	if (scopes)
		*out = scopes->identity;
	return scopes;
}

static bool denote(const struct job *job, const void *model, struct sides *out)
{
	return scope_denote(job, model, out);
}

const struct backend backend_scopes = {
	.name = "scopes",
	.title = "what the invariants forbid as Network Access Analyzer scopes",
	.forbids = true,
	.emit = emit,
	.unwatched = unwatched,
	.recognise = recognise,
	.read = read,
	.denote = denote,
};
