/* How full security groups are, for people: the fullest first. */
#include "compiler/cli/cli.h"

#include <stdlib.h>
#include <string.h>

enum { TOLD_MOST = 5 };

/* Fuller first; as they were given between those that are as full. */
static int fuller_first(const void *x, const void *y)
{
	const struct fb_quota *const *a = x, *const *b = y;
	size_t left = (size_t)(*a)->used * (*b)->limit;
	size_t right = (size_t)(*b)->used * (*a)->limit;

	if (left != right)
		return left > right ? -1 : 1;
	return (*a > *b) - (*a < *b);
}

static void put_row(FILE *to, const struct fb_quota *q)
{
	fprintf(to, "%5u of %-4u %s  ", q->used, q->limit,
		q->ipv6 ? "IPv6" : "IPv4");
	fputs(q->ingress ? "in   " : "out  ", to);
	cli_put(to, q->environment);
	fputs("  ", to);
	cli_put(to, q->group);
	if (q->groups > 1)
		fprintf(to, "  (%u of %u groups of an interface)", q->groups,
			q->groups_limit);
	fputc('\n', to);
}

void cli_put_quotas(FILE *to, const struct fb_compilation *made, bool all)
{
	const struct fb_quota **rows = malloc((made->quota_count + 1) *
					      sizeof *rows);
	size_t count = 0;

	if (!rows)
		return;		/* the result stands without it */
	for (size_t i = 0; i < made->quota_count; i++)
		if (all ? made->quotas[i].used > 0
			: fb_quota_is_tight(&made->quotas[i]))
			rows[count++] = &made->quotas[i];
	qsort(rows, count, sizeof *rows, fuller_first);
	if (count)
		fputs(all ? "rules of security groups, the fullest first:\n"
			  : "security groups that are more than four fifths full:\n",
		      to);
	for (size_t i = 0; i < count && (all || i < TOLD_MOST); i++)
		put_row(to, rows[i]);
	if (!all && count > TOLD_MOST)
		fprintf(to, "      and %zu more; --quota shows all\n",
			count - TOLD_MOST);
	free(rows);
}
