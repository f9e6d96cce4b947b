/*
 * From files to AST: scanning, parsing and following includes.
 */
#ifndef FIREBREAK_COMPILER_PARSE_H
#define FIREBREAK_COMPILER_PARSE_H

#include "compiler/ast.h"
#include "compiler/base/diag.h"
#include "compiler/base/source.h"
#include "compiler/base/table.h"

/*
 * Where files come from.  READ returns the LEN bytes of PATH in ARENA, or NULL
 * with *WHY ("No such file or directory").  PATH is as in ast: the first file
 * as given, included ones relative to the same directory.
 */
struct loader {
	const char *(*read)(void *context, struct arena *arena,
			    const char *path, size_t *len, const char **why);
	void *context;
	/* what READ returns is in ARENA and of SOURCE_ENDS zeros more: no copy is made */
	bool yields;
	/*
	 * Absolute directories with a `/` at the end: where relative paths start,
	 * and which none may leave.  NULL or "": "/".
	 */
	const char *cwd, *root;
};

/* PATH without `.` and `x/..`: the name a file is known by. */
const char *path_plain(struct arena *arena, const char *path);

/* PATH as seen from the loader's root, or NULL when it lies outside. */
const char *path_from_root(struct arena *arena, const struct loader *loader,
			   const char *path);

struct ast {
	LIST(struct ast_file *) files;	/* the first one first, each once */
	bool incomplete;		/* a file could not be read, or not to its end */
	struct table lost;		/* names that broken statements may declare */
};

enum { PARSE_NESTING = 64, PARSE_INCLUDES = 32 };

/*
 * Parse PATH and everything it includes.  An include is relative to the file
 * that has it.  Mistakes are in DIAGS; what could be parsed is in the result.
 */
struct ast *parse_policy(struct arena *arena, struct diags *diags,
			 struct sources *sources, const struct loader *loader,
			 const char *path);

/*
 * Keyword NUMBER of the language, ascending, and does it begin a statement; NULL
 * behind the last.
 */
const char *parse_keyword(size_t number, bool *begins);

/*
 * Is SOURCE text: UTF-8 without anything that hides?  Its first byte that is not
 * is told.
 */
bool parse_is_text(struct diags *diags, const struct source *source);

#endif
