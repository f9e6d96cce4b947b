/* The steps of the AWS backend, in the order data meet them. */
#ifndef FIREBREAK_BACKENDS_AWS_AWS_H
#define FIREBREAK_BACKENDS_AWS_AWS_H

#include "backends/aws/model.h"

/*
 * The rules that say the job's environment, each named after the policy rules
 * it came from.  Services that AWS cannot say are told as P0503 and left out,
 * so that everything else wrong with the policy is found in the same run.
 */
const struct aws_model *aws_lower(const struct job *job);

/*
 * Can groups that belong to whole layers admit exactly the policy?  If not,
 * told as P0501 with a packet.  Looks at the policy alone.
 */
bool aws_is_exact(const struct job *job);

/*
 * MODEL with several groups for a layer whose rules one does not hold, as many as
 * an interface may have.  Where those would not do either, one is left.  A format
 * that needs so many outbound IPv4 rules of its own in a group that lets nothing
 * out to prefixes has them RESERVED.
 */
const struct aws_model *aws_split(const struct job *job,
				  const struct aws_model *model,
				  uint32_t reserved);

/*
 * Does every group hold its rules?  If not, told as P0502; P0506 tells of layers
 * that have several.
 */
bool aws_is_within_limits(const struct job *job,
			  const struct aws_model *model);

/*
 * Does AWS take every name and text?  If not, told as P0504.  Anything else
 * that AWS or Terraform would refuse is our mistake, told as P0901.
 */
bool aws_is_valid(const struct job *job, const struct aws_model *model);

/*
 * What of MODEL, which was lowered, AWS or Terraform would refuse or take for
 * something else; NULL: nothing.
 */
const char *aws_mistake(struct arena *arena, const struct aws_model *model,
			unsigned groups_per_interface);

struct artefact aws_emit_terraform(struct arena *arena,
				   const struct aws_model *model);

const struct aws_model *aws_read_terraform(struct arena *arena,
					   struct diags *diags,
					   const char *name, const char *bytes,
					   size_t len);

/* See struct backend: what stands under another key now is told as moved. */
bool aws_carry_terraform(const struct job *job, const char *name,
			 const char *before, size_t len, struct artefact *now);

/* See struct backend: import blocks for what of NOW the account FROM has. */
bool aws_adopt_terraform(const struct job *job, const struct fb_capture *from,
			 const struct artefact *now, struct artefact *out);

/* Is each import block of FILE of what the resource in MODEL says?  Told as P0601. */
bool aws_read_imports(struct arena *arena, struct diags *diags,
		      const struct artefact *file, const struct aws_model *model,
		      const struct account *account);

struct artefact aws_emit_ec2(struct arena *arena,
			     const struct aws_model *model);

const struct aws_model *aws_read_ec2(struct arena *arena, struct diags *diags,
				     const char *name, const char *bytes,
				     size_t len);

/*
 * The model of the one environment that all tagged groups are of; nothing but
 * the ACCOUNT where they are of several, or none has tags.  NULL stays NULL.
 */
const struct aws_model *aws_model_of(struct arena *arena, struct diags *diags,
				     const char *name,
				     const struct account *account);

/* The same of what `terraform show -json` prints. */
const struct aws_model *aws_read_show(struct arena *arena, struct diags *diags,
				      const char *name, const char *bytes,
				      size_t len);

struct artefact aws_emit_cloudformation(struct arena *arena,
					const struct aws_model *model);

/* The bytes that RULE takes of a template. */
size_t aws_template_bytes(struct arena *arena, const struct aws_model *model,
			  const struct aws_rule *rule);

/*
 * Does CloudFormation take TEMPLATE, printed of MODEL, and as what it says?  If
 * not, told as P0510 or P0512; what it takes by way of S3 only, as P0511.
 */
bool aws_is_template(const struct job *job, const struct aws_model *model,
		     const struct artefact *template);

const struct aws_model *aws_read_cloudformation(struct arena *arena,
						struct diags *diags,
						const char *name,
						const char *bytes, size_t len);

/* See struct backend: several captures as one. */
bool aws_join(struct arena *arena, struct diags *diags, const char *name,
	      const struct fb_capture *files, size_t count, struct text *out);

/* Which environments of IR the groups of a capture are of: see backend.h. */
void aws_claim(struct arena *arena, struct diags *diags, const struct ir *ir,
	       const char *name, const struct aws_model *model,
	       struct claims *out);

bool aws_denote(const struct job *job, const struct aws_model *model,
		struct sides *out);

/* The same of the default group, where the file's format can speak of it. */
void aws_denote_default_group(const struct job *job,
			      const struct aws_model *model,
			      struct sides *out);

/* The rules of MODEL that admit PACKET at one of its ends, for people. */
const char *aws_blame(const struct job *job, const struct aws_model *model,
		      const struct packet *packet);

/*
 * Is every character of TEXT one that AWS takes in names and descriptions?
 * That is the documented set less `&`, which some peers do not take.
 */
bool aws_text_is_legal(const char *text);

#endif
