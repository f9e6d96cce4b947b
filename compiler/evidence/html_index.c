/*
 * index.html: every customer and environment on a page, the worst customer
 * first.  What is shown can be narrowed without a script: radio buttons that the
 * style reads, places to jump to.  Paper has everything.
 */
#include "compiler/evidence/html.h"

#include "compiler/base/markup.h"

#include <stdlib.h>

/* --- verdict --- */

/* In how many environments is something so? */
struct tally {
	size_t broken, drifted, overdue, due_soon, changed;
	size_t customers;	/* with something broken, drifted, overdue or about to end */
};

static struct tally tally_of(const struct evidence *e)
{
	struct tally all = { 0 };

	for (size_t i = 0; i < e->customer_count; i++) {
		const struct customer_fact *c = &e->customers[i];

		all.broken += c->broken;
		all.drifted += c->drifted;
		all.overdue += c->overdue;
		all.due_soon += c->due_soon;
		all.changed += c->changed;
		all.customers += c->broken || c->drifted || c->overdue ||
				 c->due_soon;
	}
	return all;
}

static void put_sentence(struct text *out, const struct evidence *e,
			 const struct tally *all)
{
	size_t n = e->ir->space_count;

	text_puts(out, "<p class=\"big\">");
	if (all->broken)
		text_printf(out, "%zu of %zu environment%s an invariant.",
			    all->broken, n, all->broken == 1 ? " breaks"
					    : "s break");
	else if (e->summary.broken)	/* between environments */
		text_printf(out, "%zu of %zu invariants %s broken.",
			    e->summary.broken, e->summary.invariants,
			    e->summary.broken == 1 ? "is" : "are");
	else if (!e->summary.invariants)
		text_puts(out, "The policy states no invariant.");
	else if (e->wrong_count)
		text_printf(out, "The invariants hold, but %zu thing%s wrong.",
			    e->wrong_count, e->wrong_count == 1 ? " is" : "s are");
	else if (n == 1)
		text_puts(out, "The environment holds every invariant.");
	else
		text_printf(out, "All %zu environments hold every invariant.", n);
	text_puts(out, "</p><p>");
	if (all->customers)
		text_printf(out, "%zu of %zu customer%s a person: what is broken, runs otherwise or is overdue, or ends within %d days, is first below. ",
			    all->customers, e->customer_count,
			    all->customers == 1 ? " needs" : "s need", SOON);
	text_puts(out, e->summary.broken || e->wrong_count
		  ? "<a href=\"report.html#verdict\">report.html</a> shows packets and rules, and what to do.</p>"
		  : "<a href=\"report.html#verdict\">report.html</a> has the matrices, invariants and rules.</p>");
}

static void put_tiles(struct text *out, const struct evidence *e,
		      const struct tally *all)
{
	size_t n = e->ir->space_count;

	text_puts(out, "<ul class=\"tiles\">\n");
	html_tile(out, all->broken ? " class=\"bad\"" : "", n - all->broken, n,
		  "environments hold all invariants");
	html_tile(out, "", e->customer_count - all->customers,
		  e->customer_count, "customers need nobody");
	html_tile(out, all->overdue ? " class=\"warn\"" : "", all->overdue, 0,
		  e->ir->review_days ? "environments with an overdue review"
				     : "reviews asked for by the policy");
	html_tile(out, all->due_soon ? " class=\"warn\"" : "", all->due_soon, 0,
		  "environments whose exceptions end soon");
	if (e->since)
		html_tile(out, "", all->changed, 0,
			  "environments changed in the period");
	else
		html_tile(out, "", e->summary.rules - e->summary.expired, 0,
			  "rules in force");
	html_tile(out, "", e->proofs, 0, "claims about outputs proved");
	if (e->capture_count)
		html_tile(out, all->drifted ? " class=\"bad\"" : "",
			  running_count(e, RUNNING_EQUAL), n,
			  "environments run what the policy says, as captured");
	text_puts(out, "</ul>\n");
}

static void put_verdict(struct text *out, const struct evidence *e,
			const struct tally *all)
{
	bool good = !e->summary.broken && !e->wrong_count;

	html_begin(out, "verdict", "Verdict", 'C');
	text_printf(out, "<div class=\"verdict %s\"><div class=\"mark\" aria-hidden=\"true\">%s</div><div>",
		    good ? "good" : "bad", good ? "\xe2\x9c\x93" : "\xc3\x97");
	put_sentence(out, e, all);
	text_puts(out, "</div></div>\n");
	put_tiles(out, e, all);
	html_end(out);
}

/* --- what is shown of the table --- */

static const char *customer_name(const struct evidence *e,
				 const struct customer_fact *c)
{
	const char *name = e->ir->customers[c->customer].name;

	return *name ? name : "no customer";
}

/* Names are letters, digits, `-` and `_`; none is the one without a name's. */
static void put_place(struct text *out, const struct evidence *e,
		      const struct customer_fact *c)
{
	const char *name = e->ir->customers[c->customer].name;

	text_puts(out, *name ? "c-" : "no-customer");
	put_html(out, name);
}

static int by_name(const void *x, const void *y)
{
	const struct customer_fact *a = *(const struct customer_fact *const *)x;
	const struct customer_fact *b = *(const struct customer_fact *const *)y;

	return (a->first > b->first) - (a->first < b->first);
}

static void put_names(struct text *out, const struct evidence *e)
{
	const struct customer_fact **all =
		arena_array(out->arena, e->customer_count, sizeof *all);

	for (size_t i = 0; i < e->customer_count; i++)
		all[i] = &e->customers[i];
	qsort(all, e->customer_count, sizeof *all, by_name);
	text_printf(out, "<details class=\"names\"><summary>%zu customers by name</summary><ul>\n",
		    e->customer_count);
	for (size_t i = 0; i < e->customer_count; i++) {
		text_puts(out, "<li><a href=\"#");
		put_place(out, e, all[i]);
		text_puts(out, "\">");
		put_html(out, customer_name(e, all[i]));
		text_puts(out, "</a>");
		if (all[i]->broken)
			text_puts(out, " <span class=\"chip bad\">\xc3\x97 broken</span>");
		text_puts(out, "</li>\n");
	}
	text_puts(out, "</ul></details>\n");
}

static void put_choice(struct text *out, const char *id, size_t count,
		       const char *what, bool is_first)
{
	if (!count)
		return;
	text_printf(out, "<input type=\"radio\" name=\"show\" id=\"%s\"%s><label for=\"%s\">%s <b>%zu</b></label>\n",
		    id, is_first ? " checked" : "", id, what, count);
}

/* The style finds these by their ids, and rows by the classes of put_marks(). */
static void put_choices(struct text *out, const struct evidence *e,
			const struct tally *all)
{
	if (!all->broken && !all->drifted && !all->overdue && !all->due_soon && !all->changed)
		return;
	text_puts(out, "<fieldset class=\"pick\"><legend>Show environments</legend>\n");
	put_choice(out, "show-all", e->ir->space_count, "all", true);
	put_choice(out, "show-broken", all->broken, "broken", false);
	put_choice(out, "show-drifted", all->drifted, "runs otherwise", false);
	put_choice(out, "show-overdue", all->overdue, "review overdue", false);
	put_choice(out, "show-soon", all->due_soon, "exception ends soon", false);
	put_choice(out, "show-changed", all->changed, "changed", false);
	text_puts(out, "</fieldset>\n");
}

static void put_marks(struct text *out, bool broken, bool drifted,
		      bool overdue, bool soon, bool changed)
{
	text_printf(out, "%s%s%s%s%s", broken ? " is-broken" : "",
		    drifted ? " is-drifted" : "",
		    overdue ? " is-overdue" : "", soon ? " is-soon" : "",
		    changed ? " is-changed" : "");
}

/* --- the table --- */

static void put_count(struct text *out, size_t count)
{
	if (count)
		text_printf(out, "%zu", count);
	else
		text_puts(out, "<span class=\"nil\">0</span>");
}

static void put_change(struct text *out, const char *class, const char *word,
		       size_t count)
{
	if (count)
		text_printf(out, "<span class=\"chip %s\">%s %zu</span>", class,
			    word, count);
}

static void put_changes(struct text *out, const struct environment_fact *f)
{
	text_puts(out, "<td>");
	put_change(out, "warn", "opens", f->opens);
	put_change(out, "warn", "moves", f->moves);
	put_change(out, "good", "narrows", f->narrows);
	put_change(out, "good", "closes", f->closes);
	text_puts(out, environment_has_changed(f) ? "</td>"
		  : "<span class=\"nil\">none</span></td>");
}

static void put_exceptions(struct text *out, const struct environment_fact *f)
{
	text_puts(out, "<td>");
	put_count(out, f->exceptions);
	if (f->due_soon)
		text_puts(out, " <span class=\"chip warn\">\xe2\x96\xb2 ends soon</span>");
	if (f->emergencies)
		text_printf(out, " <span class=\"chip warn\">\xe2\x96\xb2 %zu emergenc%s</span>",
			    f->emergencies, f->emergencies == 1 ? "y" : "ies");
	if (f->first_end) {
		text_puts(out, "<small>next on ");
		put_html(out, f->first_end);
		text_puts(out, "</small>");
	}
	text_puts(out, "</td>");
}

static void put_overdue(struct text *out, size_t overdue)
{
	text_puts(out, "<td>");
	if (overdue)
		text_printf(out, "<span class=\"chip warn\">\xe2\x96\xb2 %zu</span>",
			    overdue);
	else
		put_count(out, 0);
	text_puts(out, "</td>");
}

/* What captures of the account or its hosts say. */
static void put_running(struct text *out, const struct environment_fact *f)
{
	text_puts(out, "<td>");
	html_running_chip(out, f->running);
	if (*f->captured)
		html_element(out, "small", f->captured);
	text_puts(out, "</td>");
}

static void put_environment(struct text *out, const struct evidence *e,
			    uint32_t s)
{
	const struct ir_space *space = &e->ir->spaces[s];
	const struct environment_fact *f = &e->environments[s];

	text_puts(out, "<tr class=\"env");
	put_marks(out, f->broken, environment_has_drifted(f), f->overdue, f->due_soon,
		  environment_has_changed(f));
	text_printf(out, "\"><th scope=\"row\"><a href=\"report.html#matrix-%zu\">",
		    f->segment);
	put_html(out, e->ir->environments[space->environment]);
	text_puts(out, "</a><small>");
	put_html(out, space->account);
	text_puts(out, *space->account && *space->region ? " \xc2\xb7 " : "");
	put_html(out, space->region);
	text_puts(out, "</small>");
	if (*f->frozen_until)
		text_printf(out, "<small>frozen until %s</small>",
			    f->frozen_until);
	text_puts(out, "</th><td>");
	if (f->broken)
		text_printf(out, "<span class=\"chip bad\">\xc3\x97 %zu broken</span>",
			    f->broken);
	else if (e->summary.invariants)
		text_puts(out, "<span class=\"chip good\">\xe2\x9c\x93 holds</span>");
	else
		text_puts(out, "<span class=\"nil\">none stated</span>");
	text_puts(out, "</td>");
	if (e->since)
		put_changes(out, f);
	put_exceptions(out, f);
	if (e->ir->review_days)
		put_overdue(out, f->overdue);
	put_running(out, f);
	text_printf(out, "<td><code>%.16s</code></td></tr>\n",
		    *f->digest ? f->digest : "none");
}

static void put_customer(struct text *out, const struct evidence *e,
			 const struct customer_fact *c, bool named)
{
	const char *title = e->ir->customers[c->customer].title;

	text_puts(out, "<tbody id=\"");
	put_place(out, e, c);
	text_puts(out, "\" class=\"one");
	put_marks(out, c->broken, c->drifted, c->overdue, c->due_soon, c->changed);
	text_puts(out, "\">\n");
	if (named) {
		text_printf(out, "<tr class=\"who\"><th scope=\"rowgroup\" colspan=\"%d\">",
			    5 + (e->since != NULL) + (e->ir->review_days != 0));
		put_html(out, customer_name(e, c));
		text_puts(out, " <span>");
		put_html(out, title);
		text_puts(out, "</span></th></tr>\n");
	}
	for (uint32_t i = 0; i < c->count; i++)
		put_environment(out, e, c->first + i);
	text_puts(out, "</tbody>\n");
}

static void put_gone(struct text *out, const struct evidence *e)
{
	if (!e->gone_count)
		return;
	text_puts(out, "<p class=\"lead\">In the period these were taken out of the policy: ");
	for (size_t i = 0; i < e->gone_count; i++) {
		text_puts(out, i ? ", " : "");
		put_html(out, e->gone[i]);
	}
	text_puts(out, ".</p>\n");
}

static void put_environments(struct text *out, const struct evidence *e,
			     const struct tally *all)
{
	bool named = e->customer_count > 1 ||
		(e->customer_count &&
		 *e->ir->customers[e->customers[0].customer].name);

	html_begin(out, "environments", "Environments", 'C');
	text_puts(out, named
		  ? "<p class=\"lead\">By customer: first those with something broken, then what runs otherwise, then reviews overdue, then exceptions that end soon, then by name. "
		  : "<p class=\"lead\">");
	text_printf(out, "The name of an environment leads to its matrix. %s%sOutputs are told by the first digits of a SHA-256 over them; <a href=\"fleet.csv\">fleet.csv</a> has all of it, and more columns.</p>\n",
		    e->since ? "" : "No earlier revision was given (<code>--since</code>), so nothing is said of changes. ",
		    e->ir->review_days ? "" : "The policy asks for no reviews. ");
	if (e->customer_count > 1)
		put_names(out, e);
	put_choices(out, e, all);
	put_gone(out, e);
	text_printf(out, "<table class=\"fleet\"><caption class=\"unseen\">Environments by customer</caption><thead><tr><th scope=\"col\">Environment</th><th scope=\"col\">Invariants</th>%s<th scope=\"col\">Exceptions</th>%s<th scope=\"col\">Running state</th><th scope=\"col\">Outputs</th></tr></thead>\n",
		    e->since ? "<th scope=\"col\">Changes</th>" : "",
		    e->ir->review_days ? "<th scope=\"col\">Reviews overdue</th>"
				       : "");
	for (size_t i = 0; i < e->customer_count; i++)
		put_customer(out, e, &e->customers[i], named);
	text_puts(out, "</table>\n");
	html_end(out);
}

/* --- the bundle --- */

static void put_file(struct text *out, const char *path, const char *what)
{
	text_printf(out, "<tr><th scope=\"row\"><a href=\"%s\">%s</a></th><td>%s</td></tr>\n",
		    path, path, what);
}

static void put_bundle(struct text *out, const struct evidence *e)
{
	html_begin(out, "bundle", "What lies beside this page", 0);
	text_puts(out, "<table class=\"facts\"><caption class=\"unseen\">Files of the bundle</caption><tbody>\n");
	put_file(out, "report.html", "the report on all environments: those in which the same may talk to the same share a matrix and a picture in it");
	put_file(out, "report.md", "the same, shorter, as Markdown");
	put_file(out, "model.json", "every fact, for programs");
	put_file(out, "fleet.csv", "the table above, for spreadsheets");
	put_file(out, "rules.csv", "the register of rules");
	put_file(out, "freezes.csv", "the freezes that the policy states");
	put_file(out, "matrix.csv", "who may open what, environment by environment");
	if (e->since)
		put_file(out, "history.json", "the commits of the period; before/ has the sources at its start");
	if (e->capture_count)
		text_puts(out, "<tr><th scope=\"row\">captures/</th><td>what ran, as somebody captured it; proved in <a href=\"report.html#running\">report.html</a></td></tr>\n");
	put_file(out, "findings.sarif", "what was found, for code scanning");
	if (e->oscal)
		put_file(out, "oscal.json", "the invariants and what was found, as OSCAL assessment results");
	put_file(out, "MANIFEST.sha256", "a digest of every file: the one to sign");
	text_puts(out, "<tr><th scope=\"row\">sources/</th><td>the policy, of which <code>firebreak verify-bundle</code> makes all of this again</td></tr>\n"
		  "<tr><th scope=\"row\">outputs/</th><td>");
	text_puts(out, e->output_count
		  ? "by customer and environment, as <code>outputs/CUSTOMER/ENVIRONMENT/</code>: what was compiled and proved</td></tr>\n"
		  : "not there: nothing is handed out while something is wrong</td></tr>\n");
	text_puts(out, "</tbody></table>\n");
	html_end(out);
}

void evidence_index(struct text *out, const struct evidence *e)
{
	static const struct html_section sections[] = {
		{ "verdict",	  "Verdict" },
		{ "environments", "Environments" },
		{ "bundle",	  "Files" },
		{ "report.html",  "The report" },
	};
	struct tally all = tally_of(e);

	html_open(out, e, "Network segmentation evidence, by environment",
		  "index of environments", sections,
		  sizeof sections / sizeof *sections);
	put_verdict(out, e, &all);
	put_environments(out, e, &all);
	put_bundle(out, e);
	html_close(out, e);
}
