/*
 * AWS security groups.  How to read this folder:
 *
 *   model.h     what a file of security groups says
 *   view.c      layers that share hosts look like one
 *   exact.c     can AWS say this policy at all?
 *   lower.c     policy to model, with lower_services.c, lower_peers.c and
 *               reach.c; names.c names what comes out
 *   limits.c    does a group hold it?  validate.c: does AWS take it?
 *   emit_*.c    model to text
 *   read_*.c    text to model, refusing what it does not understand
 *   denote.c    model to packets, with compose.c; expect.c is what they are
 *               measured by, zones.c what both look layers up in
 *
 * What is above the readers and what is below share model.h, and view_of().
 */
#include "backends/aws/aws.h"

#include "backends/aws/view.h"

#include <string.h>

static bool emit(const struct job *job, struct artefacts *out)
{
	size_t errors = job->diags->errors;
	const uint32_t *into = view_shared(job);
	bool good = view_is_kept_apart(job, into);
	const struct aws_model *model;

	job = view_of(job, into);
	model = aws_lower(job);
	good &= job->diags->errors == errors;
	/* all of them: what is wrong is wanted in one run */
	good &= aws_is_exact(job);
	good &= aws_is_within_limits(job, model);
	good &= aws_is_valid(job, model);
	if (!good)
		return false;
	if (model->group_count)
		*LIST_PUSH(job->arena, out) =
			aws_emit_terraform(job->arena, model);
	return true;
}

static bool contains(const char *bytes, size_t len, const char *sign)
{
	size_t n = strlen(sign);

	for (size_t i = 0; i + n <= len; i++)
		if (memcmp(bytes + i, sign, n) == 0)
			return true;
	return false;
}

/* Enough to tell it from the other files that we know; read() is strict. */
static bool recognise(const char *bytes, size_t len)
{
	static const char *const signs[] = { "\"resource\"",
					     "\"aws_security_group\"" };
	size_t start = 0;

	while (start < len && memchr(" \t\r\n", bytes[start], 4))
		start++;
	if (start == len || bytes[start] != '{')
		return false;
	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		if (!contains(bytes, len, signs[i]))
			return false;
	return true;
}

static const void *read_back(struct arena *arena, struct diags *diags,
			     const char *name, const char *bytes, size_t len,
			     struct identity *out)
{
	const struct aws_model *model = aws_read_terraform(arena, diags, name,
							   bytes, len);

	if (model)
		*out = model->identity;
	return model;
}

static bool denote(const struct job *job, const void *model, struct sides *out)
{
	return aws_denote(job, model, out);
}

const struct backend backend_terraform = {
	.name = "terraform",
	.title = "AWS security groups as Terraform JSON",
	.emit = emit,
	.recognise = recognise,
	.read = read_back,
	.denote = denote,
};
