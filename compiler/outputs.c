/*
 * Resources have keys that come from what they say, so a change shows as one
 * resource gone and another there.  Two that say the same under different keys
 * are told as replaced: Terraform takes the one away before it makes the other.
 *
 * What is changed in place and what is replaced is the provider's to say
 * (hashicorp/aws, aws_security_group: name, description and vpc_id force a new
 * group; aws_vpc_security_group_*_rule: ModifySecurityGroupRules changes ports,
 * CIDR and description, another group or another kind of peer is a new rule).
 */
#include "compiler/outputs.h"

#include "compiler/base/table.h"
#include "compiler/base/text.h"

#include <stdlib.h>
#include <string.h>

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

bool outputs_open(const struct fb_compilation *made, struct output_trees *out)
{
	*out = (struct output_trees){
		.paths = calloc(made->count + 1, sizeof *out->paths),
		.at = calloc(made->count + 1, sizeof *out->at) };
	for (size_t i = 0; i < made->count && out->paths && out->at; i++) {
		const struct fb_output *o = &made->outputs[i];

		if (!ends_in(o->path, ".tf.json"))
			continue;
		out->paths[out->count] = o->path;
		out->at[out->count] = json_loadb(o->bytes, o->len, 0, NULL);
		if (!out->at[out->count++])
			break;
	}
	if (out->paths && out->at &&
	    (!out->count || out->at[out->count - 1]))
		return true;
	outputs_close(out);
	return false;
}

void outputs_close(struct output_trees *trees)
{
	for (size_t i = 0; trees->at && i < trees->count; i++)
		json_decref(trees->at[i]);
	free(trees->at);
	free(trees->paths);
	*trees = (struct output_trees){ 0 };
}

/* --- resources --- */

struct resource {
	const char *type, *key;
	json_t *is;
	bool paired;
};

struct resources {
	LIST(struct resource) list;
};

static bool is_group(const struct resource *r)
{
	return strcmp(r->type, "aws_security_group") == 0;
}

static bool is_rule(const struct resource *r)
{
	return strncmp(r->type, "aws_vpc_security_group_", 23) == 0;
}

static int by_identity(const void *x, const void *y)
{
	const struct resource *a = x, *b = y;
	int order = strcmp(a->type, b->type);

	return order ? order : strcmp(a->key, b->key);
}

static struct resources resources_of(struct arena *arena, json_t *tree)
{
	struct resources out = { 0 };
	const char *type, *key;
	json_t *of_type, *one;

	json_object_foreach(json_object_get(tree, "resource"), type, of_type)
		json_object_foreach(of_type, key, one)
			*LIST_PUSH(arena, &out.list) =
				(struct resource){ type, key, one, false };
	if (out.list.count)
		qsort(out.list.at, out.list.count, sizeof *out.list.at,
		      by_identity);
	return out;
}

static const char *string_of(const struct resource *r, const char *key)
{
	const char *is = json_string_value(json_object_get(r->is, key));

	return is ? is : "";
}

/* "edge" of "${aws_security_group.edge.id}"; another text as it is. */
static const char *referred(struct arena *arena, const char *text)
{
	const char *end = strrchr(text, '.'), *start = end;

	if (strncmp(text, "${", 2) != 0 || !end)
		return text;
	while (start > text && start[-1] != '.')
		start--;
	return arena_copy(arena, start, (size_t)(end - start));
}

static const char *group_of(struct arena *arena, const struct resource *r)
{
	if (!is_rule(r))
		return "";
	return arena_printf(arena, "%s %s",
		referred(arena, string_of(r, "security_group_id")),
		strstr(r->type, "ingress") ? "ingress" : "egress");
}

static void put_ports(struct text *out, const struct resource *r)
{
	const char *protocol = string_of(r, "ip_protocol");
	json_t *from = json_object_get(r->is, "from_port");
	json_t *to = json_object_get(r->is, "to_port");

	text_puts(out, strcmp(protocol, "-1") == 0 ? "all" : protocol);
	if (!json_is_integer(from) || json_integer_value(from) < 0)
		return;
	text_printf(out, " %" JSON_INTEGER_FORMAT, json_integer_value(from));
	if (json_is_integer(to) &&
	    json_integer_value(to) != json_integer_value(from))
		text_printf(out, "%s%" JSON_INTEGER_FORMAT,
			    strncmp(protocol, "icmp", 4) == 0 ? "/" : "-",
			    json_integer_value(to));
}

static const char *const peers[] = { "cidr_ipv4", "cidr_ipv6",
				     "prefix_list_id",
				     "referenced_security_group_id" };

enum { PEERS = sizeof peers / sizeof *peers };

/* The kind of peer that R has, as a place in peers[]; PEERS for none. */
static size_t peer_kind(const struct resource *r)
{
	size_t i = 0;

	while (i < PEERS && !*string_of(r, peers[i]))
		i++;
	return i;
}

/* "tcp 443 from edge"; of a group its name. */
static const char *resource_text(struct arena *arena, const struct resource *r)
{
	struct text out = TEXT_IN(arena);
	size_t kind = peer_kind(r);

	if (!is_rule(r))
		return string_of(r, "name");
	put_ports(&out, r);
	text_puts(&out, strstr(r->type, "ingress") ? " from " : " to ");
	if (kind < PEERS)
		text_printf(&out, "%s%s", kind == 2 ? "list " : kind == 3
			    ? "group " : "",
			    referred(arena, string_of(r, peers[kind])));
	return text_string(&out);
}

/* --- comparing --- */

struct comparing {
	struct arena *arena;
	const char *path;
	LIST(struct fb_resource_change) changes;
	LIST(struct fb_quota_change) quotas;
};

static void add_change(struct comparing *c, enum fb_resource_change_kind kind,
		       const struct resource *r, const char *was,
		       const char *is)
{
	*LIST_PUSH(c->arena, &c->changes) = (struct fb_resource_change){
		kind, c->path, group_of(c->arena, r),
		arena_printf(c->arena, "%s.%s", r->type, r->key), was, is };
}

static bool same_member(const struct resource *a, const struct resource *b,
			const char *key)
{
	return json_equal(json_object_get(a->is, key),
			  json_object_get(b->is, key)) ||
	       (!json_object_get(a->is, key) && !json_object_get(b->is, key));
}

static bool is_replaced(const struct resource *a, const struct resource *b)
{
	if (is_group(a))
		return !same_member(a, b, "name") ||
		       !same_member(a, b, "description") ||
		       !same_member(a, b, "vpc_id");
	return is_rule(a) && (!same_member(a, b, "security_group_id") ||
			      peer_kind(a) != peer_kind(b));
}

/* What a reader sees of a change that keeps the text: the first other member. */
static void change_texts(struct arena *arena, const struct resource *a,
			 const struct resource *b, const char **was,
			 const char **is)
{
	*was = resource_text(arena, a);
	*is = resource_text(arena, b);
	if (strcmp(*was, *is) != 0)
		return;
	if (!same_member(a, b, "description")) {
		*was = arena_printf(arena, "%s, description \"%s\"", *was,
				    string_of(a, "description"));
		*is = arena_printf(arena, "%s, description \"%s\"", *is,
				   string_of(b, "description"));
	} else if (!same_member(a, b, "tags")) {
		*is = arena_printf(arena, "%s, other tags", *is);
	}
}

static void compare_both(struct comparing *c, const struct resource *a,
			 const struct resource *b)
{
	const char *was, *is;

	if (json_equal(a->is, b->is))
		return;
	change_texts(c->arena, a, b, &was, &is);
	add_change(c, is_replaced(a, b) ? FB_REPLACED : FB_CHANGED, b, was,
		   is);
}

/* What a rule says, whatever it is called. */
static const char *content_key(struct arena *arena, const struct resource *r)
{
	return arena_printf(arena, "%s\n%s\n%s", r->type,
			    group_of(arena, r), resource_text(arena, r));
}

/* Rules that are gone and come back the same under another key. */
static void pair_renamed(struct comparing *c, struct resources *gone,
			 struct resources *come)
{
	struct table known = TABLE_IN(c->arena);

	for (size_t i = 0; i < gone->list.count; i++)
		if (is_rule(&gone->list.at[i]))
			*table_at_name(&known, content_key(c->arena,
					&gone->list.at[i])) = &gone->list.at[i];
	for (size_t i = 0; i < come->list.count; i++) {
		struct resource *b = &come->list.at[i], *a;

		a = is_rule(b) ? table_get_name(&known, content_key(c->arena,
								    b)) : NULL;
		if (!a || a->paired)
			continue;
		a->paired = b->paired = true;
		add_change(c, FB_REPLACED, b, arena_printf(c->arena,
			"%s, as `%s`", resource_text(c->arena, a), a->key),
			arena_printf(c->arena, "%s, as `%s`",
				     resource_text(c->arena, b), b->key));
	}
}

static void compare_trees(struct comparing *c, json_t *old, json_t *new)
{
	struct resources was = resources_of(c->arena, old), gone = { 0 };
	struct resources is = resources_of(c->arena, new), come = { 0 };
	size_t i = 0, k = 0;

	while (i < was.list.count || k < is.list.count) {
		const struct resource *a = &was.list.at[i];
		const struct resource *b = &is.list.at[k];
		int order = i == was.list.count ? 1 : k == is.list.count ? -1
			  : by_identity(a, b);

		if (order < 0)
			*LIST_PUSH(c->arena, &gone.list) = *a;
		else if (order > 0)
			*LIST_PUSH(c->arena, &come.list) = *b;
		else
			compare_both(c, a, b);
		i += order <= 0;
		k += order >= 0;
	}
	pair_renamed(c, &gone, &come);
	for (i = 0; i < come.list.count; i++)
		if (!come.list.at[i].paired)
			add_change(c, FB_ADDED, &come.list.at[i], "",
				   resource_text(c->arena, &come.list.at[i]));
	for (i = 0; i < gone.list.count; i++)
		if (!gone.list.at[i].paired)
			add_change(c, FB_REMOVED, &gone.list.at[i],
				   resource_text(c->arena, &gone.list.at[i]),
				   "");
}

/* --- quotas --- */

enum { BY_FAMILY = 2 };

/* Rules of one group and direction; a group as peer counts in both families. */
struct tally {
	const char *group;
	unsigned rules[BY_FAMILY], lists;
};

struct tallies {
	struct arena *arena;
	struct table known;
	LIST(struct tally *) list;
};

static struct tally *tally_of(struct tallies *t, const char *group)
{
	struct tally **place = (struct tally **)table_at_name(&t->known,
							      group);

	if (!*place) {
		*place = arena_alloc(t->arena, sizeof **place);
		(*place)->group = group;
		*LIST_PUSH(t->arena, &t->list) = *place;
	}
	return *place;
}

static struct tallies tallies_of(struct arena *arena, json_t *tree)
{
	struct tallies t = { .arena = arena, .known = TABLE_IN(arena) };
	struct resources all = resources_of(arena, tree);

	for (size_t i = 0; i < all.list.count; i++) {
		const struct resource *r = &all.list.at[i];
		size_t kind = peer_kind(r);
		struct tally *one;

		if (!is_rule(r))
			continue;
		one = tally_of(&t, group_of(arena, r));
		one->rules[0] += kind == 0 || kind == 3;
		one->rules[1] += kind == 1 || kind == 3;
		one->lists += kind == 2;
	}
	return t;
}

static void compare_quotas(struct comparing *c, json_t *old, json_t *new,
			   unsigned most)
{
	static const char *const families[BY_FAMILY] = { "IPv4", "IPv6" };
	struct tallies was = tallies_of(c->arena, old);
	struct tallies is = tallies_of(c->arena, new);

	for (size_t i = 0; i < is.list.count; i++)
		for (int f = 0; f < BY_FAMILY; f++) {
			const struct tally *b = is.list.at[i];
			const struct tally *a = tally_of(&was, b->group);

			if (a->rules[f] == b->rules[f])
				continue;
			*LIST_PUSH(c->arena, &c->quotas) =
				(struct fb_quota_change){ c->path,
				arena_printf(c->arena, b->lists
					? "%s, %s, prefix lists aside"
					: "%s, %s", b->group, families[f]),
				a->rules[f], b->rules[f], most };
		}
}

static int fullest_first(const void *x, const void *y)
{
	const struct fb_quota_change *a = x, *b = y;
	int order;

	if (a->is != b->is)
		return a->is > b->is ? -1 : 1;
	order = strcmp(a->path, b->path);
	return order ? order : strcmp(a->group, b->group);
}

static void compare_files(struct comparing *c, const char *path, json_t *was,
			  json_t *is, unsigned most)
{
	c->path = path;
	compare_trees(c, was, is);
	compare_quotas(c, was, is, most);
}

void outputs_compare(struct arena *arena, const struct output_trees *old,
		     const struct output_trees *new, unsigned most,
		     struct fb_diff *out)
{
	struct comparing c = { .arena = arena };
	struct table olds = TABLE_IN(arena), news = TABLE_IN(arena);

	for (size_t i = 0; i < old->count; i++)
		*table_at_name(&olds, old->paths[i]) = old->at[i];
	for (size_t i = 0; i < new->count; i++) {
		*table_at_name(&news, new->paths[i]) = new->at[i];
		compare_files(&c, new->paths[i],
			      table_get_name(&olds, new->paths[i]),
			      new->at[i], most);
	}
	for (size_t i = 0; i < old->count; i++)
		if (!table_get_name(&news, old->paths[i]))
			compare_files(&c, old->paths[i], old->at[i], NULL,
				      most);
	if (c.quotas.count)
		qsort(c.quotas.at, c.quotas.count, sizeof *c.quotas.at,
		      fullest_first);
	out->resources = c.changes.at;
	out->resource_count = c.changes.count;
	out->quotas = c.quotas.at;
	out->quota_count = c.quotas.count;
}

/* --- lines that name a rule --- */

static bool is_name_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9') || c == '-' || c == '_';
}

/* Does NAME stand in the LEN bytes at LINE as a word of its own? */
static bool has_word(const char *line, size_t len, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i + n <= len; i++)
		if (memcmp(line + i, name, n) == 0 &&
		    (i == 0 || !is_name_char(line[i - 1])) &&
		    (i + n == len || !is_name_char(line[i + n])))
			return true;
	return false;
}

/* Where a line lists the rules it comes from; LEN when it does not. */
static size_t names_begin(const char *line, size_t len)
{
	static const char *const marks[] = { "\"firebreak:rules\"",
					     "comment \"" };

	for (size_t m = 0; m < 2; m++) {
		size_t n = strlen(marks[m]);

		for (size_t i = 0; i + n <= len; i++)
			if (memcmp(line + i, marks[m], n) == 0)
				return i + n;
	}
	return len;
}

struct output_lines outputs_naming(struct arena *arena,
				   const struct fb_compilation *made,
				   const char *name)
{
	struct output_lines out = { 0 };

	for (size_t i = 0; i < made->count; i++) {
		const char *at = made->outputs[i].bytes;
		const char *end = at + made->outputs[i].len;

		for (size_t number = 1; at < end; number++) {
			const char *stop = memchr(at, '\n', (size_t)(end - at));
			size_t len = (size_t)((stop ? stop : end) - at);
			size_t from = names_begin(at, len), lead = 0;

			if (has_word(at + from, len - from, name)) {
				while (lead < len && (at[lead] == ' ' ||
						      at[lead] == '\t'))
					lead++;
				*LIST_PUSH(arena, &out.list) =
					(struct output_line){
						made->outputs[i].path,
						arena_copy(arena, at + lead,
							   len - lead),
						number };
			}
			at += len + 1;
		}
	}
	return out;
}
