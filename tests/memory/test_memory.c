/*
 * Memory that runs out, at one request after another: check, compile, prove and
 * fmt end in FB_MEMORY, hand out nothing, and give back all they had.
 *
 * The linker puts the functions below in front of the arena's and of malloc's
 * (--wrap), so the library itself knows nothing of this.  A request is known by
 * its number; the first run of a job counts them and learns from which places in
 * the code they come.  A sweep fails each place at its first and its last request
 * and then numbers spread over the rest; `test_memory all` fails every single one.
 */
#define _GNU_SOURCE
#include "firebreak/diff.h"

#include "compiler/base/arena.h"
#include "tests/lib/fixture.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *at, size_t size);
void __real_free(void *at);
void *__real_mmap(void *at, size_t len, int prot, int flags, int fd, off_t off);
int __real_munmap(void *at, size_t len);
void *__real_arena_alloc(struct arena *arena, size_t size);
void *__real_arena_array(struct arena *arena, size_t count, size_t size);
char *__real_arena_copy(struct arena *arena, const char *text, size_t len);
void *__real_arena_grow(struct arena *arena, void *at, size_t count,
			size_t *cap, size_t size);
struct arena *__real_arena_child(struct arena *arena);

void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *at, size_t size);
void __wrap_free(void *at);
void *__wrap_mmap(void *at, size_t len, int prot, int flags, int fd, off_t off);
int __wrap_munmap(void *at, size_t len);
void *__wrap_arena_alloc(struct arena *arena, size_t size);
void *__wrap_arena_array(struct arena *arena, size_t count, size_t size);
char *__wrap_arena_copy(struct arena *arena, const char *text, size_t len);
void *__wrap_arena_grow(struct arena *arena, void *at, size_t count,
			size_t *cap, size_t size);
struct arena *__wrap_arena_child(struct arena *arena);

/* --- counting and failing --- */

enum { PLACES = 4096, SPREAD = 40 };

struct place {
	void *code;
	unsigned long first, last;
};

static atomic_bool armed;
static atomic_ulong requests;
static unsigned long fail_at;	/* 0: none */
static atomic_long live;	/* blocks and maps that were not given back */
static pthread_mutex_t learning = PTHREAD_MUTEX_INITIALIZER;
static bool learn;
static struct place places[PLACES];

static void learn_place(void *code, unsigned long number)
{
	size_t i = ((uintptr_t)code >> 2) % PLACES;

	pthread_mutex_lock(&learning);
	while (places[i].code && places[i].code != code)
		i = (i + 1) % PLACES;
	if (!places[i].code)
		places[i] = (struct place){ code, number, number };
	if (number > places[i].last)
		places[i].last = number;
	if (number < places[i].first)
		places[i].first = number;
	pthread_mutex_unlock(&learning);
}

/* One request more, from CODE: does it fail? */
static bool fails(void *code)
{
	unsigned long number;

	if (!armed)
		return false;
	number = atomic_fetch_add(&requests, 1) + 1;
	if (learn)
		learn_place(code, number);
	return number == fail_at;
}

#define HERE __builtin_return_address(0)

/* What no arena has. */
static _Noreturn void exhaust(struct arena *arena)
{
	__real_arena_alloc(arena, SIZE_MAX);
	abort();
}

void *__wrap_arena_alloc(struct arena *arena, size_t size)
{
	if (fails(HERE))
		exhaust(arena);
	return __real_arena_alloc(arena, size);
}

void *__wrap_arena_array(struct arena *arena, size_t count, size_t size)
{
	if (fails(HERE))
		exhaust(arena);
	return __real_arena_array(arena, count, size);
}

char *__wrap_arena_copy(struct arena *arena, const char *text, size_t len)
{
	if (fails(HERE))
		exhaust(arena);
	return __real_arena_copy(arena, text, len);
}

void *__wrap_arena_grow(struct arena *arena, void *at, size_t count,
			size_t *cap, size_t size)
{
	if (count >= *cap && fails(HERE))
		exhaust(arena);
	return __real_arena_grow(arena, at, count, cap, size);
}

struct arena *__wrap_arena_child(struct arena *arena)
{
	if (fails(HERE))
		exhaust(arena);
	return __real_arena_child(arena);
}

static void *counted(void *at)
{
	live += at != NULL;
	return at;
}

void *__wrap_malloc(size_t size)
{
	return fails(HERE) ? NULL : counted(__real_malloc(size));
}

void *__wrap_calloc(size_t count, size_t size)
{
	return fails(HERE) ? NULL : counted(__real_calloc(count, size));
}

void *__wrap_realloc(void *at, size_t size)
{
	void *larger = fails(HERE) ? NULL : __real_realloc(at, size);

	live += larger && !at;
	return larger;
}

void __wrap_free(void *at)
{
	live -= at != NULL;
	__real_free(at);
}

void *__wrap_mmap(void *at, size_t len, int prot, int flags, int fd, off_t off)
{
	void *map = fails(HERE) ? MAP_FAILED
				: __real_mmap(at, len, prot, flags, fd, off);

	live += map != MAP_FAILED;
	return map;
}

int __wrap_munmap(void *at, size_t len)
{
	live--;
	return __real_munmap(at, len);
}

/* --- jobs --- */

static const char *const shop = "tests/memory/shop.fbk";
static const char *const mistakes = "tests/golden/diag/ten-mistakes.fbk";
/* made before anything fails; OTHER is the text with another port */
static char *terraform, *ruleset, *text, *other;

static struct fb *begin(void)
{
	const struct fb_options options = { .as_of = 20780 };

	return fb_new(&options);
}

static enum fb_status end(struct fb *fb, enum fb_status status)
{
	const struct fb_style style = { .most = 20, .notes = true };

	/* behind FB_MEMORY a context only takes fb_free() */
	if (status != FB_MEMORY && !fb_render(fb, &style))
		status = FB_MEMORY;
	fb_free(fb);
	return status;
}

static enum fb_status check_of(const char *path)
{
	struct fb *fb = begin();
	struct fb_summary sum;
	enum fb_status status;

	if (!fb)
		return FB_MEMORY;
	status = fb_load(fb, path);
	if (status == FB_OK)
		status = fb_check(fb, &sum);
	return end(fb, status);
}

static enum fb_status check(void)
{
	return check_of(shop);
}

static enum fb_status check_mistakes(void)
{
	return check_of(mistakes);
}

static enum fb_status compile(void)
{
	struct fb_compilation made;
	struct fb *fb = begin();
	enum fb_status status;

	if (!fb)
		return FB_MEMORY;
	status = fb_load(fb, shop);
	if (status == FB_OK) {
		status = fb_compile(fb, NULL, NULL, &made);
		assert_int_equal(made.count != 0, status == FB_OK);
	}
	return end(fb, status);
}

static enum fb_status prove_of(const char *artefact)
{
	struct fb *fb = begin();
	enum fb_status status;

	if (!fb)
		return FB_MEMORY;
	status = fb_load(fb, shop);
	if (status == FB_OK)
		status = fb_prove(fb, "artefact", artefact, strlen(artefact));
	return end(fb, status);
}

static enum fb_status prove_terraform(void)
{
	return prove_of(terraform);
}

static enum fb_status prove_ruleset(void)
{
	return prove_of(ruleset);
}

static enum fb_status lay_out(void)
{
	struct fb *fb = begin();
	const char *out;
	size_t len;
	enum fb_status status;

	if (!fb)
		return FB_MEMORY;
	status = fb_lay_out(fb, "shop.fbk", text, strlen(text), &out, &len);
	assert_int_equal(out != NULL, status == FB_OK);
	return end(fb, status);
}

static enum fb_status draw(struct fb *fb, const struct fb_diff *diff)
{
	const struct fb_diff_document document = { .format = FB_FORMAT_SARIF };

	return fb_diff_render(fb, diff, &document) ? FB_OK : FB_MEMORY;
}

/* Two contexts, whose policies differ in a port. */
static enum fb_status diff_policies(void)
{
	const struct fb_diff_options options = { .old_name = "a",
		.new_name = "b" };
	struct fb *old = begin(), *new = old ? begin() : NULL;
	enum fb_status status = FB_MEMORY;
	struct fb_diff diff;

	if (new) {
		status = fb_load(old, shop);
		if (status == FB_OK)
			status = fb_load_text(new, "b", other, strlen(other));
		if (status == FB_OK)
			status = fb_diff(old, new, &options, &diff);
		if (status == FB_OK)
			status = draw(new, &diff);
		assert_true(status != FB_OK || diff.opens);
	}
	fb_free(old);
	fb_free(new);
	return status;
}

static enum fb_status diff_running(const char *bytes)
{
	const struct fb_diff_options options = { .old_name = "a",
		.new_name = "b" };
	const struct fb_artefact file = { "a", bytes, strlen(bytes) };
	const struct fb_running running = { .files = &file, .file_count = 1 };
	struct fb *fb = begin();
	enum fb_status status;
	struct fb_diff diff;

	if (!fb)
		return FB_MEMORY;
	status = fb_load_text(fb, "b", other, strlen(other));
	if (status == FB_OK)
		status = fb_diff_running(fb, &running, &options, &diff);
	if (status == FB_OK)
		status = draw(fb, &diff);
	assert_true(status != FB_OK || diff.opens);
	return end(fb, status);
}

static enum fb_status diff_terraform(void)
{
	return diff_running(terraform);
}

static enum fb_status diff_ruleset(void)
{
	return diff_running(ruleset);
}

/* --- sweeps --- */

static bool sweep_all;

/* The lowest number that no open file has. */
static int lowest_free(void)
{
	int fd = dup(STDIN_FILENO);

	if (fd >= 0)
		close(fd);
	return fd;
}

/* JOB with its N-th request failing; how many it made. */
static unsigned long run(enum fb_status (*job)(void), unsigned long n,
			 enum fb_status *status)
{
	long before = live;
	int lowest = lowest_free();

	requests = 0;
	fail_at = n;
	armed = true;
	*status = job();
	armed = false;
	if (live != before)
		fail_msg("request %lu: %ld blocks were not given back", n,
			 (long)live - (long)before);
	if (lowest_free() != lowest)
		fail_msg("request %lu: a file was left open", n);
	return requests;
}

static void fail_one(enum fb_status (*job)(void), unsigned long n,
		     enum fb_status usual, size_t *without)
{
	enum fb_status status;

	run(job, n, &status);
	if (status != FB_MEMORY && status != usual)
		fail_msg("request %lu: status %d", n, (int)status);
	*without += status != FB_MEMORY;
}

static void sweep(enum fb_status (*job)(void), enum fb_status usual)
{
	enum fb_status status;
	unsigned long count, step;
	size_t without = 0, tried = 0;

	memset(places, 0, sizeof places);
	learn = true;
	count = run(job, 0, &status);
	learn = false;
	assert_int_equal(status, usual);
	for (size_t i = 0; !sweep_all && i < PLACES; i++) {
		if (!places[i].code)
			continue;
		fail_one(job, places[i].first, usual, &without);
		tried++;
		if (places[i].last == places[i].first)
			continue;
		fail_one(job, places[i].last, usual, &without);
		tried++;
	}
	step = sweep_all ? 1 : count / SPREAD + 1;
	for (unsigned long n = 1; n <= count; n += step, tried++)
		fail_one(job, n, usual, &without);
	print_message("%lu requests, %zu failed, %zu times done without\n",
		      count, tried, without);
	/* a thread that cannot be had is done without; hardly anything else */
	assert_true(without * 50 <= tried);
}

static void a_check_without_memory_says_so(void **state)
{
	(void)state;
	sweep(check, FB_OK);
}

static void mistakes_without_memory_say_so(void **state)
{
	(void)state;
	sweep(check_mistakes, FB_BAD);
}

static void a_compilation_without_memory_says_so(void **state)
{
	(void)state;
	sweep(compile, FB_OK);
}

static void proofs_without_memory_say_so(void **state)
{
	(void)state;
	sweep(prove_terraform, FB_OK);
	sweep(prove_ruleset, FB_OK);
}

static void differences_without_memory_say_so(void **state)
{
	(void)state;
	sweep(diff_policies, FB_OK);
	sweep(diff_terraform, FB_OK);
	sweep(diff_ruleset, FB_OK);
}

static void a_layout_without_memory_says_so(void **state)
{
	(void)state;
	sweep(lay_out, FB_OK);
}

/* --- what has to be there before --- */

static char *own(const char *bytes, size_t len)
{
	char *copy = __real_malloc(len + 1);

	memcpy(copy, bytes, len);
	copy[len] = '\0';
	return copy;
}

static char *read_file(const char *path)
{
	FILE *file = fopen(path, "rb");
	char part[16384];
	size_t len;

	assert_non_null(file);
	len = fread(part, 1, sizeof part, file);
	assert_true(len < sizeof part);
	fclose(file);
	return own(part, len);
}

static int prepare(void **state)
{
	struct fb *fb = begin();
	struct fb_compilation made;

	(void)state;
	text = read_file(shop);
	other = read_file(shop);
	memcpy(strstr(other, "tcp/32768-65535"), "tcp/32767", 9);
	if (fb_load(fb, shop) != FB_OK ||
	    fb_compile(fb, NULL, NULL, &made) != FB_OK)
		return -1;
	for (size_t i = 0; i < made.count; i++) {
		const struct fb_output *o = &made.outputs[i];

		if (strstr(o->path, "aws.tf.json") && !terraform)
			terraform = own(o->bytes, o->len);
		if (strstr(o->path, ".nft") && !ruleset)
			ruleset = own(o->bytes, o->len);
	}
	fb_free(fb);
	return terraform && ruleset ? 0 : -1;
}

static int forget(void **state)
{
	(void)state;
	__real_free(text);
	__real_free(other);
	__real_free(terraform);
	__real_free(ruleset);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_check_without_memory_says_so),
		cmocka_unit_test(mistakes_without_memory_say_so),
		cmocka_unit_test(a_compilation_without_memory_says_so),
		cmocka_unit_test(proofs_without_memory_say_so),
		cmocka_unit_test(differences_without_memory_say_so),
		cmocka_unit_test(a_layout_without_memory_says_so),
	};

	sweep_all = argc > 1 && strcmp(argv[1], "all") == 0;
	return cmocka_run_group_tests(tests, prepare, forget);
}
