/* firebreak lsp */
#include "compiler/cli/lsp.h"

#include <stdlib.h>
#include <string.h>

/* --- life --- */

static bool offers_bytes(const json_t *params)
{
	const json_t *general = json_object_get(
		json_object_get(params, "capabilities"), "general");
	const json_t *some = json_object_get(general, "positionEncodings");
	json_t *one;
	size_t i;

	json_array_foreach(some, i, one)
		if (json_is_string(one) &&
		    strcmp(json_string_value(one), "utf-8") == 0)
			return true;
	return false;
}

static json_t *initialize(struct lsp *lsp, const json_t *params)
{
	lsp->ready = true;
	lsp->bytes = offers_bytes(params);
	return json_pack("{s:{s:s, s:i, s:b, s:b, s:b, s:b, s:b, s:b, s:b, s:{}, s:{s:b}},"
			 " s:{s:s, s:s}}",
			 "capabilities",
			 "positionEncoding", lsp->bytes ? "utf-8" : "utf-16",
			 "textDocumentSync", 1,	/* whole documents */
			 "documentFormattingProvider", 1,
			 "hoverProvider", 1, "definitionProvider", 1,
			 "referencesProvider", 1, "documentSymbolProvider", 1,
			 "codeActionProvider", 1, "inlayHintProvider", 1,
			 "completionProvider",
			 "renameProvider", "prepareProvider", 1,
			 "serverInfo", "name", "firebreak",
			 "version", FIREBREAK_VERSION);
}

/* --- messages --- */

static const struct {
	const char *method;
	lsp_answer *answer;
} questions[] = {
	{ "textDocument/formatting", lsp_format },
	{ "textDocument/hover", lsp_hover },
	{ "textDocument/definition", lsp_definition },
	{ "textDocument/references", lsp_references },
	{ "textDocument/documentSymbol", lsp_symbols },
	{ "textDocument/completion", lsp_complete },
	{ "textDocument/prepareRename", lsp_prepare_rename },
	{ "textDocument/rename", lsp_rename },
	{ "textDocument/codeAction", lsp_actions },
	{ "textDocument/inlayHint", lsp_hints },
};

static void answer(const json_t *id, json_t *result)
{
	lsp_send(json_pack("{s:s, s:O, s:o}", "jsonrpc", "2.0", "id", id,
			   "result", result ? result : json_null()));
}

static void refuse(const json_t *id, enum lsp_error code, const char *why)
{
	lsp_send(json_pack("{s:s, s:O, s:{s:i, s:s}}", "jsonrpc", "2.0",
			   "id", id ? id : json_null(), "error",
			   "code", (int)code, "message", why));
}

/* The path of the document that PARAMS are about, malloc'd; NULL: of no file. */
static char *path_of(const json_t *params)
{
	const char *uri = json_string_value(json_object_get(
		json_object_get(params, "textDocument"), "uri"));

	return uri ? lsp_path(uri) : NULL;
}

/* A question about a document. */
static bool ask(struct lsp *lsp, const char *method, const json_t *id,
		const json_t *params)
{
	for (size_t i = 0; i < sizeof questions / sizeof *questions; i++) {
		const char *why = NULL;
		json_t *result;
		char *path;

		if (strcmp(questions[i].method, method) != 0)
			continue;
		path = path_of(params);
		if (!path) {
			refuse(id, LSP_PARAMS, "no document of a file is given");
			return true;
		}
		result = questions[i].answer(lsp, path, params, &why);
		if (why)
			refuse(id, LSP_FAILED, why);
		else
			answer(id, result);
		free(path);
		return true;
	}
	return false;
}

static void request(struct lsp *lsp, const char *method, const json_t *id,
		    const json_t *params)
{
	if (strcmp(method, "initialize") == 0 && !lsp->ready)
		answer(id, initialize(lsp, params));
	else if (!lsp->ready)
		refuse(id, LSP_NOT_READY, "not initialized");
	else if (lsp->ended)
		refuse(id, LSP_REQUEST, "shut down");
	else if (strcmp(method, "shutdown") == 0) {
		lsp->ended = true;
		answer(id, NULL);
	} else if (!ask(lsp, method, id, params)) {
		refuse(id, LSP_METHOD, "not known");
	}
}

/* What tells of documents: the whole text each time. */
static void notice(struct lsp *lsp, const char *method, const json_t *params)
{
	const json_t *document = json_object_get(params, "textDocument");
	const json_t *changes = json_object_get(params, "contentChanges");
	const char *text = NULL;
	char *path;

	if (!lsp->ready || lsp->ended)
		return;
	path = path_of(params);
	if (strcmp(method, "textDocument/didOpen") == 0)
		text = json_string_value(json_object_get(document, "text"));
	else if (strcmp(method, "textDocument/didChange") == 0)
		text = json_string_value(json_object_get(json_array_get(changes,
				json_array_size(changes) - 1), "text"));
	if (path && text)
		lsp_open(lsp, path, text);
	if (path && strcmp(method, "textDocument/didClose") == 0)
		lsp_close(lsp, path);
	/* a file beside those that are open may be another now */
	if (strcmp(method, "textDocument/didSave") == 0 ||
	    strcmp(method, "workspace/didChangeWatchedFiles") == 0) {
		lsp->edit++;
		lsp->stale = true;
	}
	free(path);
}

/* False at the end. */
static bool take(struct lsp *lsp, const json_t *message)
{
	const char *method = json_string_value(json_object_get(message, "method"));
	const json_t *id = json_object_get(message, "id");
	const json_t *params = json_object_get(message, "params");

	if (!method) {
		if (!json_object_get(message, "result") &&
		    !json_object_get(message, "error"))
			refuse(id, LSP_REQUEST, "no request");
		return true;
	}
	if (id)
		request(lsp, method, id, params);
	else
		notice(lsp, method, params);
	return id || strcmp(method, "exit") != 0;
}

static int run(const struct cli *cli)
{
	struct lsp lsp = { .cli = cli };
	bool more = true, bad, ended;

	while (more) {
		json_t *message = lsp_receive(&bad);

		if (bad)
			refuse(NULL, LSP_PARSE, "no JSON");
		else
			more = message && take(&lsp, message);
		json_decref(message);
		/* while somebody types, only the last text is looked at */
		if (more && lsp.stale && !lsp_waits())
			lsp_publish(&lsp);
	}
	ended = lsp.ended;
	lsp_free(&lsp);
	return cli_finish(ended ? EXIT_EQUAL : EXIT_NO);
}

const struct command command_lsp = {
	.name = "lsp",
	.summary = "a language server for editors, on stdin and stdout",
	.usage =
	"firebreak lsp\n"
	"vim.lsp.start({ cmd = { 'firebreak', 'lsp' }, root_dir = vim.fs.root(0, 'main.fbk') })\n\n"
	"Speaks the Language Server Protocol 3.17.  While a policy file is edited: what\n"
	"`check` says of the whole policy around it (the main.fbk of the nearest directory\n"
	"at or above it; else the file alone), with the fixes; the layout of `fmt`; on a name\n"
	"what it is, its addresses, who reaches it and whom it reaches; where it is declared\n"
	"and used; its renaming, which is refused where the policy would not compile with it;\n"
	"completion; what service names stand for and how long rules last, beside them.\n\n"
	"  --as-of DATE     judge expiry by this day\n\n"
	"exit codes: 0 shut down as the protocol has it, 1 the editor went without\n",
	.run = run,
};
