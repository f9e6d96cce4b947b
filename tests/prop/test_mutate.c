/*
 * Does the proof find every change of an output?
 *
 *	test_mutate				a sample of all, for `make check`
 *	test_mutate FILE-OR-DIRECTORY...	every mutant of these policies
 *	test_mutate --captures EVERY POLICY DAY DIRECTORY
 *
 * The last one is about what `nft -j list ruleset` printed of what a policy
 * became, DIRECTORY/customer.environment.layer.json: each one has to mean what
 * the text means, and one in EVERY of its mutants is tried.
 *
 * Each emitted file is changed in one place at a time.  The reader refuses the
 * mutant, or the proof finds a packet, which a naive evaluator of the file then
 * confirms; or the mutant is said to be equal, and the naive evaluator must
 * find no packet that it treats otherwise.  Whatever is neither is missed.
 */
#include "backends/backend.h"
#include "compiler/base/addr.h"
#include "compiler/base/text.h"
#include "compiler/prove.h"
#include "tests/lib/aws_eval.h"
#include "tests/lib/dice.h"
#include "tests/lib/gen.h"
#include "tests/lib/mutate.h"
#include "tests/lib/naive.h"
#include "tests/lib/nft_eval.h"
#include "tests/lib/nft_json.h"
#include "tests/lib/policy.h"
#include "tests/lib/sample.h"
#include "tests/lib/shown.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Primes, so that no kind of mutant is always skipped; sanitizers are slow. */
#ifdef __SANITIZE_ADDRESS__
enum { SAMPLE_EVERY = 5003, CAPTURED_EVERY = 503 };
#else
enum { SAMPLE_EVERY = 1009, CAPTURED_EVERY = 101 };
#endif

enum {
	GENERATED = 24,
	STATES_RARER = 11,	/* a state is large, and has a mutant for each of its words */
	STATES_EVERY = 211,	/* where everything else is tried */
	EQUAL_PACKETS = 24,	/* a side of a mutant that is said to be equal */
	OTHER_PACKETS = 2,	/* of one that was found */
	TOLD_MOST = 10,
};

/*
 * alarms: called different though nothing is, because the ruleset tells more
 * contexts apart than the original does.  Too careful, and no danger.
 */
struct tally {
	unsigned refused, found, equal, alarms, missed;
};

/* An output file and what its mutants are held against. */
struct original {
	struct policy *policy;
	const char *customer, *environment;
	const struct backend *backend;
	const char *path, *bytes;
	size_t len;
	bool captured;		/* JSON of nft, which does not say whose it is */
	bool shown;		/* a state of Terraform's, of which a part is ours */
	struct meaning *meaning;
	struct arena *arena;
	struct identity identity;
	struct sides sides;
	struct dice dice;
	struct tally *tally;
};

/* A file, original or not, as its naive evaluator sees it. */
struct looked_at {
	const struct nft_eval *nft;
	const struct aws_eval *aws;
};

static bool is_nft(const struct original *o)
{
	return o->backend == &backend_nft;
}

static bool look_at(const struct original *o, struct arena *arena,
		    const char *bytes, size_t len, struct looked_at *out)
{
	const char *text;

	*out = (struct looked_at){ 0 };
	if (o->captured) {
		text = nft_json_text(arena, bytes, len, *o->identity.layer
				     ? "firebreak" : "firebreak_gateway");
		out->nft = text ? nft_eval_read(arena, text) : NULL;
	} else if (is_nft(o))
		out->nft = nft_eval_read(arena, arena_copy(arena, bytes, len));
	else
		out->aws = aws_eval_read(arena, bytes, len, o->policy->ast,
					 o->customer, o->environment);
	return out->nft || out->aws;
}

/* --- what a side speaks of, from its label --- */

static const char *words_behind(const char *label, const char *words)
{
	const char *at = strstr(label, words);

	return at ? at + strlen(words) : NULL;
}

static unsigned number_behind(const char *label, const char *words)
{
	const char *at = words_behind(label, words);

	return at ? (unsigned)atoi(at) : 0;
}

/* "edge: input, new or untracked packets on loopback, source port 67" */
static struct nft_sight sight_of(const char *label, struct packet packet)
{
	static const char *const states[] = { "new", "established", "related",
					      "invalid", "untracked" };
	const char *at = words_behind(label, ": ");
	struct nft_sight s = {
		.hook = strstr(label, ": input,") ? "input"
			: strstr(label, ": output,") ? "output"
			: strstr(label, ": forward,") ? "forward" : "postrouting",
		.loopback = strstr(label, "on loopback") != NULL,
		.ipsec = strstr(label, "through IPsec") != NULL,
		.state = "new",
		.hop_limit = number_behind(label, "hop limit "),
		.source_port = number_behind(label, "source port "),
		.packet = packet,
	};

	at = at ? words_behind(at, ", ") : NULL;
	for (size_t i = 0; at && i < sizeof states / sizeof *states; i++)
		if (strncmp(at, states[i], strlen(states[i])) == 0)
			s.state = states[i];
	return s;
}

/* "composed, IPv4" or "data: ingress, IPv6" */
static bool groups_admit(struct arena *arena, const struct aws_eval *eval,
			 const char *label, const struct packet *packet)
{
	const char *layer = arena_copy(arena, label, strcspn(label, ":"));

	if (strncmp(label, "composed", 8) == 0)
		return aws_eval_composed(eval, packet);
	return aws_eval_group(eval, layer, strstr(label, ": ingress"), packet);
}

/* "192.0.2.1", "192.0.2.0/31" or "192.0.2.1-192.0.2.3", as a range. */
static bool is_range(const char *text, struct range range)
{
	const char *dash = strchr(text, '-');
	struct prefix low, high;

	if (prefix_read(text, strcspn(text, "-"), &low) != PREFIX_OK)
		return false;
	high = low;
	if (dash && prefix_read(dash + 1, strlen(dash + 1), &high) != PREFIX_OK)
		return false;
	return prefix_range(low).lo == range.lo &&
	       prefix_range(high).hi == range.hi;
}

/*
 * "gateway: source NAT", to addresses of the environment's own, or, where they
 * are none, "gateway: source NAT to 192.0.2.1".
 */
static bool translates(const struct nft_eval *eval,
		       const struct nft_sight *sight, const char *label)
{
	const char *to = words_behind(label, "source NAT to ");
	struct range found;

	return nft_eval_translates(eval, sight, &found) &&
	       (!to || is_range(to, found));
}

static bool admits(struct arena *arena, const struct looked_at *file,
		   const char *label, const struct packet *packet)
{
	struct nft_sight sight;

	if (file->aws)
		return groups_admit(arena, file->aws, label, packet);
	sight = sight_of(label, *packet);
	if (words_behind(label, ": source NAT"))
		return translates(file->nft, &sight, label);
	return nft_eval_accepts(file->nft, &sight);
}

/* --- one mutant --- */

struct mutant {
	const struct original *of;
	struct arena *arena;
	const char *what;
	struct looked_at before, after;
	struct sides sides;
};

static void missed(struct mutant *m, const char *why, const char *label,
		   const struct packet *packet)
{
	struct tally *tally = m->of->tally;

	if (tally->missed++ >= TOLD_MOST)
		return;
	printf("MISSED: %s of %s.%s: %s\n\t%s", m->of->path, m->of->customer,
	       m->of->environment, m->what, why);
	if (packet)
		printf(": %s: %s", label, packet_text(m->arena, packet));
	printf("\n");
}

static bool have(const struct boxes *boxes, const struct packet *packet)
{
	for (size_t i = 0; i < boxes->count; i++)
		if (box_has(&boxes->at[i], packet))
			return true;
	return false;
}

static bool policy_allows(const struct original *o, const struct packet *p)
{
	return naive_allows(o->policy->ast, o->customer, o->environment, p,
			    o->policy->as_of);
}

/*
 * Is the difference one?  The mutant treats the packet as was said, and other
 * than the original does; or, where security groups now let out what they did
 * not, than the policy wants.
 */
static bool is_confirmed(struct mutant *m, const struct difference *d)
{
	bool extra = d->kind == DIFFERENCE_EXTRA;

	if (admits(m->arena, &m->after, d->label, &d->packet) != extra)
		return false;
	return admits(m->arena, &m->before, d->label, &d->packet) != extra ||
	       (!is_nft(m->of) && policy_allows(m->of, &d->packet) != extra);
}

/*
 * Packets at the borders of the mutant's side and of the original's.  False,
 * and told, when the two evaluators of the mutant disagree, or, EQUAL, when
 * mutant and original do.
 */
static bool try_packets(struct mutant *m, const struct side *side,
			const struct side *twin, unsigned count, bool equal)
{
	struct dice *dice = (struct dice *)&m->of->dice;

	for (unsigned i = 0; i < count; i++) {
		const struct side *near = i % 2 && twin ? twin : side;
		struct packet p;
		bool after;

		if (!near->admitted.count)
			continue;
		p = sampler_near(dice, side->family, &near->admitted);
		after = admits(m->arena, &m->after, side->label, &p);
		if (have(&side->admitted, &p) != after) {
			missed(m, "the model and the naive evaluator differ",
			       side->label, &p);
			return false;
		}
		if (equal &&
		    admits(m->arena, &m->before, side->label, &p) != after) {
			missed(m, "said to be equal", side->label, &p);
			return false;
		}
	}
	return true;
}

static bool try_sides(struct mutant *m, unsigned count, bool equal)
{
	const struct sides *old = &m->of->sides;

	for (size_t i = 0; i < m->sides.count; i++) {
		const struct side *twin = i < old->count ? &old->at[i] : NULL;

		if (twin && twin->family != m->sides.at[i].family)
			twin = NULL;
		if (!try_packets(m, &m->sides.at[i], twin, count, equal))
			return false;
	}
	return true;
}

/* Has the original no side of the difference's label at all? */
static bool is_alarm(const struct mutant *m, const struct difference *d)
{
	for (size_t i = 0; i < m->of->sides.count; i++)
		if (strcmp(m->of->sides.at[i].label, d->label) == 0)
			return false;
	return is_nft(m->of);
}

static void judge(struct mutant *m)
{
	struct tally *tally = m->of->tally;
	struct difference d;

	if (!prove_bounds(m->arena, &m->sides, &d) ||
	    !prove_same(m->arena, &m->sides, &m->of->sides, &d)) {
		if (!is_confirmed(m, &d) && is_alarm(m, &d))
			tally->alarms += try_sides(m, EQUAL_PACKETS, false);
		else if (!is_confirmed(m, &d))
			missed(m, "a packet that is no difference", d.label,
			       &d.packet);
		else if (try_sides(m, OTHER_PACKETS, false))
			tally->found++;
	} else if (try_sides(m, EQUAL_PACKETS, true)) {
		tally->equal++;
	}
}

static bool is_same_place(const struct identity *a, const struct identity *b)
{
	return strcmp(a->policy, b->policy) == 0 &&
	       strcmp(a->customer, b->customer) == 0 &&
	       strcmp(a->environment, b->environment) == 0 &&
	       strcmp(a->layer, b->layer) == 0;
}

/* The part of MODEL that is of the original's environment; NULL: none is clear. */
static const void *claimed(const struct original *o, struct arena *arena,
			   struct diags *diags, const void *model)
{
	struct claims claims = { 0 };

	if (!model || !o->shown)
		return model;
	o->backend->claim(arena, diags, o->policy->ir, o->path, model, &claims);
	for (size_t i = 0; i < claims.count; i++)
		if (claims.at[i].space == o->meaning->space)
			return claims.at[i].model;
	return NULL;
}

/* Read and denoted; false when the backend refuses to. */
static bool denote(struct mutant *m, const char *bytes, size_t len)
{
	const struct original *o = m->of;
	struct diags diags = { .arena = m->arena };
	struct job job = { m->arena, &diags, o->policy->ir, o->meaning };
	struct identity id;
	const void *model;

	if (!o->backend->recognise(bytes, len))
		return false;
	id = o->identity;
	model = o->captured
		? o->backend->read_as(m->arena, &diags, o->path, bytes, len, &id)
		: o->backend->read(m->arena, &diags, o->path, bytes, len, &id);
	model = claimed(o, m->arena, &diags, model);
	return model && (o->shown || is_same_place(&id, &o->identity)) &&
	       o->backend->denote(&job, model, &m->sides);
}

static void show(void *context, const char *what, const char *bytes, size_t len)
{
	struct original *o = context;
	struct mutant m = { .of = o, .arena = arena_child(o->arena),
			    .what = what };

	if (!denote(&m, bytes, len))
		o->tally->refused++;
	else if (!look_at(o, m.arena, o->bytes, o->len, &m.before) ||
		 !look_at(o, m.arena, bytes, len, &m.after))
		missed(&m, "the naive evaluator cannot read it", NULL, NULL);
	else
		judge(&m);
	arena_free(m.arena);
}

/* --- files, environments, policies --- */

struct run {
	struct tally tally;
	unsigned every, made, policies, captures;
};

static void mutate_artefact(struct run *run, struct original *o)
{
	struct mutation mutation = { .arena = o->arena, .every = run->every,
				     .made = run->made, .show = show,
				     .context = o };
	struct diags diags = { .arena = o->arena };
	struct job job = { o->arena, &diags, o->policy->ir, o->meaning };
	const void *model = claimed(o, o->arena, &diags, o->backend->read(
		o->arena, &diags, o->path, o->bytes, o->len, &o->identity));

	if (!model || !o->backend->denote(&job, model, &o->sides)) {
		printf("MISSED: %s cannot be read back\n", o->path);
		run->tally.missed++;
		return;
	}
	if (is_nft(o))
		mutate_nft(&mutation, o->bytes);
	else if (o->backend == &backend_cloudformation)
		mutate_cloudformation(&mutation, o->bytes, o->len);
	else if (o->backend == &backend_ec2)
		mutate_ec2(&mutation, o->bytes, o->len);
	else if (o->shown)
		mutate_shown(&mutation, o->bytes, o->len);
	else
		mutate_terraform(&mutation, o->bytes, o->len);
	run->made = mutation.made;
}

/* What Terraform would show of the file O when it was applied, and read again. */
static void mutate_state(struct run *run, const struct original *file)
{
	struct original o = *file;

	unsigned every = run->every;

	o.shown = true;
	o.path = arena_printf(o.arena, "%s, shown", file->path);
	o.bytes = shown_state(o.arena, file->bytes, true);
	o.len = strlen(o.bytes);
	o.sides = (struct sides){ 0 };
	run->every = every > 1 ? every * STATES_RARER : STATES_EVERY;
	mutate_artefact(run, &o);
	run->every = every;
}

static void mutate_space(struct run *run, struct policy *policy, size_t space)
{
	const struct ir_space *is = &policy->ir->spaces[space];
	struct arena *arena = arena_child(policy->arena);
	struct meaning meaning = meaning_of(arena, policy->ir, is);

	for (size_t t = 0; backends[t]; t++) {
		struct diags diags = { .arena = arena };
		struct job job = { arena, &diags, policy->ir, &meaning };
		struct artefacts made = { 0 };

		/* scopes have their own mutants: unit/test_scope_slips */
		if (backends[t]->forbids ||
		    !backends[t]->emit(&job, &made))
			continue;
		for (size_t i = 0; i < made.count; i++) {
			struct original o = {
				.policy = policy,
				.customer = policy->ir->customers[is->customer].name,
				.environment = policy->ir->environments[is->environment],
				.backend = backends[t],
				.path = made.at[i].path,
				.bytes = made.at[i].bytes,
				.len = made.at[i].len,
				.meaning = &meaning,
				.arena = arena_child(arena),
				.dice = dice_of(space),
				.tally = &run->tally,
			};

			mutate_artefact(run, &o);
			if (backends[t] == &backend_terraform)
				mutate_state(run, &o);
			arena_free(o.arena);
		}
	}
	arena_free(arena);
}

static void mutate_policy(struct run *run, struct policy *policy)
{
	run->policies++;
	for (size_t i = 0; i < policy->ir->space_count; i++)
		mutate_space(run, policy, i);
}

/* A file, or a directory with a main.fbk. */
static bool read_policy(struct policy *policy, struct arena *arena,
			const char *path, const char *day)
{
	struct stat st;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		path = arena_printf(arena, "%s/main.fbk", path);
	return policy_of_file(policy, arena, path, day);
}

static bool mutate_file(struct run *run, const char *path)
{
	struct arena *arena = arena_new(0);
	struct policy policy;
	bool good = read_policy(&policy, arena, path, GEN_DAY);

	if (good)
		mutate_policy(run, &policy);
	else
		fprintf(stderr, "%s", policy_messages(&policy));
	arena_free(arena);
	return good;
}

static void mutate_generated(struct run *run)
{
	for (unsigned seed = 1; seed <= GENERATED; seed++) {
		struct arena *arena = arena_new(0);
		struct policy policy;
		const char *text = gen_text(arena, gen_policy(arena, seed,
							      GEN_PLAIN), 0);

		if (policy_of_text(&policy, arena, text, GEN_DAY))
			mutate_policy(run, &policy);
		arena_free(arena);
	}
}

/* --- captures --- */

/* What DIRECTORY has of one part, as `name` says; NULL: nothing. */
static const char *capture_of(struct arena *arena, const char *directory,
			      const char *name, size_t *len)
{
	FILE *file = fopen(arena_printf(arena, "%s/%s.json", directory, name),
			   "rb");
	struct text text = TEXT_IN(arena);
	char some[4096];
	size_t n;

	if (!file)
		return NULL;
	while ((n = fread(some, 1, sizeof some, file)) > 0)
		text_add(&text, some, n);
	(void)fclose(file);
	*len = text.len;
	return text_string(&text);
}

/* The capture means what the text O means; then it takes its place. */
static bool take_capture(struct original *o, const char *bytes, size_t len)
{
	struct diags diags = { .arena = o->arena };
	struct job job = { o->arena, &diags, o->policy->ir, o->meaning };
	struct sides text = { 0 };
	struct difference d;
	const void *model = o->backend->read(o->arena, &diags, o->path, o->bytes,
					     o->len, &o->identity);

	if (!model || !o->backend->denote(&job, model, &text))
		return false;
	model = o->backend->read_as(o->arena, &diags, o->path, bytes, len,
				    &o->identity);
	if (!model || !o->backend->denote(&job, model, &o->sides))
		return false;
	o->captured = true;
	o->bytes = bytes;
	o->len = len;
	return prove_same(o->arena, &o->sides, &text, &d) &&
	       prove_bounds(o->arena, &o->sides, &d);
}

static void mutate_capture(struct run *run, struct original *o,
			   const char *directory, const char *space)
{
	struct mutation mutation = { .arena = o->arena, .every = run->every,
				     .made = run->made, .show = show,
				     .context = o };
	const char *stem = strrchr(o->path, '/') + 1, *bytes;
	size_t len;

	bytes = capture_of(o->arena, directory,
			   arena_printf(o->arena, "%s.%.*s", space,
					(int)(strlen(stem) - 4), stem), &len);
	if (!bytes)
		return;
	run->captures++;
	if (take_capture(o, bytes, len)) {
		mutate_nft_json(&mutation, bytes, len);
	} else {
		printf("MISSED: the capture of %s.%s is not equal to the text\n",
		       space, stem);
		run->tally.missed++;
	}
	run->made = mutation.made;
}

static void mutate_captures_of(struct run *run, struct policy *policy,
			       size_t space, const char *directory)
{
	const struct ir_space *is = &policy->ir->spaces[space];
	struct arena *arena = arena_child(policy->arena);
	struct meaning meaning = meaning_of(arena, policy->ir, is);
	struct diags diags = { .arena = arena };
	struct job job = { arena, &diags, policy->ir, &meaning };
	struct artefacts made = { 0 };

	(void)backend_nft.emit(&job, &made);
	for (size_t i = 0; i < made.count; i++) {
		struct original o = {
			.policy = policy,
			.customer = policy->ir->customers[is->customer].name,
			.environment = policy->ir->environments[is->environment],
			.backend = &backend_nft,
			.path = made.at[i].path,
			.bytes = made.at[i].bytes,
			.len = made.at[i].len,
			.meaning = &meaning,
			.arena = arena_child(arena),
			.dice = dice_of(space),
			.tally = &run->tally,
		};

		mutate_capture(run, &o, directory,
			       ir_space_name(arena, policy->ir, is));
		arena_free(o.arena);
	}
	arena_free(arena);
}

/* False when there is no capture at all: nothing was tried. */
static bool mutate_captures(struct run *run, const char *path,
			    const char *day, const char *directory)
{
	struct arena *arena = arena_new(0);
	struct policy policy;
	bool good = read_policy(&policy, arena, path, day);
	unsigned before = run->captures;

	for (size_t i = 0; good && i < policy.ir->space_count; i++)
		mutate_captures_of(run, &policy, i, directory);
	if (!good)
		fprintf(stderr, "%s", policy_messages(&policy));
	arena_free(arena);
	return good && run->captures > before;
}

static void report(const struct run *run)
{
	const struct tally *t = &run->tally;

	printf("caught %u equal %u missed %u\n", t->refused + t->found,
	       t->equal, t->missed);
	printf("(%u refused, %u found with a packet, %u false alarms; %u policies, %u captures, %u mutants, one in %u tried)\n",
	       t->refused, t->found, t->alarms, run->policies, run->captures,
	       run->made, run->every);
}

static bool is_good(const struct run *run)
{
	return !run->tally.missed && run->tally.found;
}

/* What nft 1.0.6 printed of a policy with every shape and every statement. */
static bool mutate_kept_captures(void)
{
	struct run run = { .every = CAPTURED_EVERY };
	bool good = mutate_captures(&run, "tests/nft", GEN_DAY, "tests/nft");

	report(&run);
	return good && is_good(&run);
}

int main(int argc, char **argv)
{
	static const char ours[] = "policies/modyo-connect";
	struct run run = { .every = argc > 1 ? 1 : SAMPLE_EVERY };
	bool good = true;
	struct stat st;

	if (argc == 6 && strcmp(argv[1], "--captures") == 0) {
		run.every = (unsigned)atoi(argv[2]);
		good = run.every && mutate_captures(&run, argv[3], argv[4],
						    argv[5]);
		report(&run);
		return good && is_good(&run) ? 0 : 1;
	}
	for (int i = 1; i < argc; i++)
		good &= mutate_file(&run, argv[i]);
	if (argc == 1 && stat(ours, &st) == 0)
		good &= mutate_file(&run, ours);
	if (argc == 1)
		mutate_generated(&run);
	report(&run);
	if (argc == 1)
		good &= mutate_kept_captures();
	return good && is_good(&run) ? 0 : 1;
}
