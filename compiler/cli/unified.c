/*
 * Myers' greedy algorithm (An O(ND) difference algorithm, 1986) between the
 * common beginning and the common end.  Beyond FAR edits a shortest script is
 * worth less than the time it takes: then all between the two is one change.
 */
#include "compiler/cli/unified.h"

#include "compiler/cli/cli.h"

#include <stdlib.h>
#include <string.h>

enum { CONTEXT = 3, FAR = 2000 };

struct lines {
	struct unified_text *at;	/* with their newlines */
	size_t count;
};

struct diff {
	struct lines a, b;
	bool *gone, *come;	/* lines of A, of B that are changed */
};

static bool split(struct lines *out, struct unified_text text)
{
	size_t count = 0;

	for (size_t i = 0; i < text.len; i++)
		count += text.at[i] == '\n' || i + 1 == text.len;
	out->at = calloc(count + 1, sizeof *out->at);
	if (!out->at)
		return false;
	while (text.len) {
		const char *end = memchr(text.at, '\n', text.len);
		size_t len = end ? (size_t)(end - text.at) + 1 : text.len;

		out->at[out->count++] = (struct unified_text){ text.at, len };
		text.at += len;
		text.len -= len;
	}
	return true;
}

static bool is_equal(const struct diff *d, size_t i, size_t k)
{
	const struct unified_text *x = &d->a.at[i], *y = &d->b.at[k];

	return x->len == y->len && memcmp(x->at, y->at, x->len) == 0;
}

static void mark_all(bool *marks, size_t from, size_t to)
{
	for (; from < to; from++)
		marks[from] = true;
}

/* Where the path of STEP edits on diagonal K came from: its diagonal. */
static long came_from(const long *row, long step, long k)
{
	bool down = k == -step || (k != step && row[k - 1] < row[k + 1]);

	return down ? k + 1 : k - 1;
}

/* Walk back from (N, M), STEP edits away, through the ROWS of the steps before. */
static void walk_back(struct diff *d, size_t skip, long *const *rows, long step,
		      long n, long m)
{
	for (long x = n, y = m; step > 0; step--) {
		const long *row = rows[step - 1] + FAR + 1;
		long k = x - y, before = came_from(row, step, k);
		long from = row[before];

		if (before == k + 1)
			d->come[skip + (size_t)(from - before)] = true;
		else
			d->gone[skip + (size_t)from] = true;
		x = from;
		y = from - before;
	}
}

/* The fewest edits of the middle, N lines to M; false when there are too many. */
static bool search(struct diff *d, size_t skip, long n, long m, long **rows,
		   long *found)
{
	long now[2 * FAR + 3] = { 0 }, *v = now + FAR + 1;

	for (long step = 0; step <= FAR; step++) {
		for (long k = -step; k <= step; k += 2) {
			long before = step ? came_from(v, step, k) : 0;
			long x = !step ? 0 : before == k + 1 ? v[before]
							     : v[before] + 1;

			while (x < n && x - k < m && x - k >= 0 &&
			       is_equal(d, skip + (size_t)x,
					skip + (size_t)(x - k)))
				x++;
			v[k] = x;
			if (x >= n && x - k >= m) {
				*found = step;
				return true;
			}
		}
		rows[step] = malloc(sizeof now);
		if (!rows[step])
			return false;
		memcpy(rows[step], now, sizeof now);
	}
	return false;
}

static bool compare(struct diff *d)
{
	size_t skip = 0, n = d->a.count, m = d->b.count;
	long **rows = calloc(FAR + 1, sizeof *rows), step = 0;

	if (!rows)
		return false;
	while (skip < n && skip < m && is_equal(d, skip, skip))
		skip++;
	while (n > skip && m > skip && is_equal(d, n - 1, m - 1)) {
		n--;
		m--;
	}
	if (search(d, skip, (long)(n - skip), (long)(m - skip), rows, &step)) {
		walk_back(d, skip, rows, step, (long)(n - skip),
			  (long)(m - skip));
	} else {
		mark_all(d->gone, skip, n);
		mark_all(d->come, skip, m);
	}
	for (long i = 0; i <= FAR; i++)
		free(rows[i]);
	free(rows);
	return true;
}

static void put_line(FILE *to, char sign, struct unified_text line, bool colour)
{
	const char *paint = !colour ? "" : sign == '-' ? "\033[31m"
			  : sign == '+' ? "\033[32m" : "";
	bool ends = line.len && line.at[line.len - 1] == '\n';

	fprintf(to, "%s%c", paint, sign);
	fwrite(line.at, 1, line.len - ends, to);
	fprintf(to, "%s\n", *paint ? "\033[0m" : "");
	if (!ends)
		fputs("\\ No newline at end of file\n", to);
}

/* The hunk that begins at lines I, K; what is behind it in *I, *K. */
static void put_hunk(FILE *to, const struct diff *d, size_t *i, size_t *k,
		     bool colour)
{
	size_t a = *i, b = *k, same = 0, end_a = a, end_b = b;

	/* up to where more than twice the context is the same */
	for (size_t x = a, y = b; x < d->a.count || y < d->b.count;) {
		if (x < d->a.count && d->gone[x]) {
			end_a = ++x;
			end_b = y;
			same = 0;
		} else if (y < d->b.count && d->come[y]) {
			end_b = ++y;
			end_a = x;
			same = 0;
		} else if (++same > 2 * CONTEXT) {
			break;
		} else {
			x++;
			y++;
		}
	}
	for (int n = 0; n < CONTEXT && end_a < d->a.count &&
			end_b < d->b.count; n++) {
		end_a++;
		end_b++;
	}
	fprintf(to, "%s@@ -%zu,%zu +%zu,%zu @@%s\n", colour ? "\033[36m" : "",
		a + (end_a > a), end_a - a, b + (end_b > b), end_b - b,
		colour ? "\033[0m" : "");
	while (a < end_a || b < end_b) {
		if (a < end_a && d->gone[a])
			put_line(to, '-', d->a.at[a++], colour);
		else if (b < end_b && d->come[b])
			put_line(to, '+', d->b.at[b++], colour);
		else {
			put_line(to, ' ', d->a.at[a++], colour);
			b++;
		}
	}
	*i = a;
	*k = b;
}

static void put_hunks(FILE *to, const struct diff *d, bool colour)
{
	size_t i = 0, k = 0, same = 0;

	while (i < d->a.count || k < d->b.count) {
		size_t back;

		if (!(i < d->a.count && d->gone[i]) &&
		    !(k < d->b.count && d->come[k])) {
			i++;
			k++;
			same++;
			continue;
		}
		back = same < CONTEXT ? same : CONTEXT;
		i -= back;
		k -= back;
		put_hunk(to, d, &i, &k, colour);
		same = 0;
	}
}

bool unified_diff(FILE *to, const char *name, struct unified_text a,
		  struct unified_text b, bool colour)
{
	struct diff d = { 0 };
	bool good = split(&d.a, a) && split(&d.b, b);

	d.gone = good ? calloc(d.a.count + 1, sizeof *d.gone) : NULL;
	d.come = good ? calloc(d.b.count + 1, sizeof *d.come) : NULL;
	good = d.gone && d.come;
	if (good && (a.len != b.len || memcmp(a.at, b.at, a.len) != 0)) {
		good = compare(&d);
		if (good) {
			fputs("--- a/", to);
			cli_put(to, name);
			fputs("\n+++ b/", to);
			cli_put(to, name);
			fputc('\n', to);
			put_hunks(to, &d, colour);
		}
	}
	free(d.gone);
	free(d.come);
	free(d.a.at);
	free(d.b.at);
	return good;
}
