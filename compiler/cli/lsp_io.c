/* Messages of JSON-RPC with a header before each, over stdin and stdout. */
#include "compiler/cli/lsp.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

enum { LINE_MOST = 1024, MESSAGE_MOST = 64 << 20, BUFFER = 1 << 16 };

/* Standard input is one for the whole process, and so is what was read ahead. */
static struct {
	char bytes[BUFFER];
	size_t at, len;
} ahead;

static bool fill(void)
{
	ssize_t n;

	do
		n = read(STDIN_FILENO, ahead.bytes, sizeof ahead.bytes);
	while (n < 0 && errno == EINTR);
	ahead.at = 0;
	ahead.len = n > 0 ? (size_t)n : 0;
	return n > 0;
}

bool lsp_waits(void)
{
	struct pollfd input = { .fd = STDIN_FILENO, .events = POLLIN };

	return ahead.at < ahead.len || poll(&input, 1, 0) > 0;
}

/* A line of the header without its end; false at the end of the input. */
static bool read_line(char line[LINE_MOST])
{
	size_t len = 0;

	for (;;) {
		char c;

		if (ahead.at == ahead.len && !fill())
			return false;
		c = ahead.bytes[ahead.at++];
		if (c == '\n')
			break;
		if (c != '\r' && len + 1 < LINE_MOST)
			line[len++] = c;
	}
	line[len] = '\0';
	return true;
}

static bool read_body(char *body, size_t len)
{
	while (len) {
		size_t n;

		if (ahead.at == ahead.len && !fill())
			return false;
		n = ahead.len - ahead.at < len ? ahead.len - ahead.at : len;
		memcpy(body, ahead.bytes + ahead.at, n);
		ahead.at += n;
		body += n;
		len -= n;
	}
	return true;
}

json_t *lsp_receive(bool *bad)
{
	static const char name[] = "Content-Length:";
	char line[LINE_MOST], *body;
	unsigned long len = 0;
	json_t *message = NULL;

	*bad = false;
	do {
		if (!read_line(line))
			return NULL;
		if (strncasecmp(line, name, sizeof name - 1) == 0)
			len = strtoul(line + sizeof name - 1, NULL, 10);
	} while (*line);
	if (!len || len > MESSAGE_MOST) {
		fprintf(stderr, "firebreak lsp: a message of %lu bytes\n", len);
		return NULL;	/* where the next one begins, nobody knows */
	}
	body = malloc(len);
	if (body && read_body(body, len)) {
		message = json_loadb(body, len, JSON_REJECT_DUPLICATES, NULL);
		*bad = !message;
	}
	free(body);
	return message;
}

void lsp_send(json_t *message)
{
	char *text = message ? json_dumps(message, JSON_COMPACT) : NULL;

	if (text) {
		printf("Content-Length: %zu\r\n\r\n", strlen(text));
		fputs(text, stdout);
		fflush(stdout);
	}
	free(text);
	json_decref(message);
}
