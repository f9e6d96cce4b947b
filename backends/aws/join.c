/*
 * Several captures as one: what the commands of the AWS CLI answered, a file
 * each, with what is the same in two of them once.
 *
 * The text of each element is taken as it stands, its blanks aside; what it says
 * is the reader's.
 * Each file was read as JSON before its text is taken apart here, so that a
 * scanner that knows quotes and brackets is enough.
 */
#include "backends/aws/aws.h"

#include "backends/aws/read_json.h"
#include "compiler/base/table.h"
#include "compiler/base/text.h"

#include <string.h>

/* The parts of an answer, and what an inventory calls them. */
static const struct {
	const char *name, *inventory;
} parts[] = {
	{ "SecurityGroups",	"security_groups" },
	{ "SecurityGroupRules", "security_group_rules" },
	{ "PrefixLists",	"prefix_lists" },
	{ "Vpcs",		"vpcs" },
	{ "Subnets",		"subnets" },
	{ "NetworkInterfaces",	"network_interfaces" },
	{ "Instances",		"instances" },
	{ "Reservations",	"reservations" },
};

enum { PARTS = sizeof parts / sizeof *parts };

struct joining {
	struct arena *arena;
	struct diags *diags;
	struct {
		struct text text;	/* elements, with commas between */
		struct table known;	/* by their text */
		size_t files, going_on;	/* that have it; that have a NextToken too */
	} of[PARTS];
	struct text others;		/* members that nobody knows: to be refused */
};

/* --- a text that is known to be JSON --- */

struct place {
	const char *at, *end;
};

static void skip_blanks(struct place *p)
{
	while (p->at < p->end && strchr(" \t\r\n", *p->at))
		p->at++;
}

/* Behind the value that begins here. */
static void skip_value(struct place *p)
{
	unsigned depth = 0;
	bool quoted = false;

	for (; p->at < p->end; p->at++) {
		if (quoted && *p->at == '\\') {
			p->at++;	/* what it stands before */
		} else if (quoted) {
			quoted = *p->at != '"';
		} else if (*p->at == '"') {
			quoted = true;
		} else if (*p->at == '{' || *p->at == '[') {
			depth++;
		} else if (*p->at == '}' || *p->at == ']') {
			if (!depth)
				return;
			depth--;
		} else if (!depth && (*p->at == ',' || *p->at == ':')) {
			return;
		}
	}
}

/* Into the object or array that begins here; past the comma before the next. */
static bool next_in(struct place *p)
{
	skip_blanks(p);
	if (p->at < p->end && strchr("{[,:", *p->at))
		p->at++;
	skip_blanks(p);
	return p->at < p->end && *p->at != '}' && *p->at != ']';
}

/* --- parts --- */

static size_t part_of(const char *key)
{
	size_t i = 0;

	while (i < PARTS && strcmp(parts[i].name, key) != 0 &&
	       strcmp(parts[i].inventory, key) != 0)
		i++;
	return i;
}

/* The value at P without the blanks that say nothing. */
static const char *compact(struct arena *arena, struct place p)
{
	struct text out = TEXT_IN(arena);
	const char *start = p.at;
	bool quoted = false;

	for (skip_value(&p); start < p.at; start++) {
		if (!quoted && strchr(" \t\r\n", *start))
			continue;
		text_putc(&out, *start);
		if (quoted && *start == '\\')
			text_putc(&out, *++start);
		else if (*start == '"')
			quoted = !quoted;
	}
	return text_string(&out);
}

static void take_elements(struct joining *j, size_t part, struct place array)
{
	for (; next_in(&array); skip_value(&array)) {
		const char *one = compact(j->arena, array);
		void **known = table_at_name(&j->of[part].known, one);

		if (*known)
			continue;
		*known = j;
		if (j->of[part].text.len)
			text_puts(&j->of[part].text, ",\n");
		text_puts(&j->of[part].text, one);
	}
}

/* One member of a file's object, which is VALUE as JSON and stands at P. */
static void take_member(struct joining *j, const struct json *value,
			bool inventory, bool goes_on, const char *key,
			struct place p)
{
	size_t part = part_of(value->key);

	if (part < PARTS && value->kind == JV_ARRAY) {
		j->of[part].files++;
		j->of[part].going_on += goes_on;
		take_elements(j, part, p);
	} else if (value->kind != JV_NULL && !inventory &&
		   strcmp(value->key, "NextToken") != 0 &&
		   strcmp(value->key, "ResponseMetadata") != 0) {
		skip_value(&p);
		text_puts(&j->others, ",\n");
		text_add(&j->others, key, (size_t)(p.at - key));
	}
}

static bool has(const struct json *object, const char *key)
{
	const struct json *member = jv_get(object, key);

	return member && member->kind != JV_NULL;
}

/* The members of OBJECT, whose text begins at P. */
static void take_object(struct joining *j, const struct json *object,
			struct place p)
{
	bool inventory = has(object, "security_groups");
	bool wrapped = has(object, "status_code") && has(object, "data");
	bool goes_on = has(object, "NextToken") || has(object, "next_token");

	for (const struct json *m = object->first; m && next_in(&p);
	     m = m->next) {
		const char *key = p.at;

		skip_value(&p);		/* the key */
		(void)next_in(&p);
		if (!wrapped)
			take_member(j, m, inventory, goes_on, key, p);
		else if (strcmp(m->key, "data") == 0 && m->kind == JV_OBJECT)
			take_object(j, m, p);
		skip_value(&p);
	}
}

static bool take_file(struct joining *j, const struct fb_capture *file)
{
	struct reader json = { arena_child(j->arena), j->diags, file->name,
			       true };
	const struct json *root = read_json(&json, file->bytes, file->len);

	if (root && root->kind != JV_OBJECT)
		refuse(&json, NULL, "is not an object");
	if (json.good)
		take_object(j, root, (struct place){ file->bytes,
						     file->bytes + file->len });
	arena_free(json.arena);
	return json.good;
}

/*
 * Of each listing that goes on, one file is its last page: the other pages say
 * that there is more, and nobody can see whether each of them is there.
 */
static bool is_complete(struct joining *j, const char *name)
{
	bool complete = true;

	for (size_t i = 0; i < PARTS; i++) {
		if (!j->of[i].going_on)
			continue;
		if (j->of[i].files - j->of[i].going_on != 1)
			complete = false;
		else
			diag_help(diag_add(j->diags, P0617, (struct span){ 0 },
				"%s: %zu pages of %s are taken for all there are",
				name, j->of[i].files, parts[i].name),
				"the aws command fetches all pages by itself, without --no-paginate and --max-items");
	}
	return complete;
}

bool aws_join(struct arena *arena, struct diags *diags, const char *name,
	      const struct fb_capture *files, size_t count, struct text *out)
{
	struct joining *j = arena_alloc(arena, sizeof *j);
	const char *comma = "";
	bool good = true;

	j->arena = arena;
	j->diags = diags;
	j->others = TEXT_IN(arena);
	for (size_t i = 0; i < PARTS; i++) {
		j->of[i].text = TEXT_IN(arena);
		j->of[i].known = TABLE_IN(arena);
	}
	for (size_t i = 0; i < count; i++)
		good &= take_file(j, &files[i]);
	if (!good)
		return false;
	text_putc(out, '{');
	for (size_t i = 0; i < PARTS; i++) {
		if (!j->of[i].files)
			continue;
		text_printf(out, "%s\n\"%s\": [\n", comma, parts[i].name);
		text_add(out, text_string(&j->of[i].text), j->of[i].text.len);
		text_putc(out, ']');
		comma = ",";
	}
	if (!is_complete(j, name))
		text_printf(out, "%s\n\"NextToken\": \"\"", comma);
	text_add(out, text_string(&j->others), j->others.len);
	text_puts(out, "\n}\n");
	return true;
}
