/*
 * The language server: messages, documents, and the policies they belong to.
 * Language Server Protocol 3.17; positions are UTF-16 units, or bytes where the
 * client offers that.
 */
#ifndef FIREBREAK_CLI_LSP_H
#define FIREBREAK_CLI_LSP_H

#include "compiler/cli/cli.h"
#include "firebreak/edit.h"

#include <jansson.h>

enum lsp_error {
	LSP_PARSE = -32700, LSP_REQUEST = -32600, LSP_METHOD = -32601,
	LSP_PARAMS = -32602, LSP_NOT_READY = -32002, LSP_FAILED = -32803,
};

/* A file that the editor has open. */
struct lsp_document {
	char *path;		/* absolute */
	char *text;
	size_t len;
};

/* A policy that open documents belong to, as of some edit. */
struct lsp_policy {
	char *main;		/* absolute path of its first file */
	struct fb *fb;		/* NULL: not loaded yet */
	bool clean;		/* loaded without mistakes, and checked */
	unsigned long edit;	/* the edit it has seen */
	json_t *told;		/* array: URIs that have diagnostics */
};

struct lsp {
	const struct cli *cli;
	bool ready, ended, bytes;	/* bytes: positions count them */
	bool stale;			/* diagnostics are of an earlier edit */
	unsigned long edit;
	struct lsp_document *documents;
	size_t document_count;
	struct lsp_policy *policies;
	size_t policy_count;
};

/* --- messages: lsp_io.c --- */

/* The next message, or NULL at the end of the input; *BAD: it was no JSON. */
json_t *lsp_receive(bool *bad);

/* Is there more to read at once? */
bool lsp_waits(void);

/* Sends MESSAGE and lets go of it. */
void lsp_send(json_t *message);

/* --- places: lsp_place.c --- */

/* "file:///a%20b" as a path in malloc'd memory, and back; NULL: no file's. */
char *lsp_path(const char *uri);
json_t *lsp_uri(const char *path);

/* The offset of a position of the protocol in TEXT; beyond a line: its end. */
size_t lsp_offset(const struct lsp *lsp, const char *text, size_t len,
		  const json_t *position);
json_t *lsp_position(const struct lsp *lsp, const char *text, size_t len,
		     size_t offset);
json_t *lsp_range(const struct lsp *lsp, const struct fb_extract *at);

/* --- policies: lsp_policy.c --- */

/* The document at PATH, or NULL. */
struct lsp_document *lsp_find(struct lsp *lsp, const char *path);
void lsp_open(struct lsp *lsp, const char *path, const char *text);
void lsp_close(struct lsp *lsp, const char *path);

/* The policy that PATH is part of, up to date; NULL without memory. */
struct lsp_policy *lsp_policy(struct lsp *lsp, const char *path);

/* Tell the client what is wrong, of every policy with an open document. */
void lsp_publish(struct lsp *lsp);
void lsp_free(struct lsp *lsp);

/* --- answers: lsp_answer.c, lsp_complete.c, lsp_rename.c --- */

/*
 * The result of a request about a document, by its parameters; NULL, which is
 * sent as null, where there is none.  *WHY is set where it is refused.
 */
typedef json_t *lsp_answer(struct lsp *lsp, const char *path,
			   const json_t *params, const char **why);

lsp_answer lsp_format, lsp_hover, lsp_definition, lsp_references, lsp_symbols,
	   lsp_complete, lsp_prepare_rename, lsp_rename, lsp_actions, lsp_hints;

/* The symbol at the position of PARAMS in PATH; NULL: there is none. */
const struct fb_symbol *lsp_symbol(struct lsp *lsp, struct fb *fb,
				   const char *path, const json_t *params);

/* {"uri": …, "range": …} of SPAN; NULL when it is in no file. */
json_t *lsp_location(struct lsp *lsp, struct fb *fb, struct span span);

#endif
