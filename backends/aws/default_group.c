/*
 * The default group of the VPC, which an interface carries whose maker named no
 * group ("Default security groups", VPC user guide).  AWS makes it with two
 * rules: everything from itself, and everything out.
 *
 * It is of no layer, so whoever carries it may be anywhere in the VPC.
 */
#include "backends/aws/aws.h"

#include "compiler/base/service.h"
#include "compiler/base/text.h"

/* What it admits as AWS made it. */
static struct boxes as_made(struct arena *arena, struct ranges near,
			    enum family family, enum aws_direction direction)
{
	struct ranges everything = ranges_one(arena, 0, SERVICE_LAST);
	struct boxes boxes = { 0 };

	boxes_add(arena, &boxes, near,
		  direction == AWS_INGRESS ? near : family_all(arena, family),
		  everything);
	return boxes;
}

static void add_side(const struct job *job, const struct aws_model *model,
		     enum family family, enum aws_direction direction,
		     struct sides *out)
{
	struct ranges near = job->meaning->space->vpc.of[family];
	struct boxes made = { 0 };
	struct side *side;

	if (ranges_empty(near))
		return;
	made = as_made(job->arena, near, family, direction);
	side = LIST_PUSH(job->arena, out);
	*side = (struct side){
		.label = arena_printf(job->arena, "default group: %s, %s",
				      direction == AWS_INGRESS ? "ingress" :
								 "egress",
				      family_name(family)),
		.family = family };
	if (model->default_group == AWS_DEFAULT_AS_MADE)
		side->admitted = made;
	if (job->ir->aws.keep_default_group)
		side->must = side->may = made;
}

void aws_denote_default_group(const struct job *job,
			      const struct aws_model *model, struct sides *out)
{
	if (model->default_group == AWS_DEFAULT_UNSAID)
		return;
	for (enum family f = IPV4; f < FAMILIES; f++)
		for (int d = 0; d < AWS_DIRECTIONS; d++)
			add_side(job, model, f, (enum aws_direction)d, out);
}
