/* The compiled files, and how full the security groups in them are. */
#include "compiler/evidence/html.h"

#include "compiler/base/markup.h"

void html_files(struct text *out, const char *caption,
		const struct file_fact *files, size_t count)
{
	text_printf(out, "<table><caption>%s</caption><thead><tr><th scope=\"col\">File</th><th scope=\"col\">Bytes</th><th scope=\"col\">SHA-256</th></tr></thead><tbody>\n",
		    caption);
	for (size_t i = 0; i < count; i++) {
		text_puts(out, "<tr><th scope=\"row\">");
		html_element(out, "code", files[i].path);
		text_printf(out, "</th><td class=\"keep\">%zu</td><td><code>%s</code></td></tr>\n",
			    files[i].len, files[i].digest);
	}
	text_puts(out, "</tbody></table>\n");
}

static void put_used(struct text *out, const struct quota_fact *q, bool ingress,
		     bool ipv6)
{
	unsigned used = q->used[ingress][ipv6];
	struct fb_quota one = { .used = used, .limit = q->limit };

	text_printf(out, fb_quota_is_tight(&one)
		    ? "<td class=\"keep\"><span class=\"chip warn\">\xe2\x96\xb2 %u</span></td>"
		    : used ? "<td class=\"keep\">%u</td>"
			   : "<td class=\"keep\"><span class=\"nil\">%u</span></td>",
		    used);
}

/* The fullest of the four as a bar of a hundred. */
static void put_bar(struct text *out, const struct quota_fact *q)
{
	unsigned part = q->most < q->limit ? q->most * 100 / q->limit : 100;

	text_printf(out, "<td class=\"keep\"><svg class=\"fill\" viewBox=\"0 0 100 10\" aria-hidden=\"true\"><rect class=\"fill-all\" width=\"100\" height=\"10\" rx=\"5\"/><rect class=\"fill-used%s\" width=\"%u\" height=\"10\" rx=\"5\"/></svg> %u of %u</td>",
		    q->is_tight ? " tight" : "", part < 10 && part ? 10 : part,
		    q->most, q->limit);
}

static void put_quota(struct text *out, const struct evidence *e,
		      const struct quota_fact *q)
{
	text_puts(out, "<tr><th scope=\"row\">");
	put_html(out, q->layer);
	if (q->groups > 1)
		text_printf(out, "<small>group %u of %u, at most %u</small>",
			    q->number, q->groups, q->groups_limit);
	text_puts(out, "</th>");
	put_bar(out, q);
	for (int ingress = 1; ingress >= 0; ingress--)
		for (int ipv6 = 0; ipv6 < 2; ipv6++)
			put_used(out, q, ingress, ipv6);
	text_puts(out, "<td>");
	if (q->environment_count == e->ir->space_count && q->environment_count > 1) {
		text_printf(out, "all %zu", q->environment_count);
	} else {
		for (size_t i = 0; i < q->environment_count; i++) {
			text_puts(out, i ? ", " : "");
			put_html(out, q->environments[i]);
		}
	}
	text_puts(out, "</td></tr>\n");
}

static void put_quotas(struct text *out, const struct evidence *e)
{
	if (!e->quota_count)
		return;
	text_puts(out, "<table><caption>How full each security group is</caption><thead><tr><th scope=\"col\">Group of</th><th scope=\"col\">Fullest</th><th scope=\"col\">In, IPv4</th><th scope=\"col\">In, IPv6</th><th scope=\"col\">Out, IPv4</th><th scope=\"col\">Out, IPv6</th><th scope=\"col\">Environments</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < e->quota_count; i++)
		put_quota(out, e, &e->quotas[i]);
	text_puts(out, "</tbody></table>\n"
		  "<p class=\"lead\">Rules as AWS counts them, a direction and family each: a group as peer is one in both families, a prefix list as many as it may have entries. Environments in which a group is equally full share a row.</p>\n");
}

void html_outputs(struct text *out, const struct evidence *e)
{
	html_begin(out, "outputs", "Compiled outputs", 'C');
	if (!e->output_count) {
		text_puts(out, "<p class=\"lead\">None: the compiler hands nothing out while something is wrong.</p>\n");
	} else {
		text_printf(out, "<p class=\"lead\">Each was read back and proved to admit exactly what the policy says: %zu claims, all equal.</p>\n",
			    e->proofs);
		put_quotas(out, e);
		html_files(out, "Outputs", e->outputs, e->output_count);
	}
	html_end(out);
}
