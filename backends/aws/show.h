/*
 * What `terraform show -json` prints, a state or a plan ("JSON Output Format",
 * Terraform's documentation), as an account: every security group with its rules,
 * whoever made them.
 *
 * A state says what Terraform found when it last looked, a plan what is to be
 * after the apply.  A value that is not known yet is no value: where it says whose
 * a rule is or who its peer, the configuration in the plan has to tell, or nothing
 * is proved.
 */
#ifndef FIREBREAK_BACKENDS_AWS_SHOW_H
#define FIREBREAK_BACKENDS_AWS_SHOW_H

#include "backends/aws/account.h"
#include "backends/aws/read_json.h"

/* Is it what `terraform show -json` prints, by its words? */
bool show_recognise(const char *bytes, size_t len);

/* As an account; NULL, and told, when a part of it is not understood. */
const struct account *show_read(struct arena *arena, struct diags *diags,
				const char *name, const char *bytes, size_t len);

/* --- between its readers --- */

/* An instance of a module; the root's address is "". */
struct show_module {
	const struct show_module *up;
	const char *name, *address;
	const char *index;		/* `[0]`, `["a"]`; "" without one */
	const struct json *config;	/* of a plan; else NULL */
	struct table configs;		/* of its resources, by their addresses in it */
};

/* What a resource is to us; all others open nothing of a group. */
enum show_kind {
	SHOW_OTHER,
	SHOW_GROUP, SHOW_DEFAULT_GROUP,
	SHOW_INGRESS, SHOW_EGRESS,	/* a rule each */
	SHOW_RULES,			/* aws_security_group_rule: with many peers */
	SHOW_EXCLUSIVE, SHOW_ASSOCIATION,
	SHOW_LIST,
};

/* An instance of a resource, or of a data source. */
struct show_object {
	const struct show_module *module;
	const char *address, *index;
	enum show_kind kind;
	bool data;
	const struct json *values;
	const struct json *unknown;	/* of a plan: what is not known yet; or NULL */
	const struct json *config;	/* of a plan: its expressions; or NULL */
	bool changes, made;		/* the plan says what becomes of it; it is new */
	uint32_t group;			/* in the account, when it is one; or NOT_HERE */
};

struct show {
	struct account_reading r;
	struct reader json;		/* in memory that is gone afterwards */
	bool plan;
	LIST(struct show_object *) objects;
	LIST(struct show_object *) gone;	/* before the plan, and not after */
	struct table modules;		/* by address */
	struct table by_address;	/* -> struct show_object */
	struct table by_id;		/* of groups and lists, the same */
};

enum show_kind show_kind(const char *type, bool data);

/* Such a resource of the module M, in S; NULL: it is another kind, or told. */
struct show_object *show_read_object(struct show *s,
				     const struct show_module *m,
				     const struct json *json);

/* Those of the VALUES at PATH, only data when ONLY_DATA; CONFIG is a plan's. */
void show_read_values(struct show *s, const char *key,
		      const struct json *values, const struct json *config,
		      bool only_data);

/* The objects of the plan ROOT, and what becomes of each. */
void show_read_plan(struct show *s, const struct json *root);

enum show_value { SHOW_NULL, SHOW_KNOWN, SHOW_UNKNOWN };

/*
 * The member KEY of O's values, in *OUT when it is known.  A state has every
 * member: told otherwise.
 */
enum show_value show_value(struct show *s, const struct show_object *o,
			   const char *key, const struct json **out);

/* A string, kept: "" for null; NULL when it is unknown, or told. */
const char *show_text(struct show *s, const struct show_object *o,
		      const char *key);

/*
 * The address of the object whose id the expression of O's argument KEY is, from
 * the configuration; NULL and told, or in *WHY when that is not NULL, where that
 * cannot be said.
 */
const char *show_referred(struct show *s, const struct show_object *o,
			  const char *key, const char **why);

/* The rules of all objects, when the groups and lists are known. */
void show_read_rules(struct show *s);

#endif
