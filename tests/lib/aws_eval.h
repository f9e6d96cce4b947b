/*
 * A file of security groups asked about one packet at a time, by AWS's
 * documentation and with nothing of the compiler's but the types.
 */
#ifndef FIREBREAK_TESTS_LIB_AWS_EVAL_H
#define FIREBREAK_TESTS_LIB_AWS_EVAL_H

#include "compiler/parse.h"
#include "compiler/pset.h"

struct aws_eval;

/*
 * JSON is Terraform's, CloudFormation's, or EC2 permissions.  Who has which
 * address is AST's to say, for ENVIRONMENT of CUSTOMER.  NULL when it is not
 * understood.
 */
const struct aws_eval *aws_eval_read(struct arena *arena, const char *json,
				     size_t len, const struct ast *ast,
				     const char *customer,
				     const char *environment);

/*
 * Does the group of LAYER by itself let PACKET in (else: out)?  "default group"
 * is the one of the VPC that is of no layer.
 */
bool aws_eval_group(const struct aws_eval *eval, const char *layer,
		    bool ingress, const struct packet *packet);

/* Does PACKET, with an end in a layer, pass every group on its way? */
bool aws_eval_composed(const struct aws_eval *eval,
		       const struct packet *packet);

#endif
