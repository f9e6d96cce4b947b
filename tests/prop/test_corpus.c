/*
 * The corpus: policies that other compilers got wrong, each through every
 * target.  What a file says of itself stands in its first lines:
 *
 *	#! refused P0301		the compiler takes it with no output at all
 *	#! cannot terraform P0502	a target says why it cannot
 *	#! unlike other.fbk		the outputs of that policy do not pass for
 *					this one's
 *	#! as of 2026-11-23		the day
 *
 * Everything else has to compile, meet its expectations and invariants, be read
 * back and proved, and do packet by packet what two naive evaluators say: one
 * of the policy, one of the emitted text.  In the opposite order of statements
 * it gives the same bytes.
 */
#include "backends/backend.h"
#include "compiler/base/addr.h"
#include "compiler/base/text.h"
#include "compiler/verify.h"
#include "tests/lib/aws_eval.h"
#include "tests/lib/fixture.h"
#include "tests/lib/naive.h"
#include "tests/lib/nft_eval.h"
#include "tests/lib/policy.h"
#include "tests/lib/sample.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FOLDER "tests/corpus"

enum { PACKETS = 30 };	/* near each box of an expectation */

struct entry {
	struct arena *arena;
	const char *name, *text;
	const char *day, *unlike;
	const char *refused;		/* a code */
	const char *cannot, *cannot_code;	/* a target, and why */
};

static const char *read_file(struct arena *arena, const char *name)
{
	const char *path = arena_printf(arena, FOLDER "/%s", name);
	FILE *file = fopen(path, "rb");
	struct text text = TEXT_IN(arena);
	char part[4096];
	size_t n;

	if (!file)
		fail_msg("%s cannot be read", path);
	while ((n = fread(part, 1, sizeof part, file)) > 0)
		text_add(&text, part, n);
	fclose(file);
	return text_string(&text);
}

/* The rest of the line that begins with HEAD, or NULL. */
static const char *said(struct arena *arena, const char *text,
			const char *head)
{
	const char *at = strstr(text, arena_printf(arena, "#! %s ", head));

	if (!at)
		return NULL;
	at += strlen(head) + 4;
	return arena_copy(arena, at, strcspn(at, "\n"));
}

static struct entry entry_of(struct arena *arena, const char *name)
{
	struct entry e = { .arena = arena, .name = name,
			   .text = read_file(arena, name) };
	const char *cannot = said(arena, e.text, "cannot");

	e.refused = said(arena, e.text, "refused");
	e.unlike = said(arena, e.text, "unlike");
	e.day = said(arena, e.text, "as of");
	if (!e.day)
		e.day = "2026-11-23";
	if (cannot) {
		size_t len = strcspn(cannot, " ");

		e.cannot = arena_copy(arena, cannot, len);
		e.cannot_code = cannot + len + 1;
	}
	return e;
}

static bool has_code(struct diags *diags, const char *code)
{
	size_t count;
	const struct fb_diag *all = diag_list(diags, &count);

	for (size_t i = 0; i < count; i++)
		if (strcmp(all[i].code, code) == 0)
			return true;
	return false;
}

/* One environment of an entry's policy. */
struct place {
	const struct entry *entry;
	struct policy *policy;
	uint32_t space;
	const char *customer, *environment;
	struct meaning meaning;
	struct job job;
};

static struct place place_of(const struct entry *e, struct policy *p,
			     uint32_t space)
{
	const struct ir_space *s = &p->ir->spaces[space];
	struct place at = { .entry = e, .policy = p, .space = space,
			    .customer = p->ir->customers[s->customer].name,
			    .environment = p->ir->environments[s->environment],
			    .meaning = meaning_of(e->arena, p->ir, s) };

	return at;
}

static bool emit(struct place *p, const struct backend *b,
		 struct artefacts *out)
{
	p->job = (struct job){ p->entry->arena, &p->policy->diags,
			       p->policy->ir, &p->meaning };
	return b->emit(&p->job, out);
}

/* --- packet by packet --- */

static const char *layer_at(const struct place *p, enum family family,
			    u128 address)
{
	const struct ir *ir = p->policy->ir;

	for (size_t i = 0; i < ir->layer_count; i++)
		if (naive_is_in(p->policy->ast, p->customer, p->environment,
				ir->layers[i].name, family, address))
			return ir->layers[i].name;
	return NULL;
}

static void differs(const struct place *p, const char *what,
		    const struct packet *packet, bool is)
{
	fail_msg("%s, %s: %s: %s %s", p->entry->name, p->environment, what,
		 packet_text(p->entry->arena, packet),
		 is ? "passes and must not" : "does not pass and must");
}

static const struct artefact *file_of(const struct artefacts *made,
				      const char *path)
{
	for (size_t i = 0; i < made->count; i++)
		if (strcmp(made->at[i].path, path) == 0)
			return &made->at[i];
	return NULL;
}

/* The host of LAYER, by the text of its ruleset. */
static void ask_host(struct place *p, const struct artefacts *made,
		     const char *layer, bool input,
		     const struct packet *packet, bool should)
{
	struct arena *arena = arena_child(p->entry->arena);
	const struct artefact *a = file_of(made,
		arena_printf(arena, "nft/%s.nft", layer));
	struct nft_sight sight = { .hook = input ? "input" : "output",
				   .state = "new",
				   .hop_limit = 64, .source_port = 40000,
				   .packet = *packet };
	const struct nft_eval *eval;

	if (!a)
		fail_msg("%s: no ruleset of %s", p->entry->name, layer);
	eval = nft_eval_read(arena, arena_copy(arena, a->bytes, a->len));
	if (!eval)
		fail_msg("%s: %s is not understood", p->entry->name, a->path);
	if (nft_eval_accepts(eval, &sight) != should)
		differs(p, a->path, packet, !should);
	arena_free(arena);
}

static void ask_hosts(struct place *p, const struct artefacts *made,
		      const struct packet *packet, bool should)
{
	const char *from = layer_at(p, packet->family, packet->src);
	const char *to = layer_at(p, packet->family, packet->dst);

	if (is_opaque(packet->family, packet->src) ||
	    is_opaque(packet->family, packet->dst))
		return;		/* no host meets a name */
	if (from)
		ask_host(p, made, from, false, packet, should);
	if (to)
		ask_host(p, made, to, true, packet, should);
}

static void ask_groups(struct place *p, const struct artefacts *made,
		       const struct packet *packet, bool should)
{
	const struct artefact *a = file_of(made, "aws.tf.json");
	const char *from = layer_at(p, packet->family, packet->src);
	const char *to = layer_at(p, packet->family, packet->dst);
	const struct aws_eval *eval;
	bool passes;

	if (!a || (!from && !to))
		return;
	eval = aws_eval_read(p->entry->arena, a->bytes, a->len,
			     p->policy->ast, p->customer, p->environment);
	if (!eval)
		fail_msg("%s: %s is not understood", p->entry->name, a->path);
	passes = aws_eval_composed(eval, packet);
	if (passes == should)
		return;
	/* beyond the policy only where nobody is */
	if (should || (from && to) ||
	    !naive_is_undeclared(p->policy->ast, p->customer, p->environment,
				 packet->family,
				 from ? packet->dst : packet->src))
		differs(p, a->path, packet, passes);
}

struct counts {
	unsigned files, refused, packets;
};

static void ask_packet(struct place *p, const struct artefacts *made,
		       const struct packet *packet, struct counts *counts)
{
	bool should = naive_allows(p->policy->ast, p->customer, p->environment,
				   packet, p->policy->as_of);
	bool means = false;

	for (size_t i = 0; i < p->meaning.permitted[packet->family].count; i++)
		means |= box_has(&p->meaning.permitted[packet->family].at[i],
				 packet);
	if (means != should)
		differs(p, "meaning", packet, means);
	if (made->count && file_of(made, "aws.tf.json"))
		ask_groups(p, made, packet, should);
	else if (made->count && strncmp(made->at[0].path, "nft/", 4) == 0)
		ask_hosts(p, made, packet, should);
	counts->packets++;
}

/* Packets in, at the edge of, and around what the policy expects. */
static void ask_packets(struct place *p, const struct artefacts *made,
			struct counts *counts)
{
	struct dice dice = dice_of(p->space + 1);

	for (size_t i = 0; i < p->policy->ir->expect_count; i++) {
		const struct ir_invariant *e = &p->policy->ir->expects[i];

		for (size_t k = 0; k < e->box_count; k++) {
			const struct ir_claim_box *b = &e->boxes[k];
			struct box box = { b->src, b->dst, b->svc };
			struct boxes one = { &box, 1, 1 };

			if (b->space != p->space)
				continue;
			for (unsigned n = 0; n < PACKETS; n++) {
				struct packet packet = sampler_near(
					&dice, b->family, &one);

				ask_packet(p, made, &packet, counts);
			}
		}
	}
}

/* --- set by set --- */

/* Do the files MADE, read back, pass for the policy of P? */
static bool are_proved(struct place *p, const struct backend *b,
		       const struct artefacts *made)
{
	struct sides sides = { 0 };
	struct difference d;

	for (size_t i = 0; i < made->count; i++) {
		const struct artefact *a = &made->at[i];
		struct identity id;
		const void *model = b->read(p->entry->arena,
					    &p->policy->diags, a->path,
					    a->bytes, a->len, &id);

		if (!model || !b->denote(&p->job, model, &sides))
			return false;
	}
	return prove_bounds(p->entry->arena, &sides, &d);
}

/* What Terraform cannot say of security groups no other form of them can. */
static bool cannot_be(const struct entry *e, const struct backend *b)
{
	const char *name = b == &backend_ec2 || b == &backend_cloudformation ?
			   backend_terraform.name : b->name;

	return e->cannot && (strcmp(e->cannot, name) == 0 ||
			     strcmp(e->cannot, b->name) == 0);
}

static void check_target(struct place *p, const struct backend *b,
			 struct counts *counts)
{
	const struct entry *e = p->entry;
	bool cannot = cannot_be(e, b);
	struct artefacts made = { 0 };

	if (!emit(p, b, &made)) {
		if (!cannot)
			fail_msg("%s: %s cannot say it: %s", e->name, b->name,
				 policy_messages(p->policy));
		assert_true(has_code(&p->policy->diags, e->cannot_code));
		assert_int_equal(made.count, 0);
		p->policy->diags.all.count = 0;
		return;
	}
	if (cannot)
		fail_msg("%s: %s says it", e->name, b->name);
	for (size_t i = 0; i < made.count; i++)
		if (strstr(arena_copy(e->arena, made.at[i].bytes,
				      made.at[i].len), "prefix-list/"))
			fail_msg("%s: %s has a class for an address", e->name,
				 made.at[i].path);
	if (!are_proved(p, b, &made))
		fail_msg("%s: %s: not proved", e->name, b->name);
	if (!b->forbids)		/* unit/test_scopes asks these */
		ask_packets(p, &made, counts);
}

/* The outputs of another policy are no outputs of this one. */
static void check_unlike(struct policy *p, const struct entry *e)
{
	struct entry other = entry_of(e->arena, e->unlike);
	struct policy theirs;
	bool same = true;

	assert_true(policy_of_text(&theirs, e->arena, other.text, e->day));
	for (size_t t = 0; backends[t]; t++) {
		struct place here = place_of(e, p, 0);
		struct place there = place_of(&other, &theirs, 0);
		struct artefacts made = { 0 };

		if (backends[t]->forbids)	/* of both the invariants may be the same */
			continue;
		here.job = (struct job){ e->arena, &p->diags, p->ir,
					 &here.meaning };
		assert_true(emit(&there, backends[t], &made));
		same = are_proved(&here, backends[t], &made);
		if (same)
			fail_msg("%s: the %s files of %s pass for it", e->name,
				 backends[t]->name, e->unlike);
	}
}

/* --- order --- */

/* The statements of the file, the last one first. */
static const char *backwards(const struct entry *e, const struct policy *p)
{
	LIST(const struct ast_node *) nodes = { 0 };
	struct text out = TEXT_IN(e->arena);
	const struct source *source = p->sources.files.at[0];

	for (const struct ast_node *n = p->ast->files.at[0]->nodes; n;
	     n = n->next)
		*LIST_PUSH(e->arena, &nodes) = n;
	for (size_t i = nodes.count; i--;) {
		struct span s = nodes.at[i]->span;

		text_add(&out, source->text + (s.lo - source->base),
			 s.hi - s.lo);
		text_putc(&out, '\n');
	}
	return text_string(&out);
}

static const char *bytes_of(const struct entry *e, const char *text)
{
	struct text out = TEXT_IN(e->arena);
	struct policy p;

	if (!policy_of_text(&p, e->arena, text, e->day))
		fail_msg("%s backwards: %s", e->name, policy_messages(&p));
	for (uint32_t s = 0; s < p.ir->space_count; s++)
		for (size_t t = 0; backends[t]; t++) {
			struct place at = place_of(e, &p, s);
			struct artefacts made = { 0 };

			text_printf(&out, "== %s\n", emit(&at, backends[t], &made)
				    ? backends[t]->name : "refused");
			for (size_t i = 0; i < made.count; i++)
				text_add(&out, made.at[i].bytes,
					 made.at[i].len);
		}
	return text_string(&out);
}

/* --- an entry --- */

static void check_entry(const struct entry *e, struct counts *counts)
{
	struct policy p;
	bool fine = policy_of_text(&p, e->arena, e->text, e->day);

	counts->files++;
	if (e->refused) {
		if (fine || !has_code(&p.diags, e->refused))
			fail_msg("%s is not refused with %s: %s", e->name,
				 e->refused, policy_messages(&p));
		counts->refused++;
		return;
	}
	if (!fine)
		fail_msg("%s: %s", e->name, policy_messages(&p));
	if (verify_policy(e->arena, &p.diags, p.ir) ||
	    verify_expects(e->arena, &p.diags, p.ir))
		fail_msg("%s: %s", e->name, policy_messages(&p));
	if (!p.ir->expect_count)
		fail_msg("%s expects nothing", e->name);
	for (uint32_t s = 0; s < p.ir->space_count; s++)
		for (size_t t = 0; backends[t]; t++) {
			struct place at = place_of(e, &p, s);

			check_target(&at, backends[t], counts);
		}
	if (e->unlike)
		check_unlike(&p, e);
	assert_string_equal(bytes_of(e, e->text),
			    bytes_of(e, backwards(e, &p)));
}

static int by_name(const void *x, const void *y)
{
	return strcmp(*(const char *const *)x, *(const char *const *)y);
}

static void every_policy_of_the_corpus_does_as_it_says(void **state)
{
	LIST(const char *) names = { 0 };
	struct counts counts = { 0 };
	DIR *folder = opendir(FOLDER);
	const struct dirent *d;

	if (!folder)
		fail_msg(FOLDER " is not here");
	while ((d = readdir(folder)))
		if (strlen(d->d_name) > 4 &&
		    strcmp(d->d_name + strlen(d->d_name) - 4, ".fbk") == 0)
			*LIST_PUSH(*state, &names) = arena_copy(
				*state, d->d_name, strlen(d->d_name));
	closedir(folder);
	assert_true(names.count > 30);
	qsort(names.at, names.count, sizeof *names.at, by_name);
	for (size_t i = 0; i < names.count; i++) {
		struct arena *arena = arena_child(*state);
		struct entry e = entry_of(arena, names.at[i]);

		check_entry(&e, &counts);
		arena_free(arena);
	}
	print_message("%u policies, %u of them refused; %u packets asked\n",
		      counts.files, counts.refused, counts.packets);
	assert_true(counts.packets > 5000);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(every_policy_of_the_corpus_does_as_it_says),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
