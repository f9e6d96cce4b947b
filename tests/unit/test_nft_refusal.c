/*
 * What the kernel refuses of a transaction: its answers are forged here, for
 * the messages that a policy's ruleset really has.
 */
#include "backends/nft/encode.h"
#include "backends/nft/kernel.h"
#include "backends/nft/refusal.h"
#include "compiler/build.h"
#include "compiler/context.h"
#include "tests/lib/dice.h"
#include "tests/lib/fixture.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <string.h>

static const char head[] =
	"language 1;\n"
	"policy refused;\n"
	"environments prod;\n"
	"layer app; layer far;\n"
	"environment prod { vpc 10.0.0.0/8;\n"
	"  layer app 10.1.0.5; layer far 10.2.0.0/16; }\n";

/* A policy's ruleset as one transaction. */
struct world {
	struct fb *fb;
	struct meaning meaning;
	struct job job;
	const struct nft_model *model;
	struct nft_batch batch;
};

static struct world *world_of(struct arena *arena, const char *rules)
{
	struct fb_options options = { .as_of = 20000 };
	struct world *w = arena_alloc(arena, sizeof *w);
	const char *text = arena_printf(arena, "%s%s", head, rules);
	struct nft_encoding e;

	w->fb = fb_new(&options);
	assert_non_null(w->fb);
	assert_int_equal(fb_load_text(w->fb, "p.fbk", text, strlen(text)), FB_OK);
	w->job = build_job(w->fb, &w->fb->ir->spaces[0], &w->meaning);
	w->model = nft_lower(&w->job, w->job.arena, 0);
	assert_non_null(w->model);
	w->batch = nft_batch_begin(w->job.arena, 7);
	e = (struct nft_encoding){ &w->batch, "firebreak", "_g1" };
	nft_encode_body(&e, w->model);
	/* in the place of the END */
	nft_batch_add(&w->batch, nft_batch_message(&w->batch, NFT_MSG_GETGEN, 0,
						   0, (struct nft_about){ 0 }));
	return w;
}

static void end(struct world *w)
{
	arena_free(w->job.arena);
	fb_free(w->fb);
}

/* The NUMBER-th message of TYPE. */
static const struct nlmsghdr *message(const struct world *w, int type,
				      size_t number)
{
	for (size_t at = 0; at < w->batch.len;) {
		const struct nlmsghdr *m = (const void *)(w->batch.at + at);

		if (m->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | type) &&
		    number-- == 0)
			return m;
		at += MNL_ALIGN(m->nlmsg_len);
	}
	fail();
	return NULL;
}

/* Where the NUMBER-th thing in the list LIST of M begins. */
static uint32_t offset_of(const struct nlmsghdr *m, uint16_t list, size_t number)
{
	const struct nlattr *a, *in;

	mnl_attr_for_each(a, m, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == list)
			mnl_attr_for_each_nested(in, a)
				if (number-- == 0)
					return (uint32_t)((const char *)in -
							  (const char *)m);
	fail();
	return 0;
}

enum copy { CAPPED, WITH_MESSAGE };

/* The answer to M; OFFSET 0, SAYS NULL: it does not say. */
static size_t forge(uint8_t out[1 << 17], const struct nlmsghdr *m, int error,
		    uint32_t offset, const char *says, enum copy copy)
{
	struct nlmsghdr *a = mnl_nlmsg_put_header(out);
	struct nlmsgerr *e = mnl_nlmsg_put_extra_header(a, sizeof *e);

	a->nlmsg_type = NLMSG_ERROR;
	a->nlmsg_seq = m->nlmsg_seq;
	a->nlmsg_flags = copy == CAPPED ? NLM_F_CAPPED : 0;
	e->error = -error;
	e->msg = *m;
	if (copy == WITH_MESSAGE)
		memcpy(mnl_nlmsg_put_extra_header(a, m->nlmsg_len - sizeof *m),
		       m + 1, m->nlmsg_len - sizeof *m);
	if (says || offset)
		a->nlmsg_flags |= NLM_F_ACK_TLVS;
	if (says)
		mnl_attr_put_strz(a, NLMSGERR_ATTR_MSG, says);
	if (offset)
		mnl_attr_put_u32(a, NLMSGERR_ATTR_OFFS, offset);
	return a->nlmsg_len;
}

static uint8_t bytes[1 << 17];

static struct nft_refusal refused(struct world *w, const struct nlmsghdr *m,
				  int error, uint32_t offset, const char *says,
				  enum copy copy)
{
	struct nft_answer answer = { .why = { .element = NFT_NO_ELEMENT } };

	nft_batch_answered(&w->batch, bytes,
			   forge(bytes, m, error, offset, says, copy), &answer);
	assert_false(answer.acknowledged);
	assert_int_equal(answer.why.error, error);
	return answer.why;
}

/* All that is told of WHY, as lines; where it is, by the text that is there. */
static const char *told(struct world *w, const struct nft_refusal *why)
{
	struct text text = TEXT_IN(w->job.arena);
	size_t count;
	const struct fb_diag *d;

	assert_false(nft_tell_refusal(w->job.diags, why, &w->job, w->model));
	d = diag_list(w->job.diags, &count);
	assert_true(count > 0);
	d += count - 1;
	text_printf(&text, "%s: %s\n", d->code, d->message);
	if (d->span.hi)
		text_printf(&text, "at line %u\n",
			    fb_place(w->fb, d->span).line);
	for (size_t i = 0; i < d->part_count; i++) {
		if (d->parts[i].span.hi && d->parts[i].kind == FB_NOTE_AT)
			text_printf(&text, "line %u: ",
				    fb_place(w->fb, d->parts[i].span).line);
		text_printf(&text, "%s\n", d->parts[i].text);
	}
	return text_string(&text);
}

static void assert_has(const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("`%s` is not in: %s", part, text);
}

static const char ten[] =
	"r0: allow 10.2.0.0 -> app on tcp/100;\nr1: allow 10.2.0.1 -> app on tcp/101;\n"
	"r2: allow 10.2.0.2 -> app on tcp/102;\nr3: allow 10.2.0.3 -> app on tcp/103;\n"
	"r4: allow 10.2.0.4 -> app on tcp/104;\nr5: allow 10.2.0.5 -> app on tcp/105;\n"
	"r6: allow 10.2.0.6 -> app on tcp/106;\nr7: allow 10.2.0.7 -> app on tcp/107;\n"
	"r8: allow 10.2.0.8 -> app on tcp/108;\nr9: allow 10.2.0.9 -> app on tcp/109;\n";

/* --- places --- */

static void a_refused_element_is_told_at_its_rule(void **state)
{
	struct world *w = world_of(*state, ten);
	const struct nlmsghdr *m = message(w, NFT_MSG_NEWSETELEM, 0);

	for (unsigned i = 0; i < 10; i++) {
		struct nft_refusal why = refused(w, m, ENFILE,
			offset_of(m, NFTA_SET_ELEM_LIST_ELEMENTS, i), NULL,
			i % 2 ? CAPPED : WITH_MESSAGE);
		const char *text = told(w, &why);

		assert_int_equal(why.element, i);
		assert_has(text, "an element of set `in4_ports_exact_g1`");
		assert_has(text, "(ENFILE)");
		assert_has(text, arena_printf(*state, "at line %u\n", 7 + i));
		assert_has(text, arena_printf(*state,
			"the element is 10.2.0.%u . tcp . %u\n", i, 100 + i));
		assert_has(text, "the set is full");
		assert_null(strstr(text, "and from"));
	}
	end(w);
}

static void an_element_of_a_later_message_is_told_at_its_rule(void **state)
{
	struct text rules = TEXT_IN(*state);
	struct nft_refusal why;
	const struct nlmsghdr *m;
	struct world *w;

	for (unsigned i = 0; i < 1500; i++)
		text_printf(&rules, "r%u: allow 10.2.%u.%u -> app on tcp/80;\n",
			    i, i / 250, i % 250);
	w = world_of(*state, text_string(&rules));
	m = message(w, NFT_MSG_NEWSETELEM, 1);
	why = refused(w, m, EINVAL,
		      offset_of(m, NFTA_SET_ELEM_LIST_ELEMENTS, 5), NULL, CAPPED);
	assert_true(w->batch.about.at[m->nlmsg_seq].first > 0);
	assert_int_equal(why.element,
			 w->batch.about.at[m->nlmsg_seq].first + 5);
	assert_has(told(w, &why), arena_printf(*state, "at line %zu\n",
					       7 + why.element));
	end(w);
}

static void an_element_of_several_rules_is_told_at_each(void **state)
{
	struct world *w = world_of(*state, arena_printf(*state,
		"%sagain: allow 10.2.0.3 -> app on tcp/103;\n", ten));
	const struct nlmsghdr *m = message(w, NFT_MSG_NEWSETELEM, 0);
	struct nft_refusal why = refused(w, m, EEXIST,
		offset_of(m, NFTA_SET_ELEM_LIST_ELEMENTS, 3), NULL, CAPPED);
	const char *text = told(w, &why);

	assert_has(text, "at line 10\n");
	assert_has(text, "line 17: and from `again`\n");
	end(w);
}

static void a_message_of_many_elements_is_told_at_their_rules(void **state)
{
	struct world *w = world_of(*state, ten);
	struct nft_refusal why = refused(w, message(w, NFT_MSG_NEWSETELEM, 0),
					 EINVAL, 0, NULL, CAPPED);
	const char *text = told(w, &why);

	assert_int_equal(why.element, NFT_NO_ELEMENT);
	assert_has(text, "at line 7\n");
	assert_has(text, "line 14: and from `r7`\n");
	assert_has(text, "and from 2 more rules\n");
	assert_null(strstr(text, "the element is"));
	end(w);
}

static void a_refused_set_is_told_at_the_rules_of_its_elements(void **state)
{
	struct world *w = world_of(*state, ten);
	struct nft_refusal why = refused(w, message(w, NFT_MSG_NEWSET, 0),
					 EOPNOTSUPP, 0, NULL, CAPPED);
	const char *text = told(w, &why);

	assert_has(text, "refuses set `in4_ports_exact_g1`");
	assert_has(text, "at line 7\n");
	assert_has(text, "this kernel lacks something");
	end(w);
}

static void a_refused_rule_is_told_with_its_expression(void **state)
{
	struct world *w = world_of(*state,
				   "web: allow 10.2.0.0/24 -> app on tcp/443;\n");
	const struct nlmsghdr *m = NULL;
	struct nft_refusal why;
	const char *text;

	/* the rule of the policy: the one that a message says is of it */
	for (size_t i = 0; !m; i++) {
		const struct nlmsghdr *next = message(w, NFT_MSG_NEWRULE, i);
		const struct nft_rule *rule =
			w->batch.about.at[next->nlmsg_seq].rule;

		if (rule->comment && strcmp(rule->comment, "web") == 0)
			m = next;
	}
	why = refused(w, m, ENOENT, offset_of(m, NFTA_RULE_EXPRESSIONS, 1),
		      NULL, CAPPED);
	text = told(w, &why);
	assert_has(text, "a rule of chain `input_g1`");
	assert_has(text, "at line 7\n");
	assert_has(text, "this kernel lacks the expression `cmp`");
	end(w);
}

static void what_every_ruleset_has_is_of_no_rule(void **state)
{
	struct world *w = world_of(*state, ten);
	struct nft_refusal why = refused(w, message(w, NFT_MSG_NEWRULE, 0),
					 EINVAL, 0, NULL, CAPPED);

	assert_has(told(w, &why), "it comes from no rule of the policy");
	end(w);
}

static void the_end_of_a_range_is_of_the_element_before_it(void **state)
{
	struct world *w = world_of(*state, ten);
	struct nft_set set = { .name = "nets", .width = 1, .intervals = true,
			       .types = { NFT_TYPE_IPV4_ADDR } };
	struct nft_encoding e = { &w->batch, "firebreak", "_g1" };
	struct nft_model model = { 0 };
	struct nft_set *sets[] = { &set };
	/* what is sent: an end at 0, then a beginning and an end of each */
	static const size_t wanted[] = { NFT_NO_ELEMENT, 0, 0, 1, 1, 2, 2 };
	const struct nlmsghdr *m;

	for (unsigned i = 0; i < 3; i++)
		*LIST_PUSH(*state, &set.elements) = (struct nft_element){
			.key = { { 100 + 20 * i, 109 + 20 * i } } };
	model.sets.at = sets;
	model.sets.count = 1;
	w->batch = nft_batch_begin(w->job.arena, 7);
	nft_encode_body(&e, &model);
	m = message(w, NFT_MSG_NEWSETELEM, 0);
	for (size_t i = 0; i < 7; i++)
		assert_int_equal(refused(w, m, EEXIST, offset_of(m,
				NFTA_SET_ELEM_LIST_ELEMENTS, i), NULL,
				CAPPED).element, wanted[i]);
	end(w);
}

/* --- what else the kernel says --- */

static void the_kernels_own_words_are_told_and_nothing_else_of_them(void **state)
{
	struct world *w = world_of(*state, ten);
	struct nft_refusal why = refused(w, message(w, NFT_MSG_NEWSET, 0), EINVAL,
					 0, "bad\x1b[2J flags\n", WITH_MESSAGE);

	assert_has(told(w, &why), "the kernel says: bad?[2J flags?\n");
	end(w);
}

static void the_first_that_is_refused_is_told_and_the_others_counted(void **state)
{
	struct world *w = world_of(*state, ten);
	struct nft_answer answer = { .why = { .element = NFT_NO_ELEMENT } };
	size_t len = 0;

	for (size_t i = 0; i < 3; i++)
		len += forge(bytes + len, message(w, NFT_MSG_NEWRULE, i),
			     EINVAL + (int)i, 0, NULL, CAPPED);
	nft_batch_answered(&w->batch, bytes, len, &answer);
	assert_int_equal(answer.why.error, EINVAL);
	assert_int_equal(answer.why.more, 2);
	assert_has(told(w, &answer.why), "2 more of the transaction's messages");
	end(w);
}

static void only_the_last_message_is_acknowledged(void **state)
{
	struct world *w = world_of(*state, ten);
	struct nft_answer answer = { .why = { .element = NFT_NO_ELEMENT } };
	struct nlmsghdr last = { .nlmsg_len = sizeof last,
				 .nlmsg_seq = w->batch.sequence - 2 };

	nft_batch_answered(&w->batch, bytes, forge(bytes,
		message(w, NFT_MSG_NEWSET, 0), 0, 0, NULL, CAPPED), &answer);
	assert_false(answer.acknowledged);
	nft_batch_answered(&w->batch, bytes, forge(bytes, &last, 0, 0, NULL,
						   CAPPED), &answer);
	assert_true(answer.acknowledged);
	assert_int_equal(answer.why.error, 0);
	end(w);
}

static void every_error_has_a_word_and_something_to_do(void **state)
{
	struct world *w = world_of(*state, ten);

	for (int error = 1; error < 200; error++) {
		struct nft_refusal why = { .error = error,
			.about = { .what = "it" }, .element = NFT_NO_ELEMENT };
		size_t count;
		const struct fb_diag *d;

		(void)told(w, &why);
		d = diag_list(w->job.diags, &count) + count - 1;
		assert_int_equal(d->parts[d->part_count - 1].kind, FB_HELP);
		assert_null(strstr(d->message, "(null)"));
	}
	end(w);
}

/* --- answers that nobody sends --- */

static void an_answer_that_lies_is_harmless(void **state)
{
	struct world *w = world_of(*state, ten);
	struct dice dice = dice_of(20261127);
	size_t placed = 0;

	for (int i = 0; i < 20000; i++) {
		const struct nlmsghdr *m = message(w, i % 2 ? NFT_MSG_NEWSETELEM
							    : NFT_MSG_NEWRULE, 0);
		struct nft_answer answer = { .why = { .element = NFT_NO_ELEMENT } };
		size_t len = forge(bytes, m, EINVAL, dice_roll(&dice, 1500),
				   "words", i % 3 ? CAPPED : WITH_MESSAGE);

		for (int k = i % 5; k > 0; k--)
			bytes[dice_roll(&dice, len < 64 || k % 2 ? 64 : (uint32_t)len)] =
				(uint8_t)dice_roll(&dice, 256);
		nft_batch_answered(&w->batch, bytes,
				   i % 7 ? len : dice_roll(&dice, (uint32_t)len),
				   &answer);
		assert_true(answer.why.element == NFT_NO_ELEMENT ||
			    answer.why.element < 10);
		placed += answer.why.element != NFT_NO_ELEMENT;
	}
	assert_true(placed > 1000);
	end(w);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		IN_ARENA(a_refused_element_is_told_at_its_rule),
		IN_ARENA(an_element_of_a_later_message_is_told_at_its_rule),
		IN_ARENA(an_element_of_several_rules_is_told_at_each),
		IN_ARENA(a_message_of_many_elements_is_told_at_their_rules),
		IN_ARENA(a_refused_set_is_told_at_the_rules_of_its_elements),
		IN_ARENA(a_refused_rule_is_told_with_its_expression),
		IN_ARENA(what_every_ruleset_has_is_of_no_rule),
		IN_ARENA(the_end_of_a_range_is_of_the_element_before_it),
		IN_ARENA(the_kernels_own_words_are_told_and_nothing_else_of_them),
		IN_ARENA(the_first_that_is_refused_is_told_and_the_others_counted),
		IN_ARENA(only_the_last_message_is_acknowledged),
		IN_ARENA(every_error_has_a_word_and_something_to_do),
		IN_ARENA(an_answer_that_lies_is_harmless),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
