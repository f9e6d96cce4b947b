/*
 * Terraform knows a resource by its key.  A rule that is the same under another
 * key would be taken away and made again, both at once: AWS refuses the second
 * while the first is there.  A `moved` block says that it is the same one.
 *
 * A block leads from where nothing is any more to where nothing was: Terraform
 * refuses one that leads away from a resource that the file still has, and does
 * not follow one to where another resource is.  So where keys change places, or
 * follow each other, each rule of them gets a key of its own, which says so; the
 * build after it gives it back the one that it would have.
 */
#include "backends/aws/aws.h"

#include "compiler/base/table.h"
#include "compiler/base/text.h"

#include <stdlib.h>
#include <string.h>

struct move {
	const char *from, *to;
};

/* What AWS knows the rule by, in words that hold in both files. */
static const char *identity_of(struct arena *arena,
			       const struct aws_model *model,
			       const struct aws_rule *rule)
{
	const struct aws_permission *is = &rule->is;
	char prefix[ADDR_TEXT];
	const char *peer = "";

	switch (is->peer.kind) {
	case AWS_PREFIX:
		peer = prefix_text(is->peer.prefix, prefix);
		break;
	case AWS_LIST:
		peer = model->lists[is->peer.index].name;
		break;
	case AWS_GROUP:
		peer = model->groups[is->peer.index].key;
		break;
	}
	return arena_printf(arena, "%s\n%d %d %d %d %d\n%s",
			    model->groups[is->group].key, is->direction,
			    is->service.protocol, is->service.from,
			    is->service.to, is->peer.kind, peer);
}

static const char *address_of(struct arena *arena, const struct aws_rule *rule)
{
	return arena_printf(arena, "aws_vpc_security_group_%s_rule.%s",
			    rule->is.direction == AWS_INGRESS ? "ingress"
							      : "egress",
			    rule->key);
}

static struct table by_address(struct arena *arena,
			       const struct aws_model *model)
{
	struct table all = TABLE_IN(arena);

	for (size_t i = 0; i < model->rule_count; i++)
		*table_at_name(&all, address_of(arena, &model->rules[i])) =
			(void *)(uintptr_t)&model->rules[i];
	return all;
}

static int by_from(const void *x, const void *y)
{
	const struct move *a = x, *b = y;

	return strcmp(a->from, b->from);
}

static struct table by_identity(struct arena *arena,
				const struct aws_model *model)
{
	struct table all = TABLE_IN(arena);

	for (size_t i = 0; i < model->rule_count; i++)
		*table_at_name(&all, identity_of(arena, model,
						 &model->rules[i])) =
			(void *)(uintptr_t)&model->rules[i];
	return all;
}

/* The rules of two files, by what Terraform and what AWS knows them by. */
struct carrying {
	struct arena *arena;
	const struct aws_model *was, *is;
	struct table before, now;	/* address -> struct aws_rule */
	struct table known, wanted;	/* identity -> the same */
	struct table own;		/* address now -> the key instead of its */
	LIST(struct move) moves;
};

/* A key for RULE that neither file has. */
static const char *key_apart(const struct carrying *c, const char *identity,
			     const struct aws_rule *rule)
{
	struct aws_rule other = *rule;
	const char *address;

	for (unsigned i = 0;; i++) {
		const char *said = arena_printf(c->arena, "%s\n%u", identity, i);

		other.key = arena_printf(c->arena, "%s__moved-%08x", rule->key,
					 (unsigned)hash_bytes(said,
							      strlen(said)));
		address = address_of(c->arena, &other);
		if (!table_get_name(&c->before, address) &&
		    !table_get_name(&c->now, address))
			return other.key;
	}
}

/*
 * Does the key of a rule that was OLD, or new with NULL, lead to another one that
 * was there, so that Terraform would not take it for what it is?
 */
static bool is_in_the_way(const struct carrying *c, const struct aws_rule *old,
			  const struct aws_rule *there)
{
	return there && there != old &&
	       (old || table_get_name(&c->wanted, identity_of(c->arena, c->was,
							      there)));
}

static void carry_rule(struct carrying *c, const struct aws_rule *rule)
{
	const char *identity = identity_of(c->arena, c->is, rule);
	const struct aws_rule *old = table_get_name(&c->known, identity);
	const char *from = old ? address_of(c->arena, old) : NULL;
	const char *to = address_of(c->arena, rule);

	if (is_in_the_way(c, old, table_get_name(&c->before, to))) {
		struct aws_rule own = *rule;

		own.key = key_apart(c, identity, rule);
		*table_at_name(&c->own, to) = (void *)(uintptr_t)own.key;
		to = address_of(c->arena, &own);
	}
	if (from && strcmp(from, to) != 0)
		*LIST_PUSH(c->arena, &c->moves) = (struct move){ from, to };
}

/* --- the text: one line a resource, as it was emitted --- */

static const char *const types[] = { "aws_vpc_security_group_egress_rule",
				     "aws_vpc_security_group_ingress_rule" };

/*
 * The key in LINE where a resource of the type SECTION begins, or a rule is
 * referred to as `${TYPE.KEY.id}` in a list; *SECTION then is that type.  NULL:
 * there is none.
 */
static const char *key_in_line(const char *line, size_t len,
			       const char **section, size_t *key_len)
{
	static const char resource[] = "      \"", list[] = "          \"${";
	const char *end = line + len, *start, *stop;

	if (*section && len > sizeof resource &&
	    memcmp(line, resource, sizeof resource - 1) == 0) {
		start = line + sizeof resource - 1;
		stop = memchr(start, '"', (size_t)(end - start));
		*key_len = stop ? (size_t)(stop - start) : 0;
		return stop ? start : NULL;
	}
	for (size_t t = 0; t < 2; t++) {
		size_t n = strlen(types[t]);

		if (len <= sizeof list + n ||
		    memcmp(line, list, sizeof list - 1) != 0 ||
		    memcmp(line + sizeof list - 1, types[t], n) != 0)
			continue;
		*section = types[t];
		start = line + sizeof list + n;
		stop = memchr(start, '.', (size_t)(end - start));
		*key_len = stop ? (size_t)(stop - start) : 0;
		return stop ? start : NULL;
	}
	return NULL;
}

/* The type whose resources the line begins, NULL when it begins another one. */
static const char *section_of(const char *line, size_t len)
{
	for (size_t t = 0; t < 2; t++) {
		size_t n = strlen(types[t]);

		if (len > n + 5 && memcmp(line + 5, types[t], n) == 0 &&
		    line[n + 5] == '"')
			return types[t];
	}
	return NULL;
}

static void put_line(struct text *out, const struct carrying *c,
		     const char *section, const char *line, size_t len)
{
	size_t key_len;
	const char *key = key_in_line(line, len, &section, &key_len);
	const char *own = key ? table_get_name(&c->own, arena_printf(c->arena,
		"%s.%.*s", section, (int)key_len, key)) : NULL;

	if (!own) {
		text_add(out, line, len);
		return;
	}
	text_add(out, line, (size_t)(key - line));
	text_puts(out, own);
	text_add(out, key + key_len, (size_t)(line + len - key) - key_len);
}

/* NOW with keys of their own for those that have one. */
static void put_keys(const struct carrying *c, struct artefact *now)
{
	struct text out = TEXT_IN(c->arena);
	const char *line = now->bytes, *end = line + now->len;
	const char *section = NULL;

	if (!c->own.count)
		return;
	while (line < end) {
		const char *stop = memchr(line, '\n', (size_t)(end - line));
		size_t len = (size_t)((stop ? stop + 1 : end) - line);

		if (len > 5 && memcmp(line, "    \"", 5) == 0)
			section = section_of(line, len);
		put_line(&out, c, section, line, len);
		line += len;
	}
	now->bytes = text_string(&out);
	now->len = out.len;
}

/* NOW with the moves at their place among its members, which are sorted. */
static void put_moves(const struct carrying *c, struct artefact *now)
{
	static const char behind[] = "\n  \"resource\": {";
	const char *at = strstr(now->bytes, behind);
	struct text out = TEXT_IN(c->arena);

	if (!at || !c->moves.count)
		return;
	text_add(&out, now->bytes, (size_t)(at - now->bytes));
	text_puts(&out, "\n  \"moved\": [");
	for (size_t i = 0; i < c->moves.count; i++)
		text_printf(&out, "%s\n    {\n      \"from\": \"%s\",\n"
			    "      \"to\": \"%s\"\n    }", i ? "," : "",
			    c->moves.at[i].from, c->moves.at[i].to);
	text_puts(&out, "\n  ],");
	text_puts(&out, at);
	now->bytes = text_string(&out);
	now->len = out.len;
}

bool aws_carry_terraform(const struct job *job, const char *name,
			 const char *before, size_t len, struct artefact *now)
{
	struct arena *arena = job->arena;
	struct carrying c = { .arena = arena, .own = TABLE_IN(arena) };

	c.was = aws_read_terraform(arena, job->diags, name, before, len);
	c.is = aws_read_terraform(arena, job->diags, now->path, now->bytes,
				  now->len);
	if (!c.was || !c.is)
		return false;
	c.before = by_address(arena, c.was);
	c.now = by_address(arena, c.is);
	c.known = by_identity(arena, c.was);
	c.wanted = by_identity(arena, c.is);
	for (size_t i = 0; i < c.is->rule_count; i++)
		carry_rule(&c, &c.is->rules[i]);
	if (c.moves.count)
		qsort(c.moves.at, c.moves.count, sizeof *c.moves.at, by_from);
	put_keys(&c, now);
	put_moves(&c, now);
	return true;
}
