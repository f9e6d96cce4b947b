/*
 * AWS security groups.  How to read this folder:
 *
 *   model.h     what a file of security groups says
 *   view.c      layers that share hosts look like one
 *   exact.c     can AWS say this policy at all?
 *   lower.c     policy to model, with lower_services.c, lower_peers.c and
 *               reach.c; names.c names what comes out
 *   quota.c     how full is a group?
 *   split.c     several groups for what one does not hold
 *   limits.c    does a group hold it?  validate.c: does AWS take it?
 *               mistakes.c: and what it would refuse of ours
 *               template.c: does CloudFormation?
 *   emit_*.c    model to text, with emit.c and write_json.c; moved.c: what an
 *               earlier text calls otherwise; adopt.c: what an account has of it
 *   read_*.c    text to model, refusing what it does not understand; account.h
 *               is what answers of EC2 say, show.h what Terraform does;
 *               claim.c whose it is, and read_ec2.c the model of an environment out of it
 *   denote.c    model to packets, with placed.c and compose.c; expect.c is what
 *               they are measured by, zones.c what both look layers up in;
 *               default_group.c: the group that nobody chose; blame.c: by
 *               which rules a packet passes; places.c: assumption 1, where
 *               a capture tells of interfaces
 *   scope*.c    what invariants forbid, to be looked for in the account; a target
 *               of its own, scopes.c, and scope.h says what it is
 *
 * What is above the readers and what is below share model.h, and view_of().
 */
#include "backends/aws/aws.h"

#include "backends/aws/quota.h"
#include "backends/aws/draft.h"
#include "backends/aws/show.h"
#include "backends/aws/view.h"

#include <string.h>

/*
 * PRINT is all of a format but what only it does not take, which FITS tells; for
 * RESERVED see aws_split().
 */
struct format {
	uint32_t reserved;
	struct artefact (*print)(struct arena *arena,
				 const struct aws_model *model);
	bool (*fits)(const struct job *job, const struct aws_model *model,
		     const struct artefact *printed);
};

static bool emit_as(const struct job *job, const struct format *format,
		    struct artefacts *out)
{
	struct artefact printed;
	size_t errors = job->diags->errors;
	const uint32_t *into = view_shared(job);
	bool good = view_is_kept_apart(job, into);
	const struct aws_model *model;

	job = view_of(job, into);
	model = aws_split(job, aws_lower(job), format->reserved);
	good &= job->diags->errors == errors;
	/* all of them: what is wrong is wanted in one run */
	good &= aws_is_exact(job);
	good &= aws_is_within_limits(job, model);
	good &= aws_is_valid(job, model);
	if (!good)
		return false;
	if (model->group_count) {
		printed = format->print(job->arena, model);
		if (format->fits && !format->fits(job, model, &printed))
			return false;
		*LIST_PUSH(job->arena, out) = printed;
	}
	quota_rows(job, model, out);
	return true;
}

static bool emit_terraform(const struct job *job, struct artefacts *out)
{
	static const struct format format = { .print = aws_emit_terraform };

	return emit_as(job, &format, out);
}

static bool emit_cloudformation(const struct job *job, struct artefacts *out)
{
	static const struct format format = {
		.reserved = 1,		/* "no default egress" */
		.print = aws_emit_cloudformation,
		.fits = aws_is_template };

	return emit_as(job, &format, out);
}

static bool emit_ec2(const struct job *job, struct artefacts *out)
{
	static const struct format format = { .print = aws_emit_ec2 };

	return emit_as(job, &format, out);
}

static bool contains(const char *bytes, size_t len, const char *sign)
{
	size_t n = strlen(sign);

	for (size_t i = 0; i + n <= len; i++)
		if (memcmp(bytes + i, sign, n) == 0)
			return true;
	return false;
}

/*
 * Enough to tell it from the other files that we know, an object with these
 * two words; read() is strict.
 */
static bool is_object_with(const char *bytes, size_t len, const char *sign,
			   const char *other)
{
	size_t start = 0;

	while (start < len && memchr(" \t\r\n", bytes[start], 4))
		start++;
	return start < len && bytes[start] == '{' &&
	       contains(bytes, len, sign) && contains(bytes, len, other);
}

/* As it is written, or as Terraform shows what it made or would make of it. */
static bool is_terraform(const char *bytes, size_t len)
{
	return show_recognise(bytes, len) ||
	       is_object_with(bytes, len, "\"resource\"",
			      "\"aws_security_group\"");
}

static bool is_cloudformation(const char *bytes, size_t len)
{
	return is_object_with(bytes, len, "\"Resources\"",
			      "\"AWS::EC2::SecurityGroup");
}

static bool is_ec2(const char *bytes, size_t len)
{
	static const char *const signs[] = { "\"SecurityGroups\"",
					     "\"SecurityGroupRules\"",
					     "\"NetworkInterfaces\"",
					     "\"security_groups\"" };

	for (size_t i = 0; i < sizeof signs / sizeof *signs; i++)
		if (is_object_with(bytes, len, "\"GroupId\"", signs[i]))
			return true;
	return false;
}

static const void *told(const struct aws_model *model, struct identity *out)
{
	if (model)
		*out = model->identity;
	return model;
}

static const void *read_terraform(struct arena *arena, struct diags *diags,
				  const char *name, const char *bytes,
				  size_t len, struct identity *out)
{
	return told(show_recognise(bytes, len)
		    ? aws_read_show(arena, diags, name, bytes, len)
		    : aws_read_terraform(arena, diags, name, bytes, len), out);
}

static const void *read_cloudformation(struct arena *arena,
				       struct diags *diags, const char *name,
				       const char *bytes, size_t len,
				       struct identity *out)
{
	return told(aws_read_cloudformation(arena, diags, name, bytes, len),
		    out);
}

static const void *read_ec2(struct arena *arena, struct diags *diags,
			    const char *name, const char *bytes, size_t len,
			    struct identity *out)
{
	return told(aws_read_ec2(arena, diags, name, bytes, len), out);
}

static void claim(struct arena *arena, struct diags *diags, const struct ir *ir,
		  const char *name, const void *model, struct claims *out)
{
	aws_claim(arena, diags, ir, name, model, out);
}

/* A file as it is written is of one environment, and says which. */
static void claim_terraform(struct arena *arena, struct diags *diags,
			    const struct ir *ir, const char *name,
			    const void *read, struct claims *out)
{
	const struct aws_model *model = read;
	const struct identity *is = &model->identity;

	if (model->account) {
		aws_claim(arena, diags, ir, name, model, out);
		return;
	}
	for (size_t i = 0; strcmp(ir->policy, is->policy) == 0 &&
			   i < ir->space_count; i++) {
		const struct ir_space *s = &ir->spaces[i];

		if (strcmp(ir->customers[s->customer].name, is->customer) == 0 &&
		    strcmp(ir->environments[s->environment],
			   is->environment) == 0)
			*LIST_PUSH(arena, out) = (struct claim){
				.space = s, .identity = *is, .model = model };
	}
	if (!out->count)
		diag_add(diags, P0602, (struct span){ 0 },
			 "%s belongs to %s %s%s%s, which this policy does not have",
			 name, is->policy, is->customer,
			 *is->customer ? "." : "", is->environment);
}

static bool draft(struct arena *arena, struct diags *diags, const char *name,
		  const char *bytes, size_t len, struct text *out,
		  struct gaps *gaps)
{
	const struct account *account = account_read(arena, diags, name, bytes,
						     len);
	const struct draft *draft;
	const char *base;

	if (!account)
		return false;
	if (!account->groups.count) {
		diag_add(diags, P0601, (struct span){ 0 },
			 "%s: there is no security group in it", name);
		return false;
	}
	base = strrchr(name, '/');
	draft = draft_of(arena, base ? base + 1 : name, account);
	draft_write(out, draft);
	for (size_t i = 0; i < draft->gaps.count; i++)
		*LIST_PUSH(arena, gaps) = draft->gaps.at[i].text;
	return true;
}

static bool denote(const struct job *job, const void *model, struct sides *out)
{
	return aws_denote(job, model, out);
}

static const char *blame(const struct job *job, const void *model,
			 const struct packet *packet)
{
	return aws_blame(job, model, packet);
}

const struct backend backend_terraform = {
	.name = "terraform",
	.title = "AWS security groups as Terraform JSON",
	.by_default = true,
	.emit = emit_terraform,
	.carry = aws_carry_terraform,
	.adopt = aws_adopt_terraform,
	.recognise = is_terraform,
	.read = read_terraform,
	.claim = claim_terraform,
	.denote = denote,
	.blame = blame,
};

const struct backend backend_cloudformation = {
	.name = "cloudformation",
	.title = "AWS security groups as a CloudFormation template",
	.emit = emit_cloudformation,
	.recognise = is_cloudformation,
	.read = read_cloudformation,
	.denote = denote,
	.blame = blame,
};

const struct backend backend_ec2 = {
	.name = "ec2",
	.title = "AWS security groups as EC2 permissions",
	.emit = emit_ec2,
	.recognise = is_ec2,
	.read = read_ec2,
	.claim = claim,
	.draft = draft,
	.join = aws_join,
	.denote = denote,
	.blame = blame,
};
