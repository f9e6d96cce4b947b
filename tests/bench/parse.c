/*
 * parse FILES LINES…: reading, scanning and parsing policies of so many lines,
 * spread over included files below the limit of one.  Writes them below the
 * folder FILES, for others to read, and prints for each size
 *
 *	lines bytes user-milliseconds system-milliseconds bytes-of-memory
 */
#define _GNU_SOURCE
#include "compiler/parse.h"

#include "compiler/base/text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

enum { LINES_A_RULE = 4, RULES_A_FILE = 60000 };

struct files {
	const char *folder;
	size_t bytes;
};

/* A rule as they are: four lines, every one another. */
static int put_rule(FILE *to, size_t i)
{
	return fprintf(to, "rule-%zu: allow services -> data, endpoints on postgres, tcp/%zu in staging, prod\n"
		       "  owner platform-sre ticket CHG-%zu\n"
		       "  reason \"what the rule number %zu is good for, in a few words\"\n"
		       "  expires 2027-%02zu-%02zu;\n",
		       i, i % 65536, 1000 + i, i, i % 12 + 1, i % 28 + 1);
}

static FILE *create(const char *folder, const char *name)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof path, "%s/%s", folder, name);
	file = fopen(path, "wb");
	if (!file) {
		perror(path);
		exit(1);
	}
	return file;
}

static size_t write_files(const char *folder, size_t lines)
{
	size_t rules = lines / LINES_A_RULE, bytes = 0;
	FILE *head = create(folder, "main.fbk");

	bytes += (size_t)fprintf(head, "language 1;\npolicy bench;\n");
	for (size_t i = 0; i < rules;) {
		char name[32];
		FILE *part;

		snprintf(name, sizeof name, "part%zu.fbk", i / RULES_A_FILE);
		bytes += (size_t)fprintf(head, "include \"%s\";\n", name);
		part = create(folder, name);
		do
			bytes += (size_t)put_rule(part, i++);
		while (i < rules && i % RULES_A_FILE);
		fclose(part);
	}
	fclose(head);
	return bytes;
}

static const char *read_file(void *context, struct arena *arena,
			     const char *path, size_t *len, const char **why)
{
	char full[4096];
	FILE *file;
	char *bytes;
	long size;

	snprintf(full, sizeof full, "%s/%s", (const char *)context, path);
	file = fopen(full, "rb");
	if (!file || fseek(file, 0, SEEK_END) != 0) {
		*why = "cannot open";
		return NULL;
	}
	size = ftell(file);
	rewind(file);
	bytes = arena_alloc(arena, (size_t)size + SOURCE_ENDS);
	*len = fread(bytes, 1, (size_t)size, file);
	fclose(file);
	return bytes;
}

static double ms_of(struct timeval t)
{
	return (double)t.tv_sec * 1e3 + (double)t.tv_usec / 1e3;
}

static void measure(const char *folder, size_t lines)
{
	size_t bytes = write_files(folder, lines);
	struct arena *arena = arena_new(0);
	struct diags diags = { .arena = arena };
	struct sources sources = { .arena = arena };
	const struct loader loader = { .read = read_file,
				       .context = (void *)folder,
				       .yields = true };
	struct rusage before, after;

	getrusage(RUSAGE_SELF, &before);
	parse_policy(arena, &diags, &sources, &loader, "main.fbk");
	getrusage(RUSAGE_SELF, &after);
	if (diags.errors) {
		fputs("the bench does not parse\n", stderr);
		exit(1);
	}
	printf("%zu %zu %.1f %.1f %zu\n", lines, bytes,
	       ms_of(after.ru_utime) - ms_of(before.ru_utime),
	       ms_of(after.ru_stime) - ms_of(before.ru_stime),
	       arena_used(arena));
	fflush(stdout);
	arena_free(arena);
}

int main(int argc, char **argv)
{
	for (int i = 2; i < argc; i++)
		measure(argv[1], strtoul(argv[i], NULL, 10));
	return argc < 3;
}
