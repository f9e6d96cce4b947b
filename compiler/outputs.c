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
#include "compiler/sessions.h"

#include <stdlib.h>
#include <string.h>

static bool ends_in(const char *text, const char *end)
{
	size_t n = strlen(text), m = strlen(end);

	return n >= m && strcmp(text + n - m, end) == 0;
}

/* --- JSON, as far as our own files go --- */

/*
 * A place in a text.  What is read is what we have emitted and proved, so it is
 * well formed; whatever is not leaves `at` at `end` and finds nothing.
 */
struct cursor {
	const char *at, *end;
};

/* A stretch of the text: a value, or what is between the quotes of a key. */
struct stretch {
	const char *at;
	size_t len;
};

static void skip_blanks(struct cursor *c)
{
	while (c->at < c->end && (*c->at == ' ' || *c->at == '\n' ||
				  *c->at == '\t' || *c->at == '\r'))
		c->at++;
}

/* The string that begins here, without its quotes, escapes as they are. */
static struct stretch take_quoted(struct cursor *c)
{
	struct stretch s = { ++c->at, 0 };

	while (c->at < c->end && *c->at != '"')
		c->at += *c->at == '\\' && c->at + 1 < c->end ? 2 : 1;
	s.len = (size_t)(c->at - s.at);
	c->at += c->at < c->end;
	return s;
}

/* Behind the value that begins here. */
static struct stretch take_value(struct cursor *c)
{
	struct stretch s = { c->at, 0 };
	unsigned depth = 0;

	while (c->at < c->end) {
		if (*c->at == '"') {
			(void)take_quoted(c);
		} else if (depth == 0 && (*c->at == ',' || *c->at == '}' ||
					  *c->at == ']')) {
			break;
		} else {
			depth += *c->at == '{' || *c->at == '[';
			depth -= *c->at == '}' || *c->at == ']';
			c->at++;
		}
	}
	s.len = (size_t)(c->at - s.at);
	while (s.len && (s.at[s.len - 1] == ' ' || s.at[s.len - 1] == '\n'))
		s.len--;
	return s;
}

static struct cursor inside(struct stretch object)
{
	struct cursor c = { object.at, object.at + object.len };

	skip_blanks(&c);
	if (c.at < c.end && *c.at == '{')
		c.at++;
	else
		c.at = c.end;
	return c;
}

/* The next member of an object; false behind the last. */
static bool next_member(struct cursor *c, struct stretch *key,
			struct stretch *value)
{
	skip_blanks(c);
	if (c->at < c->end && *c->at == ',')
		c->at++;
	skip_blanks(c);
	if (c->at >= c->end || *c->at != '"')
		return false;
	*key = take_quoted(c);
	skip_blanks(c);
	if (c->at >= c->end || *c->at != ':')
		return false;
	c->at++;
	skip_blanks(c);
	*value = take_value(c);
	return true;
}

static bool is_key(struct stretch key, const char *name)
{
	return key.len == strlen(name) && memcmp(key.at, name, key.len) == 0;
}

/* The next element of the array that C is in; false behind the last. */
static bool next_element(struct cursor *c, struct stretch *value)
{
	skip_blanks(c);
	if (c->at < c->end && (*c->at == ',' || *c->at == '['))
		c->at++;
	skip_blanks(c);
	if (c->at >= c->end || *c->at != '{')
		return false;
	*value = take_value(c);
	return true;
}

/* The value of NAME in OBJECT; empty when it has none. */
static struct stretch member(struct stretch object, const char *name)
{
	struct cursor c = inside(object);
	struct stretch key, value;

	while (next_member(&c, &key, &value))
		if (is_key(key, name))
			return value;
	return (struct stretch){ object.at, 0 };
}

/* --- resources --- */

struct resource {
	const char *type, *key;
	struct stretch is;
	bool paired;
	bool moved;		/* from another key: AWS knows it as the same */
};

struct resources {
	LIST(struct resource) list;	/* by type, then key */
};

static bool is_group(const struct resource *r)
{
	return strcmp(r->type, "aws_security_group") == 0;
}

static bool is_rule(const struct resource *r)
{
	return strncmp(r->type, "aws_vpc_security_group_", 23) == 0 &&
	       ends_in(r->type, "_rule");
}

static int by_name(const void *x, const void *y)
{
	const struct resource *a = x, *b = y;
	int order = strcmp(a->type, b->type);

	return order ? order : strcmp(a->key, b->key);
}

/* Our files have them in this order: then there is nothing to do. */
static void sort(struct resources *all)
{
	size_t i = 1;

	while (i < all->list.count &&
	       by_name(&all->list.at[i - 1], &all->list.at[i]) < 0)
		i++;
	if (i < all->list.count)
		qsort(all->list.at, all->list.count, sizeof *all->list.at,
		      by_name);
}

static struct resources resources_of(struct arena *arena,
				     const struct fb_output *file)
{
	struct resources out = { 0 };
	struct stretch none = { "", 0 }, type, of_type, key, is;
	struct cursor types = inside(member(file
		? (struct stretch){ file->bytes, file->len } : none,
		"resource")), keys;

	while (next_member(&types, &type, &of_type)) {
		const char *kind = arena_copy(arena, type.at, type.len);

		keys = inside(of_type);
		while (next_member(&keys, &key, &is)) {
			*LIST_PUSH(arena, &out.list) = (struct resource){
				kind, arena_copy(arena, key.at, key.len), is,
				false, false };
		}
	}
	sort(&out);
	return out;
}

/* What stands between the quotes of the member KEY of OBJECT. */
static const char *quoted_member(struct arena *arena, struct stretch object,
				 const char *key)
{
	struct stretch value = member(object, key);

	return value.len < 2 ? "" : arena_copy(arena, value.at + 1,
					       value.len - 2);
}

/* Resources of OLD under the keys that they move to, as NEW says. */
static void follow_moves(struct arena *arena, struct resources *old,
			 const struct fb_output *new)
{
	struct stretch moved = member(new ? (struct stretch){ new->bytes, new->len }
					  : (struct stretch){ "", 0 }, "moved");
	struct cursor moves = { moved.at, moved.at + moved.len };
	struct table to = TABLE_IN(arena);
	struct stretch one;

	while (next_element(&moves, &one))
		*table_at_name(&to, quoted_member(arena, one, "from")) =
			(void *)(uintptr_t)quoted_member(arena, one, "to");
	for (size_t i = 0; i < old->list.count && to.count; i++) {
		struct resource *r = &old->list.at[i];
		const char *address = table_get_name(&to, arena_printf(arena,
				"%s.%s", r->type, r->key));

		r->moved = address;
		if (address)
			r->key = strchr(address, '.') + 1;
	}
	if (to.count)
		sort(old);
}

/* A string member with its escapes undone as far as people need it. */
static const char *string_of(struct arena *arena, const struct resource *r,
			     const char *key)
{
	struct stretch value = member(r->is, key);
	struct text out = TEXT_IN(arena);

	if (value.len < 2 || *value.at != '"')
		return "";
	for (size_t i = 1; i + 1 < value.len; i++) {
		if (value.at[i] == '\\' && (value.at[i + 1] == '"' ||
					     value.at[i + 1] == '\\'))
			i++;
		text_putc(&out, value.at[i]);
	}
	return text_string(&out);
}

/* A number member; -1 when there is none. */
static long number_member(const struct resource *r, const char *key)
{
	struct stretch value = member(r->is, key);
	long number = 0;

	if (!value.len || *value.at < '0' || *value.at > '9')
		return -1;
	for (size_t i = 0; i < value.len && value.at[i] >= '0' &&
			   value.at[i] <= '9' && i < 9; i++)
		number = 10 * number + value.at[i] - '0';
	return number;
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
		referred(arena, string_of(arena, r, "security_group_id")),
		strstr(r->type, "ingress") ? "ingress" : "egress");
}

static void put_ports(struct text *out, const struct resource *r)
{
	const char *protocol = string_of(out->arena, r, "ip_protocol");
	long from = number_member(r, "from_port");
	long to = number_member(r, "to_port");

	text_puts(out, strcmp(protocol, "-1") == 0 ? "all" : protocol);
	if (from < 0)
		return;
	text_printf(out, " %ld", from);
	if (to >= 0 && to != from)
		text_printf(out, "%s%ld", strncmp(protocol, "icmp", 4) == 0
			    ? "/" : "-", to);
}

static const char *const peers[] = { "cidr_ipv4", "cidr_ipv6",
				     "prefix_list_id",
				     "referenced_security_group_id" };

enum { PEERS = sizeof peers / sizeof *peers };

/* The kind of peer that R has, as a place in peers[]; PEERS for none. */
static size_t peer_kind(const struct resource *r)
{
	size_t i = 0;

	while (i < PEERS && !member(r->is, peers[i]).len)
		i++;
	return i;
}

/* "tcp 443 from edge"; of a group its name. */
static const char *resource_text(struct arena *arena, const struct resource *r)
{
	struct text out = TEXT_IN(arena);
	size_t kind = peer_kind(r);

	if (strcmp(r->type, "aws_default_security_group") == 0)
		return "the default group of the VPC, without rules";
	if (strcmp(r->type, "aws_vpc_security_group_rules_exclusive") == 0)
		return "the list of the rules that the group may have";
	if (!is_rule(r))
		return string_of(arena, r, "name");
	put_ports(&out, r);
	text_puts(&out, strstr(r->type, "ingress") ? " from " : " to ");
	if (kind < PEERS)
		text_printf(&out, "%s%s", kind == 2 ? "list " : kind == 3
			    ? "group " : "",
			    referred(arena, string_of(arena, r, peers[kind])));
	return text_string(&out);
}

/* --- comparing --- */

/* What is the same in several files is told once, with all of them. */
struct comparing {
	struct arena *arena;
	const char *path;
	size_t most_paths;
	LIST(struct fb_resource_change) changes;
	LIST(struct fb_quota_change) quotas;
	struct table known;		/* what it says -> number + 1 */
	struct table weights[2];	/* of lists, before and after */
};

/* The place in the LIST of what KEY says, new or known; *FRESH says which. */
static size_t place_of(struct comparing *c, const char *key, size_t count,
		       bool *fresh)
{
	void **place = table_at_name(&c->known, key);

	*fresh = !*place;
	if (*fresh)
		*place = (void *)(uintptr_t)(count + 1);
	return (uintptr_t)*place - 1;
}

static const char *const *new_paths(const struct comparing *c)
{
	return arena_array(c->arena, c->most_paths, sizeof(char *));
}

static bool same_bytes(struct stretch a, struct stretch b)
{
	return a.len == b.len && memcmp(a.at, b.at, a.len) == 0;
}

static bool is_everybody(struct arena *arena, const struct resource *r,
			 size_t kind)
{
	return peer_kind(r) == kind && kind < 2 &&
	       strcmp(string_of(arena, r, peers[kind]),
		      kind == 0 ? "0.0.0.0/0" : "::/0") == 0;
}

/* Has the group of R a rule the other way for all ports and everybody? */
static bool is_answered(struct arena *arena, const struct resources *all,
			const struct resource *r)
{
	const char *protocol = string_of(arena, r, "ip_protocol");

	for (size_t i = 0; i < all->list.count; i++) {
		const struct resource *o = &all->list.at[i];
		const char *is;

		if (!is_rule(o) || strcmp(o->type, r->type) == 0 ||
		    !same_bytes(member(o->is, "security_group_id"),
				member(r->is, "security_group_id")) ||
		    !is_everybody(arena, o, peer_kind(r)))
			continue;
		is = string_of(arena, o, "ip_protocol");
		if (strcmp(is, "-1") == 0 ||
		    (strcmp(is, protocol) == 0 &&
		     number_member(o, "from_port") == 0 &&
		     number_member(o, "to_port") == 65535))
			return true;
	}
	return false;
}

/* Of what R, one of ALL, let in or out and will not any more. */
static enum fb_sessions sessions_after(const struct comparing *c,
				       const struct resources *all,
				       const struct resource *r)
{
	bool everybody = is_everybody(c->arena, r, peer_kind(r));

	if (!is_rule(r))
		return FB_SESSIONS_NONE;
	return sessions_of(string_of(c->arena, r, "ip_protocol"), everybody,
			   everybody && is_answered(c->arena, all, r));
}

static void add_change(struct comparing *c, enum fb_resource_change_kind kind,
		       enum fb_sessions sessions, const struct resource *r,
		       const char *was, const char *is)
{
	const char *group = group_of(c->arena, r);
	const char *key = arena_printf(c->arena, "%d\n%d\n%s\n%s\n%s\n%s",
				       (int)kind, (int)sessions, group, is_rule(r) ? r->type
				       : r->key, was, is);
	struct fb_resource_change *change;
	bool fresh;
	size_t at = place_of(c, key, c->changes.count, &fresh);

	if (fresh)
		*LIST_PUSH(c->arena, &c->changes) = (struct fb_resource_change){
			kind, sessions, new_paths(c), 0, group, arena_printf(c->arena,
				"%s.%s", r->type, r->key), was, is };
	change = &c->changes.at[at];
	((const char **)change->paths)[change->path_count++] = c->path;
}

static bool same_member(const struct resource *a, const struct resource *b,
			const char *key)
{
	return same_bytes(member(a->is, key), member(b->is, key));
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
				    string_of(arena, a, "description"));
		*is = arena_printf(arena, "%s, description \"%s\"", *is,
				   string_of(arena, b, "description"));
	} else if (!same_member(a, b, "tags")) {
		*is = arena_printf(arena, "%s, other tags", *is);
	}
}

/* A, one of ALL, and what has its key now. */
static void compare_both(struct comparing *c, const struct resources *all,
			 const struct resource *a, const struct resource *b)
{
	enum fb_sessions sessions = FB_SESSIONS_NONE;
	const char *was, *is;

	if (a->moved && same_member(a, b, "description") &&
	    same_member(a, b, "tags"))
		return;
	change_texts(c->arena, a, b, &was, &is);
	if (!a->moved && strcmp(resource_text(c->arena, a), resource_text(c->arena, b)) != 0)
		sessions = sessions_after(c, all, a);
	add_change(c, is_replaced(a, b) ? FB_REPLACED : FB_CHANGED, sessions,
		   b, was, is);
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
		add_change(c, FB_REPLACED, FB_SESSIONS_NONE, b, arena_printf(c->arena,
			"%s, as `%s`", resource_text(c->arena, a), a->key),
			arena_printf(c->arena, "%s, as `%s`",
				     resource_text(c->arena, b), b->key));
	}
}

/* --- what groups hold --- */

enum { BY_FAMILY = 2 };

/*
 * Rules of one group and direction; a group as peer counts in both families, a
 * list what it weighs in its own.
 */
struct tally {
	const char *group;
	unsigned rules[BY_FAMILY];
	unsigned unknown;		/* lists of which nobody tells that */
};

struct tallies {
	struct arena *arena;
	const struct table *weights;	/* environment, newline, list -> weight */
	const char *environment;
	struct table known;		/* by what people call the group */
	struct table written[2];	/* by what stands in the file; egress, ingress */
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

/* The same for the rule R, whose group is looked at as it is written. */
static struct tally *tally_at(struct tallies *t, const struct resource *r,
			      struct stretch group)
{
	void **place = table_at(&t->written[strstr(r->type, "ingress") != NULL],
				group.at, group.len);

	if (!*place)
		*place = tally_of(t, group_of(t->arena, r));
	return *place;
}

/* The group and the kind of peer of a rule, in one walk over its members. */
static size_t look(const struct resource *r, struct stretch *group)
{
	struct cursor c = inside(r->is);
	struct stretch key, value;
	size_t kind = PEERS;

	*group = (struct stretch){ r->is.at, 0 };
	while (next_member(&c, &key, &value)) {
		if (is_key(key, "security_group_id"))
			*group = value;
		for (size_t i = 0; i < kind; i++)
			if (is_key(key, peers[i]))
				kind = i;
	}
	return kind;
}

static void count_list(struct tallies *t, struct tally *one,
		       const struct resource *r)
{
	const char *list = referred(t->arena, string_of(t->arena, r,
							peers[2]));
	const struct fb_list_weight *w = table_get_name(t->weights,
		arena_printf(t->arena, "%s\n%s", t->environment, list));

	if (w)
		one->rules[w->ipv6] += w->is;
	else
		one->unknown++;
}

static void count_in(struct tallies *t, const struct resource *r)
{
	struct stretch group;
	struct tally *one;
	size_t kind;

	if (!is_rule(r))
		return;
	kind = look(r, &group);
	one = tally_at(t, r, group);
	one->rules[0] += kind == 0 || kind == 3;
	one->rules[1] += kind == 1 || kind == 3;
	if (kind == 2)
		count_list(t, one, r);
}

static struct tallies no_tallies(struct arena *arena, const char *environment,
				 const struct table *weights)
{
	return (struct tallies){
		.arena = arena, .weights = weights, .environment = environment,
		.known = TABLE_IN(arena),
		.written = { TABLE_IN(arena), TABLE_IN(arena) } };
}

static struct tallies tallies_of(struct arena *arena, const char *environment,
				 const struct table *weights,
				 const struct resources *all)
{
	struct tallies t = no_tallies(arena, environment, weights);

	for (size_t i = 0; i < all->list.count; i++)
		count_in(&t, &all->list.at[i]);
	return t;
}

/*
 * The rules that are made in their groups, into ADDED: Terraform may make them
 * before it takes others away.
 */
static void compare_files(struct comparing *c, struct resources *was,
			  struct resources *is, struct tallies *added)
{
	struct resources gone = { 0 }, come = { 0 };
	size_t i = 0, k = 0;

	while (i < was->list.count || k < is->list.count) {
		const struct resource *a = &was->list.at[i];
		const struct resource *b = &is->list.at[k];
		int order = i == was->list.count ? 1
			  : k == is->list.count ? -1 : by_name(a, b);

		if (order < 0)
			*LIST_PUSH(c->arena, &gone.list) = *a;
		else if (order > 0)
			*LIST_PUSH(c->arena, &come.list) = *b;
		else if (!same_bytes(a->is, b->is)) {
			compare_both(c, was, a, b);
			if (!same_member(a, b, "security_group_id"))
				count_in(added, b);
		}
		i += order <= 0;
		k += order >= 0;
	}
	pair_renamed(c, &gone, &come);
	for (i = 0; i < come.list.count; i++) {
		if (come.list.at[i].paired)
			continue;
		add_change(c, FB_ADDED, FB_SESSIONS_NONE, &come.list.at[i], "",
			   resource_text(c->arena, &come.list.at[i]));
		count_in(added, &come.list.at[i]);
	}
	for (i = 0; i < gone.list.count; i++)
		if (!gone.list.at[i].paired)
			add_change(c, FB_REMOVED,
				   sessions_after(c, was, &gone.list.at[i]),
				   &gone.list.at[i],
				   resource_text(c->arena, &gone.list.at[i]),
				   "");
}

/* --- quotas, before and after --- */

static void add_quota(struct comparing *c, const char *group, unsigned was,
		      unsigned is, unsigned peak, unsigned most)
{
	struct fb_quota_change *change;
	bool fresh;
	size_t at = place_of(c, arena_printf(c->arena, "%s\n%u\n%u\n%u",
					     group, was, is, peak),
			     c->quotas.count, &fresh);

	if (fresh)
		*LIST_PUSH(c->arena, &c->quotas) = (struct fb_quota_change){
			new_paths(c), 0, group, was, is, peak, most };
	change = &c->quotas.at[at];
	((const char **)change->paths)[change->path_count++] = c->path;
}

static void compare_quotas(struct comparing *c, const struct resources *old,
			   const struct resources *new,
			   struct tallies *added, unsigned most)
{
	static const char *const families[BY_FAMILY] = { "IPv4", "IPv6" };
	struct tallies was = tallies_of(c->arena, added->environment,
					&c->weights[0], old);
	struct tallies is = tallies_of(c->arena, added->environment,
				       &c->weights[1], new);

	for (size_t i = 0; i < is.list.count; i++)
		for (int f = 0; f < BY_FAMILY; f++) {
			const struct tally *b = is.list.at[i];
			const struct tally *a = tally_of(&was, b->group);
			const struct tally *more = tally_of(added, b->group);
			bool both = a->rules[0] == a->rules[1] &&
				    b->rules[0] == b->rules[1] &&
				    more->rules[0] == more->rules[1];

			/* as full as before is told only of what fails */
			if ((a->rules[f] == b->rules[f] &&
			     a->rules[f] + more->rules[f] <= most) ||
			    (both && f))
				continue;
			add_quota(c, arena_printf(c->arena, "%s%s%s%s",
					b->group, both ? "" : ", ",
					both ? "" : families[f],
					a->unknown + b->unknown + more->unknown
					? ", prefix lists aside" : ""),
				  a->rules[f], b->rules[f],
				  a->rules[f] + more->rules[f], most);
		}
}

static int fullest_first(const void *x, const void *y)
{
	const struct fb_quota_change *a = x, *b = y;
	int order;

	if (a->is != b->is)
		return a->is > b->is ? -1 : 1;
	order = strcmp(a->group, b->group);
	return order ? order : strcmp(a->paths[0], b->paths[0]);
}

/* What most files have first; then as found, which the address says. */
static int widest_first(const void *x, const void *y)
{
	const struct fb_resource_change *const *a = x, *const *b = y;

	if ((*a)->path_count != (*b)->path_count)
		return (*a)->path_count > (*b)->path_count ? -1 : 1;
	return (*a > *b) - (*a < *b);
}

static const struct fb_resource_change *sorted_changes(struct comparing *c)
{
	size_t count = c->changes.count;
	const struct fb_resource_change **order = arena_array(c->arena, count,
							      sizeof *order);
	struct fb_resource_change *out = arena_array(c->arena, count,
						     sizeof *out);

	for (size_t i = 0; i < count; i++)
		order[i] = &c->changes.at[i];
	if (count)
		qsort(order, count, sizeof *order, widest_first);
	for (size_t i = 0; i < count; i++)
		out[i] = *order[i];
	return out;
}

/* "banco-andino.prod" of "banco-andino/prod/aws.tf.json". */
static const char *environment_of(struct arena *arena, const char *path)
{
	const char *end = strrchr(path, '/');
	struct text out = TEXT_IN(arena);

	for (; end && path < end; path++)
		text_putc(&out, *path == '/' ? '.' : *path);
	return text_string(&out);
}

/* WAS or IS may be NULL: there is no such file. */
static void compare_outputs(struct comparing *c, const struct fb_output *was,
			    const struct fb_output *is, unsigned most)
{
	struct resources old, new;
	struct tallies added;

	c->path = is ? is->path : was->path;
	if (!ends_in(c->path, ".tf.json") ||
	    (was && is && was->len == is->len &&
	     memcmp(was->bytes, is->bytes, is->len) == 0))
		return;
	old = resources_of(c->arena, was);
	new = resources_of(c->arena, is);
	follow_moves(c->arena, &old, is);
	added = no_tallies(c->arena, environment_of(c->arena, c->path),
			   &c->weights[1]);
	compare_files(c, &old, &new, &added);
	compare_quotas(c, &old, &new, &added, most);
}

static struct table by_path(struct arena *arena,
			    const struct fb_compilation *made)
{
	struct table known = TABLE_IN(arena);

	for (size_t i = 0; i < made->count; i++)
		*table_at_name(&known, made->outputs[i].path) =
			(void *)&made->outputs[i];
	return known;
}

/*
 * By environment and list, what MADE says that lists weigh, and OTHER of those
 * that it does not: files of an earlier build say nothing.
 */
static struct table weights_of(struct arena *arena,
			       const struct fb_compilation *made,
			       const struct fb_compilation *other)
{
	const struct fb_compilation *const both[] = { other, made };
	struct table known = TABLE_IN(arena);

	for (int i = 0; i < 2; i++)
		for (size_t k = 0; k < both[i]->weight_count; k++) {
			const struct fb_list_weight *w = &both[i]->weights[k];

			*table_at_name(&known, arena_printf(arena, "%s\n%s",
					w->environment, w->key)) = (void *)w;
		}
	return known;
}

void outputs_compare(struct arena *arena, const struct fb_compilation *old,
		     const struct fb_compilation *new, unsigned most,
		     struct fb_diff *out)
{
	struct comparing c = { .arena = arena, .known = TABLE_IN(arena),
			       .most_paths = old->count + new->count,
			       .weights = { weights_of(arena, old, new),
					    weights_of(arena, new, old) } };
	struct table olds = by_path(arena, old), news = by_path(arena, new);

	for (size_t i = 0; i < new->count; i++)
		compare_outputs(&c, table_get_name(&olds, new->outputs[i].path),
				&new->outputs[i], most);
	for (size_t i = 0; i < old->count; i++)
		if (!table_get_name(&news, old->outputs[i].path))
			compare_outputs(&c, &old->outputs[i], NULL, most);
	if (c.quotas.count)
		qsort(c.quotas.at, c.quotas.count, sizeof *c.quotas.at,
		      fullest_first);
	out->resources = sorted_changes(&c);
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
