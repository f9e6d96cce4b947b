/*
 * Reading files: is it text, what does it say, what does it include.
 */
#include "compiler/parse.h"

#include "compiler/base/table.h"
#include "compiler/base/text.h"
#include "compiler/base/utf8.h"
#include "grammar/library.h"
#include "grammar/parser.h"

#include <string.h>

struct reading {
	struct arena *arena;
	struct diags *diags;
	struct sources *sources;
	const struct loader *loader;
	struct table known;	/* path -> ast_file, or OPEN while it is read */
	struct ast *ast;
};

static int open_mark;
#define OPEN ((void *)&open_mark)

static void tell_hidden(struct diags *diags, struct span at, uint32_t c)
{
	diag_label(diag_add(diags, P0001, at,
			    "the character U+%04X is not allowed in a policy",
			    c), "the file was not read");
}

/* A return alone lets a terminal write over what it has shown. */
static bool is_return_alone(const struct source *s, uint32_t i)
{
	return s->text[i] == '\r' && (i + 1 == s->len || s->text[i + 1] != '\n');
}

const char *parse_keyword(size_t number, bool *begins)
{
	return parser_keyword_at(number, begins);
}

bool parse_is_text(struct diags *diags, const struct source *s)
{
	for (uint32_t i = 0; i < s->len;) {
		uint32_t c = (unsigned char)s->text[i];
		size_t n;

		if ((c >= 0x20 && c < 0x7f) || c == '\n') {
			i++;
			continue;
		}
		n = utf8_read(s->text + i, s->len - i, &c);
		if (!n) {
			diag_label(diag_add(diags, P0001,
					    (struct span){ s->base + i,
							   s->base + i + 1 },
					    "this is not UTF-8"),
				   "the file was not read");
			return false;
		}
		if (utf8_is_hidden(c) || is_return_alone(s, i)) {
			tell_hidden(diags,
				    (struct span){ s->base + i,
						   s->base + i + (uint32_t)n },
				    c);
			return false;
		}
		i += (uint32_t)n;
	}
	return true;
}

static const char *directory_of(struct arena *arena, const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? arena_copy(arena, path, (size_t)(slash - path) + 1) : "";
}

const char *path_plain(struct arena *arena, const char *path)
{
	char *out = arena_alloc(arena, strlen(path) + 2);
	size_t n = 0, floor = 0;

	if (*path == '/')
		out[n++] = '/';
	floor = n;
	while (*path) {
		size_t len = strcspn(path, "/");
		bool up = len == 2 && path[0] == '.' && path[1] == '.';

		if (up && n > floor) {
			n--;	/* its slash */
			while (n > floor && out[n - 1] != '/')
				n--;
		} else if (len && !(len == 1 && *path == '.')) {
			memcpy(out + n, path, len);
			n += len;
			out[n++] = '/';
			if (up)
				floor = n;
		}
		path += len;
		path += *path == '/';
	}
	if (n > 1 && out[n - 1] == '/')
		n--;
	out[n] = '\0';
	return out;
}

const char *path_from_root(struct arena *arena, const struct loader *loader,
			   const char *path)
{
	const char *cwd = loader->cwd && *loader->cwd ? loader->cwd : "/";
	const char *root = loader->root && *loader->root ? loader->root : "/";
	const char *full = path_plain(arena, *path == '/' ? path
				      : arena_printf(arena, "%s%s", cwd, path));
	size_t len = strlen(root);

	return strncmp(full, root, len) == 0 &&
	       strncmp(full, "/../", 4) != 0 ? full + len : NULL;
}

static struct diag *cannot(struct reading *r, struct span at, const char *path,
			   const char *why)
{
	r->ast->incomplete = true;
	return diag_add(r->diags, P0007, at, "cannot include `%.200s`: %s",
			path, why);
}

static void read_file(struct reading *r, const char *path, struct span from,
		      unsigned depth);
static void read_bytes(struct reading *r, const char *path, struct span from,
		       unsigned depth, struct source *s);

/* `include <NAME>`: known by that name, as files are by their paths. */
static void include_library(struct reading *r, const struct ast_text *name,
			    unsigned depth)
{
	const char *known_as = arena_printf(r->arena, "<%s>", name->text);
	size_t len = 0;
	const char *text = library_text(name->text, &len);

	if (!text) {
		r->ast->incomplete = true;
		diag_help(diag_add(r->diags, P0007, name->span,
				   "there is no library `<%.60s>`", name->text),
			  "the compiler brings `<services>` along");
	} else if (!table_get_name(&r->known, known_as)) {
		read_bytes(r, known_as, name->span, depth + 1,
			   source_add(r->sources, known_as, text, len));
	}
}

static void include(struct reading *r, const char *from,
		    const struct ast_node *node, unsigned depth)
{
	struct text joined = TEXT_IN(r->arena);
	const char *path;
	void *known;

	if (node->name.text) {
		include_library(r, &node->name, depth);
		return;
	}
	text_puts(&joined, directory_of(r->arena, from));
	text_puts(&joined, node->title.text);
	path = path_plain(r->arena, text_string(&joined));
	if (node->title.text[0] == '/' || !path_from_root(r->arena, r->loader, path)) {
		cannot(r, node->title.span, node->title.text,
		       "the path leaves the policy's directory");
		return;
	}
	known = table_get_name(&r->known, path);
	if (known == OPEN) {
		cannot(r, node->title.span, node->title.text,
		       "it is including this file");
		return;
	}
	if (depth >= PARSE_INCLUDES)
		diag_add(r->diags, P0006, node->title.span,
			 "includes are nested deeper than %d", PARSE_INCLUDES);
	else if (!known)
		read_file(r, path, node->title.span, depth + 1);
}

static void parse_source(struct reading *r, struct source *s,
			 struct ast_file *file)
{
	struct parser parser = {
		.arena = r->arena,
		.scratch = arena_child(r->arena),
		.diags = r->diags,
		.nesting_limit = PARSE_NESTING,
	};

	parser_run(&parser, s);
	arena_free(parser.scratch);
	file->nodes = parser.nodes;
	r->ast->incomplete |= parser.stopped;
	for (size_t i = 0; i < parser.lost.count; i++)
		*table_at_name(&r->ast->lost, parser.lost.at[i]) = r->ast;
}

static void read_file(struct reading *r, const char *path, struct span from,
		      unsigned depth)
{
	const char *why = NULL, *bytes;
	struct source *s = NULL;
	size_t len = 0;

	bytes = r->loader->read(r->loader->context, r->arena, path, &len, &why);
	if (!bytes) {
		if (from.hi)
			cannot(r, from, path, why);
		else
			diag_add(r->diags, P0007, from, "cannot read `%.200s`: %s",
				 path, why);
		r->ast->incomplete = true;
		return;
	}
	if (len <= SOURCE_MAX)
		s = r->loader->yields
			? source_take(r->sources, path, (char *)bytes, len)
			: source_add(r->sources, path, bytes, len);
	read_bytes(r, path, from, depth, s);
}

/* S is what PATH holds, NULL when that is too much. */
static void read_bytes(struct reading *r, const char *path, struct span from,
		       unsigned depth, struct source *s)
{
	struct ast_file *file = arena_alloc(r->arena, sizeof *file);

	if (!s) {
		r->ast->incomplete = true;
		diag_add(r->diags, P0006, from,
			 "`%.200s` is larger than 16 MiB, or all files together than 4 GiB",
			 path);
		return;
	}
	file->library = *path == '<';
	*table_at_name(&r->known, path) = OPEN;
	*LIST_PUSH(r->arena, &r->ast->files) = file;
	if (parse_is_text(r->diags, s))
		parse_source(r, s, file);
	else
		r->ast->incomplete = true;
	for (struct ast_node *n = file->nodes; n; n = n->next)
		if (n->kind == AST_INCLUDE)
			include(r, path, n, depth);
	*table_at_name(&r->known, path) = file;
}

struct ast *parse_policy(struct arena *arena, struct diags *diags,
			 struct sources *sources, const struct loader *loader,
			 const char *path)
{
	struct reading r = {
		.arena = arena, .diags = diags, .sources = sources,
		.loader = loader, .known = TABLE_IN(arena),
		.ast = arena_alloc(arena, sizeof *r.ast),
	};

	r.ast->lost = TABLE_IN(arena);
	read_file(&r, path_plain(arena, path), (struct span){ 0 }, 0);
	return r.ast;
}
