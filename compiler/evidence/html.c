/* The report as one HTML file, section by section. */
#include "compiler/evidence/html.h"

#include "compiler/base/markup.h"
#include "compiler/evidence/assumptions.h"

#include <string.h>

static const struct html_section sections[] = {
	{ "verdict",	"Verdict" },
	{ "examined",	"What was examined" },
	{ "changes",	"Changes" },
	{ "running",	"Running state" },
	{ "matrix",	"Segmentation matrix" },
	{ "layers",	"Layers" },
	{ "exposure",	"Exposure" },
	{ "invariants",	"Invariants" },
	{ "exceptions",	"Exceptions" },
	{ "emergencies", "Freezes and emergencies" },
	{ "rules",	"Rule register" },
	{ "parties",	"Shared responsibility" },
	{ "controls",	"Controls" },
	{ "outputs",	"Compiled outputs" },
	{ "check",	"Check it yourself" },
	{ "limits",	"Assumptions and limits" },
	{ "sign",	"Sign-off" },
	{ "index.html",	"All environments" },
};

/* --- verdict --- */

static size_t overdue_count(const struct evidence *e)
{
	size_t count = 0;

	for (size_t i = 0; i < e->entry_count; i++)
		count += e->entries[i].overdue;
	return count;
}

static void put_sentence(struct text *out, const struct evidence *e)
{
	size_t n = e->summary.invariants, broken = e->summary.broken;
	size_t wrong = e->wrong_count, soon = e->concern_count - wrong;

	if (broken)
		text_printf(out, "<p class=\"big\">%zu of %zu invariant%s broken.</p>",
			    broken, n, n == 1 ? " is" : "s are");
	else if (!n)
		text_puts(out, "<p class=\"big\">The policy states no invariant.</p>");
	else if (wrong)
		text_printf(out, "<p class=\"big\">The invariants hold, but %zu thing%s wrong.</p>",
			    wrong, wrong == 1 ? " is" : "s are");
	else
		text_printf(out, "<p class=\"big\">%s%zu invariant%s.</p>",
			    n == 1 ? "The policy holds its " : "All ", n,
			    n == 1 ? "" : "s hold");
	text_puts(out, broken
		  ? "<p>A packet is shown for each, with the rules that let it through. "
		  : "<p>Decided for every packet that the rules permit, not for samples. ");
	if (soon)
		text_printf(out, "<b>%zu item%s a person before %s.</b>", soon,
			    soon == 1 ? " needs" : "s need",
			    soon == 1 ? "it becomes a failure"
				      : "they become failures");
	text_puts(out, "</p>");
}

static void put_tiles(struct text *out, const struct evidence *e)
{
	size_t n = e->summary.invariants, late = overdue_count(e);

	text_puts(out, "<ul class=\"tiles\">\n");
	html_tile(out, e->summary.broken ? " class=\"bad\"" : "",
		 n - e->summary.broken, n, "invariants hold");
	html_tile(out, e->summary.unmet ? " class=\"bad\"" : "",
		 e->summary.expects - e->summary.unmet, e->summary.expects,
		 "expectations met");
	html_tile(out, "", e->summary.rules - e->summary.expired, 0,
		 "rules in force");
	html_tile(out, e->due_soon ? " class=\"warn\"" : "",
		 e->exception_count, 0, "of them are exceptions, with an end");
	html_tile(out, late ? " class=\"warn\"" : "", late, 0,
		 e->ir->review_days ? "reviews overdue"
				    : "reviews asked for by the policy");
	html_tile(out, "", e->proofs, 0, "claims about outputs proved");
	if (e->emergency_count)
		html_tile(out, e->unreviewed ? " class=\"bad\"" : "",
			  e->emergency_count, 0, e->unreviewed
			  ? "emergencies, a review is overdue" : "emergencies");
	if (e->capture_count)
		html_tile(out, running_count(e, RUNNING_DIFFERS) ||
			 running_count(e, RUNNING_UNCLEAR) ? " class=\"bad\"" : "",
			 running_count(e, RUNNING_EQUAL), e->ir->space_count,
			 "environments run what the policy says, as captured");
	text_puts(out, "</ul>\n");
}

static void put_concern(struct text *out, const struct concern_group *group,
			const struct concern *c)
{
	bool wrong = c->kind == ATTENTION_WRONG;

	text_printf(out, "<tr><td><span class=\"chip %s\">%s %s</span>",
		    wrong ? "bad" : "warn",
		    wrong ? "\xc3\x97" : "\xe2\x96\xb2", c->code);
	html_message(out, c->what);
	text_puts(out, "</td><td class=\"keep\">");
	html_element(out, "code", *c->where ? c->where : "-");
	text_puts(out, "</td>");
	if (group->owned)
		html_element(out, "td", c->owner);
	if (group->dated)
		html_element(out, "td class=\"keep\"", c->when);
	text_puts(out, "</tr>\n");
}

/* Two tables, so that no cell says of each of many that it fails today. */
static void put_concerns(struct text *out, const struct evidence *e)
{
	struct concern_group groups[CONCERN_GROUPS];

	if (!e->concern_count)
		text_puts(out, "<p class=\"lead\">Nothing needs attention.</p>\n");
	evidence_concern_groups(out->arena, e, groups);
	for (size_t g = 0; g < CONCERN_GROUPS; g++) {
		if (!groups[g].count)
			continue;
		text_printf(out, "<table><caption>%s</caption><thead><tr><th scope=\"col\">What</th><th scope=\"col\">Where</th>%s%s</tr></thead><tbody>\n",
			    groups[g].title,
			    groups[g].owned ? "<th scope=\"col\">Owner</th>" : "",
			    groups[g].dated ? "<th scope=\"col\">Fails on</th>" : "");
		for (size_t i = 0; i < groups[g].count; i++)
			put_concern(out, &groups[g], &groups[g].at[i]);
		text_puts(out, "</tbody></table>\n");
	}
}

static void put_verdict(struct text *out, const struct evidence *e)
{
	bool good = !e->summary.broken && !e->wrong_count;

	html_begin(out, "verdict", "Verdict", 'C');
	text_printf(out, "<div class=\"verdict %s\"><div class=\"mark\" aria-hidden=\"true\">%s</div><div>",
		    good ? "good" : "bad", good ? "\xe2\x9c\x93" : "\xc3\x97");
	put_sentence(out, e);
	text_puts(out, "</div></div>\n");
	put_tiles(out, e);
	put_concerns(out, e);
	html_end(out);
}

/* --- what was examined --- */

static void put_place(struct text *out, const struct ir_space *s)
{
	text_puts(out, "<td class=\"keep\">");
	put_html(out, s->account);
	html_element(out, "small", s->region);
	text_puts(out, "</td>");
}

/* Columns that would say the same of every environment are left out. */
static void put_environment(struct text *out, const struct evidence *e,
			    uint32_t space)
{
	const struct environment_fact *f = &e->environments[space];

	text_puts(out, "<tr>");
	html_element(out, "th scope=\"row\"", evidence_space(e, space));
	put_place(out, &e->ir->spaces[space]);
	html_element(out, "td", evidence_addresses(out->arena,
						   e->ir->spaces[space].vpc));
	text_printf(out, "<td>%zu</td><td>%zu</td>", f->rules, f->exceptions);
	if (e->ir->review_days)
		text_printf(out, "<td>%zu</td>", f->overdue);
	if (f->broken)
		text_printf(out, "<td class=\"keep\"><span class=\"chip bad\">\xc3\x97 %zu broken</span></td>",
			    f->broken);
	else
		text_puts(out, "<td class=\"keep\"><span class=\"chip good\">\xe2\x9c\x93 hold</span></td>");
	if (e->capture_count) {
		text_puts(out, "<td>");
		html_running_chip(out, f->running);
		if (*f->captured)
			html_element(out, "small", f->captured);
		text_puts(out, "</td>");
	}
	text_puts(out, "</tr>\n");
}

static void put_environments(struct text *out, const struct evidence *e)
{
	text_puts(out, "<table><caption>Environments");
	html_from(out, 'D');
	text_printf(out, "</caption><thead><tr><th scope=\"col\">Environment</th><th scope=\"col\">Account</th><th scope=\"col\">VPC</th><th scope=\"col\">Rules</th><th scope=\"col\">Exceptions</th>%s<th scope=\"col\">Invariants</th>%s</tr></thead><tbody>\n",
		    e->ir->review_days ? "<th scope=\"col\">Overdue</th>" : "",
		    e->capture_count ? "<th scope=\"col\">Running state</th>" : "");
	for (uint32_t i = 0; i < e->ir->space_count; i++)
		put_environment(out, e, i);
	text_puts(out, "</tbody></table>\n");
}

static void put_examined(struct text *out, const struct evidence *e)
{
	html_begin(out, "examined", "What was examined", 'C');
	text_puts(out, "<table class=\"facts\"><caption class=\"unseen\">What was examined</caption><tbody>\n<tr><th scope=\"row\">Digest of all sources</th><td><code>");
	text_puts(out, e->source_digest);
	text_printf(out, "</code></td></tr>\n<tr><th scope=\"row\">Compiler</th><td>firebreak %s; the same sources and day give the same bytes</td></tr>\n",
		    FIREBREAK_VERSION);
	text_puts(out, "<tr><th scope=\"row\">Running state</th><td>");
	html_running_summary(out, e);
	text_puts(out, "</td></tr>\n</tbody></table>\n");
	put_environments(out, e);
	html_files(out, "Sources", e->sources, e->source_count);
	html_end(out);
}

static void put_running(struct text *out, const struct evidence *e)
{
	html_begin(out, "running", "Running state", 'C');
	html_running(out, e);
	html_end(out);
}

/* --- invariants --- */

static void put_route(struct text *out, const struct evidence *e,
		      const struct verdict *v)
{
	for (size_t i = 0; i < v->hop_count; i++) {
		const struct verdict_hop *h = &v->hops[i];

		text_puts(out, "<small>");
		put_html(out, evidence_space(e, h->space));
		text_puts(out, ": ");
		put_html(out, packet_text(out->arena, &h->packet));
		for (size_t k = 0; k < h->rule_count; k++) {
			text_puts(out, k ? ", " : ", by ");
			put_html(out, e->ir->rules[h->rules[k]].name);
		}
		text_puts(out, "</small>");
	}
}

static void put_state(struct text *out, const struct verdict *v)
{
	static const char *const chips[] = {
		[VERDICT_HOLDS]  = "<span class=\"chip good\">\xe2\x9c\x93 holds</span>",
		[VERDICT_BROKEN] = "<span class=\"chip bad\">\xc3\x97 broken</span>",
		[VERDICT_WAIVED] = "<span class=\"chip warn\">\xe2\x96\xb2 waived</span>",
		[VERDICT_FAULT]	 = "<span class=\"chip bad\">\xc3\x97 fault of the compiler</span>",
	};

	text_puts(out, chips[v->kind]);
}

static void put_invariants(struct text *out, const struct evidence *e)
{
	html_begin(out, "invariants", "Invariants", 'C');
	text_puts(out, "<p class=\"lead\">Each was decided over the complete set of packets that the rules permit. A broken one shows a packet; a waived one is broken only by rules that say so and end.</p>\n"
		  "<table><caption class=\"unseen\">Invariants</caption><thead><tr><th scope=\"col\">Name</th><th scope=\"col\">Statement</th><th scope=\"col\">Result</th><th scope=\"col\">Evidence for</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < e->promise_count; i++) {
		const struct promise *p = &e->promises[i];

		text_puts(out, "<tr><th scope=\"row\">");
		put_html(out, p->invariant->name);
		html_element(out, "small", p->where);
		text_puts(out, "</th><td>");
		html_element(out, "code", p->statement);
		if (p->invariant->reason.value)
			html_element(out, "small", p->invariant->reason.value);
		put_route(out, e, p->verdict);
		text_puts(out, "</td><td>");
		put_state(out, p->verdict);
		text_puts(out, "</td><td>");
		for (size_t k = 0; k < p->invariant->control_count; k++) {
			text_puts(out, k ? ", " : "");
			put_html(out, p->invariant->controls[k]);
		}
		text_puts(out, "</td></tr>\n");
	}
	text_puts(out, "</tbody></table>\n");
	html_end(out);
}

/* --- controls, and the rest --- */

static void put_controls(struct text *out, const struct evidence *e)
{
	html_begin(out, "controls", "What this is evidence for, in part", 0);
	text_puts(out, "<p class=\"lead\">Controls that the policy's authors name, by number and title. The last column says what has to be seen elsewhere; no control is met by this report alone.</p>\n");
	if (!e->control_count) {
		text_puts(out, "<p>No invariant names a control of a chosen pack.</p>\n");
		html_end(out);
		return;
	}
	text_puts(out, "<table><caption class=\"unseen\">Controls</caption><thead><tr><th scope=\"col\">Control</th><th scope=\"col\">Shown here</th><th scope=\"col\">By</th><th scope=\"col\">Not shown here</th></tr></thead><tbody>\n");
	for (size_t i = 0; i < e->control_count; i++) {
		const struct control_row *row = &e->controls[i];

		text_printf(out, "<tr><th scope=\"row\">%s %s<small>%s</small></th><td>%s",
			    row->control->pack, row->control->id,
			    row->control->title, row->control->shown);
		text_puts(out, row->broken
			  ? " <span class=\"chip bad\">\xc3\x97 an invariant is broken</span>" : "");
		text_puts(out, "</td><td>");
		for (size_t k = 0; k < row->invariant_count; k++) {
			text_puts(out, k ? ", " : "");
			put_html(out, row->invariants[k]);
		}
		text_printf(out, "</td><td>%s</td></tr>\n",
			    row->control->not_shown);
	}
	text_puts(out, "</tbody></table>\n");
	html_end(out);
}

static void put_check(struct text *out)
{
	html_begin(out, "check", "Check it yourself", 0);
	text_puts(out, "<p class=\"lead\">Nothing here has to be taken on trust. The bundle holds the sources; the same compiler makes every file of it again, byte for byte.</p>\n"
		  "<pre tabindex=\"0\">sha256sum -c MANIFEST.sha256          # no file was changed since\n"
		  "firebreak verify-bundle .             # and each follows from the sources\n"
		  "ssh-keygen -Y verify -f allowed_signers -I WHO -n firebreak-evidence-v1 \\\n"
		  "  -s MANIFEST.sha256.sig &lt; MANIFEST.sha256   # if it was signed</pre>\n");
	html_end(out);
}

static void put_limits(struct text *out)
{
	html_begin(out, "limits", "Assumptions and limits", 0);
	text_puts(out, "<p class=\"lead\">The proofs stand on these:</p>\n<ol class=\"limits\">\n");
	for (size_t i = 0; assumptions[i]; i++)
		text_printf(out, "<li>%s</li>\n", assumptions[i]);
	text_puts(out, "</ol>\n<p class=\"lead\">And this report does not say:</p>\n<ul class=\"limits\">\n");
	for (size_t i = 0; limits[i]; i++)
		text_printf(out, "<li>%s</li>\n", limits[i]);
	text_puts(out, "</ul>\n");
	html_end(out);
}

static void put_sign(struct text *out)
{
	static const char *const lines[] = { "Reviewed by", "Decision", "Date",
					     "Signature" };

	html_begin(out, "sign", "Sign-off", 0);
	text_puts(out, "<table class=\"sign\"><caption class=\"unseen\">Sign-off</caption><tbody>\n");
	for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
		text_printf(out, "<tr><th scope=\"row\">%s</th><td></td></tr>\n",
			    lines[i]);
	text_puts(out, "</tbody></table>\n");
	html_end(out);
}

void evidence_html(struct text *out, const struct evidence *e)
{
	html_open(out, e, "Network segmentation evidence", "evidence report",
		  sections, sizeof sections / sizeof *sections);
	put_verdict(out, e);
	put_examined(out, e);
	html_changes(out, e);
	put_running(out, e);
	html_matrices(out, e);
	html_layers(out, e);
	html_exposure(out, e);
	put_invariants(out, e);
	html_exceptions(out, e);
	html_emergencies(out, e);
	html_rules(out, e);
	html_parties(out, e);
	put_controls(out, e);
	html_outputs(out, e);
	put_check(out);
	put_limits(out);
	put_sign(out);
	html_close(out, e);
}
