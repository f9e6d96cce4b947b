/* Exceptions, the register of rules, and what other parties are responsible for. */
#include "compiler/evidence/html.h"

#include "compiler/base/markup.h"

#include <string.h>

static const char *said(const struct ir_attribute *a)
{
	return a->value ? a->value : "";
}

void html_exceptions(struct text *out, const struct evidence *e)
{
	bool waives = false;

	html_begin(out, "exceptions", "Exceptions", 'D');
	if (!e->exception_count) {
		text_puts(out, "<p class=\"lead\">No rule in force expires or waives an invariant.</p>\n");
		html_end(out);
		return;
	}
	html_times(out, e);
	for (size_t i = 0; i < e->exception_count; i++)
		waives |= e->exceptions[i]->rule->waives.value != NULL;
	text_printf(out, "<table><caption class=\"unseen\">Exceptions</caption><thead><tr><th scope=\"col\">Rule</th><th scope=\"col\">What</th>%s<th scope=\"col\">Ticket</th><th scope=\"col\">Approved by</th><th scope=\"col\">Last day</th></tr></thead><tbody>\n",
		    waives ? "<th scope=\"col\">Waives</th>" : "");
	for (size_t i = 0; i < e->exception_count; i++) {
		const struct entry *entry = e->exceptions[i];

		text_puts(out, "<tr>");
		html_element(out, "th scope=\"row\"", entry->rule->name);
		text_puts(out, "<td>");
		html_element(out, "code", entry->statement);
		html_element(out, "small", said(&entry->rule->reason));
		text_puts(out, "</td>");
		if (waives)
			html_element(out, "td", said(&entry->rule->waives));
		html_element(out, "td class=\"keep\"", said(&entry->rule->ticket));
		html_element(out, "td", said(&entry->rule->approved_by));
		html_element(out, "td class=\"keep\"", said(&entry->rule->expires));
		text_puts(out, "</tr>\n");
	}
	text_puts(out, "</tbody></table>\n");
	html_end(out);
}

static void put_review(struct text *out, const struct entry *entry)
{
	text_puts(out, "<td class=\"keep\">");
	if (entry->age < 0) {
		text_puts(out, "never");
	} else {
		put_html(out, said(&entry->rule->reviewed));
		text_printf(out, "<small>%d day%s ago, ", entry->age,
			    entry->age == 1 ? "" : "s");
		put_html(out, said(&entry->rule->reviewed_by));
		text_puts(out, "</small>");
	}
	text_puts(out, "</td>");
}

static void put_entry(struct text *out, const struct evidence *e,
		      const struct entry *entry)
{
	const struct ir_rule *r = entry->rule;

	text_printf(out, "<tr%s>", !r->in_force ? " class=\"gone\""
				  : entry->overdue ? " class=\"late\"" : "");
	text_puts(out, "<th scope=\"row\">");
	put_html(out, r->name);
	html_element(out, "small", entry->where);
	text_puts(out, "</th><td>");
	html_element(out, "code", entry->statement);
	html_element(out, "small", said(&r->reason));
	text_puts(out, "</td>");
	html_element(out, "td", said(&r->owner));
	html_element(out, "td class=\"keep\"", said(&r->ticket));
	if (e->reviews)
		put_review(out, entry);
	text_puts(out, "<td class=\"keep\">");
	put_html(out, said(&r->expires));
	text_puts(out, r->in_force ? "</td>" : "<small>expired</small></td>");
	text_printf(out, "<td>%zu</td></tr>\n", entry->environments);
}

void html_rules(struct text *out, const struct evidence *e)
{
	html_begin(out, "rules", "Rule register", 'D');
	text_puts(out, "<p class=\"lead\">All rules, none left out: expired ones first, then overdue reviews, then by name. ");
	if (e->ir->review_days)
		text_printf(out, "The policy asks for a review every %u days.",
			    e->ir->review_days);
	else
		text_puts(out, "The policy asks for no review.");
	text_printf(out, "</p>\n<table><caption class=\"unseen\">Rules</caption><thead><tr><th scope=\"col\">Rule</th><th scope=\"col\">What and why</th><th scope=\"col\">Owner</th><th scope=\"col\">Ticket</th>%s<th scope=\"col\">Last day</th><th scope=\"col\">Envs</th></tr></thead><tbody>\n",
		    e->reviews ? "<th scope=\"col\">Reviewed</th>" : "");
	for (size_t i = 0; i < e->entry_count; i++)
		put_entry(out, e, &e->entries[i]);
	text_puts(out, "</tbody></table>\n");
	html_end(out);
}

/* The rules of PARTY (NULL: of those that name none). */
static void put_party(struct text *out, const struct evidence *e,
		      const char *party, const char *title)
{
	size_t count = 0;

	text_puts(out, "<tr>");
	html_element(out, "th scope=\"row\"", title);
	text_puts(out, "<td>");
	for (size_t i = 0; i < e->entry_count; i++) {
		const struct ir_rule *r = e->entries[i].rule;

		if (party ? !r->party.value || strcmp(r->party.value, party) != 0
			  : r->party.value != NULL)
			continue;
		text_puts(out, count++ ? ", " : "");
		put_html(out, r->name);
	}
	text_printf(out, "%s</td><td>%zu</td></tr>\n", count ? "" : "none",
		    count);
}

void html_parties(struct text *out, const struct evidence *e)
{
	html_begin(out, "parties", "Shared responsibility", 'D');
	text_puts(out, "<table><caption class=\"unseen\">Rules by responsible party</caption><thead><tr><th scope=\"col\">Answers for it</th><th scope=\"col\">Rules</th><th scope=\"col\">Count</th></tr></thead><tbody>\n");
	put_party(out, e, "provider", "the provider");
	put_party(out, e, "customer", "the customer");
	put_party(out, e, NULL, "not said");
	text_puts(out, "</tbody></table>\n");
	html_end(out);
}
