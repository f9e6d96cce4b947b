/*
 * The grammar reads it, as `expect yes: …;`, so that a question has the words of
 * a policy and its mistakes get the same messages.
 */
#include "compiler/question.h"

#include "compiler/base/text.h"
#include "compiler/endpoint.h"
#include "compiler/sentence.h"

#include <string.h>

/* The one file of the parse. */
struct asked_text {
	const char *name, *text;
};

static const char *read_asked(void *context, struct arena *arena,
			      const char *path, size_t *len, const char **why)
{
	const struct asked_text *t = context;

	(void)arena;
	if (strcmp(path, t->name) != 0) {
		*why = "a question includes nothing";
		return NULL;
	}
	*len = strlen(t->text);
	return t->text;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}

/* Is the end from TEXT to END just `?`? */
static bool is_whoever(const char *text, const char *end)
{
	while (text < end && is_blank(*text))
		text++;
	while (end > text && is_blank(end[-1]))
		end--;
	return end == text + 1 && *text == '?';
}

/* The end of the target: where ` on ` or ` in ` begins, or the text ends. */
static const char *end_of_target(const char *text)
{
	for (const char *at = text; *at; at++)
		if (is_blank(*at) && (strncmp(at + 1, "on", 2) == 0 ||
				      strncmp(at + 1, "in", 2) == 0) &&
		    (is_blank(at[3]) || !at[3]))
			return at;
	return text + strlen(text);
}

/* The sentence with `any` where `?` stood. */
static const char *worded(struct arena *arena, const char *text,
			  struct question *out)
{
	const char *arrow = strstr(text, "->"), *end;

	if (!arrow)
		return text;
	end = end_of_target(arrow + 2);
	out->any_source = is_whoever(text, arrow);
	out->any_target = is_whoever(arrow + 2, end);
	return arena_printf(arena, "%.*s->%.*s%s",
		out->any_source ? 4 : (int)(arrow - text),
		out->any_source ? "any " : text,
		out->any_target ? 4 : (int)(end - arrow - 2),
		out->any_target ? " any" : arrow + 2, end);
}

static const struct ast_node *parse(struct arena *arena, struct diags *diags,
				    struct sources *sources, const char *name,
				    const char *text)
{
	struct asked_text asked = { name, arena_printf(arena,
		"expect yes: %s;", text) };
	const struct loader loader = { .read = read_asked, .context = &asked };
	size_t before = diags->errors;
	struct ast *ast = parse_policy(arena, diags, sources, &loader, name);
	const struct ast_node *node = ast->files.count
		? ast->files.at[0]->nodes : NULL;

	if (diags->errors != before)
		return NULL;
	if (node && node->kind == AST_EXPECT && !node->next)
		return node;
	diag_help(diag_add(diags, P0220, node ? node->span : (struct span){ 0 },
			   "a question is one sentence"),
		  "write `edge -> data on postgres`, `? -> data` or `services -> ? in prod`");
	return NULL;
}

/* Only `in` belongs to a question. */
static bool check_attributes(struct resolver *r, const struct ast_node *node)
{
	bool good = true;

	for (const struct ast_attr *a = node->attrs; a; a = a->next) {
		if (a->kind != ATTR_IN)
			attribute_is_wrong(r, a, "a question");
		good &= a->kind == ATTR_IN &&
			attribute_is_first(r, node->attrs, a);
	}
	return good;
}

bool question_read(struct arena *arena, struct diags *diags,
		   struct sources *sources, const struct ir *ir,
		   const char *name, const char *text,
		   enum question_reading reading, struct question *out)
{
	struct resolver *r = ir->resolver;
	size_t before = diags->errors;
	const struct ast_node *node;
	struct scope scope;

	*out = (struct question){ 0 };
	node = parse(arena, diags, sources, name, worded(arena, text, out));
	if (!node || !sentence_check(r, node) || !check_attributes(r, node))
		return false;
	scope = scope_of(r, node->attrs);
	out->asked = scope.spaces;
	out->in = arena_array(arena, ir->space_count, sizeof *out->in);
	out->services_given = node->on != NULL;
	out->src = node->src->span;
	out->dst = node->dst->span;
	r->names.as_claim = reading == AS_CLAIM;
	for (size_t i = 0; i < ir->space_count; i++)
		if (scope.spaces[i])
			out->in[i] = (struct question_sets){
				endpoint_set(&r->names, &ir->spaces[i],
					     node->src),
				endpoint_set(&r->names, &ir->spaces[i],
					     node->dst),
				service_set(&r->names, node->on) };
	r->names.as_claim = false;
	return diags->errors == before;
}
