/* firebreak compile POLICY -o DIR */
#include "compiler/cli/cli.h"

/* What applying the files does where the build before is applied. */
static int put_applied(const struct cli *cli, struct fb *fb,
		       const struct fb_compilation *made, int code)
{
	const char *text = fb_applied_text(fb, made, cli->colour_out);

	if (!text) {
		fputs("firebreak compile: out of memory\n", stderr);
		return EXIT_CANNOT;
	}
	fputs(text, stdout);
	return code;
}

/* Give FB the account that CLI names. */
static enum fb_status adopt(const struct cli *cli, struct fb *fb,
			    struct fb_capture **captures)
{
	struct fb_capture account;
	enum fb_status status;

	if (!cli_captures(cli, captures))
		return FB_BAD;
	status = fb_join(fb, *captures, cli->capture_count, &account);
	if (status == FB_OK)
		fb_adopt(fb, &account);
	return status;
}

/* Nobody is to take access scopes for more than they are. */
static void put_unwatched(FILE *to, const struct fb_compilation *made)
{
	size_t none = 0;

	if (!made->watches)
		return;
	for (size_t i = 0; i < made->unwatched_count; i++)
		none += !made->unwatched[i].has_scope;
	fprintf(to, "%zu of %zu invariants %s no access scope%s\n", none,
		made->invariant_count, none == 1 ? "has" : "have",
		none ? ":" : "");
	for (size_t i = 0; i < made->unwatched_count; i++) {
		if (made->unwatched[i].has_scope)
			continue;
		fputs("       ", to);
		cli_put(to, made->unwatched[i].invariant);
		fputs(": ", to);
		cli_put(to, made->unwatched[i].what);
		fputc('\n', to);
	}
	if (made->unwatched_count > none)
		fprintf(to, "and %zu %s one for a part: manifest.json says what it does not look at\n",
			made->unwatched_count - none,
			made->unwatched_count - none == 1 ? "has" : "have");
}

static int run(const struct cli *cli)
{
	struct fb_compilation made = { 0 };
	struct fb_capture *captures = NULL;
	enum fb_status status;
	struct fb *fb;
	int code;

	if (!cli->output) {
		fputs("firebreak compile: where to? give -o DIR\n", stderr);
		return EXIT_CANNOT;
	}
	fb = cli_load(cli, cli->operands[0], &status);
	if (status == FB_OK && cli->previous)
		status = cli_previous(cli, fb);
	if (status == FB_OK && cli->capture_count)
		status = adopt(cli, fb, &captures);
	if (status == FB_OK)
		status = fb_compile(fb, cli->targets, cli->only, &made);
	code = cli_tell(cli, fb, status);
	if (status == FB_OK) {
		if (!cli_write(cli->output, made.outputs, made.count))
			code = EXIT_CANNOT;
		else if (!cli->quiet && cli->document == FB_FORMAT_TEXT) {
			printf("%zu files below %s, each read back: %zu proofs, all equal to the policy%s\n",
			       made.count, cli->output, made.sides,
			       cli->recheck ? ", each looked at twice" : "");
			put_unwatched(stdout, &made);
			cli_put_quotas(stdout, &made, cli->quota);
			code = put_applied(cli, fb, &made, code);
		}
		code = cli_finish(code);
	} else {
		fputs("nothing was written\n", stderr);
		code = cli_finish(code);
	}
	fb_free(fb);
	cli_captures_free(captures, cli->capture_count);
	return code;
}

const struct command command_compile = {
	.name = "compile",
	.summary = "emit for the targets, read back, prove, and only then write",
	.usage =
	"firebreak compile policies/modyo-connect -o out\n"
	"firebreak compile --previous applied policies/modyo-connect -o out\n"
	"firebreak compile --adopt groups.json --adopt rules.json policy -o out\n"
	"firebreak compile -t cloudformation policies/modyo-connect -o out\n"
	"firebreak compile -t scopes policies/modyo-connect -o out\n"
	"firebreak compile -t nft --only banco-andino.prod policies/modyo-connect -o out\n\n"
	"Checks POLICY, lowers it for the targets, reads each output back and proves that\n"
	"it admits exactly what the policy says.  Only when all proofs hold are the files\n"
	"written: all of them, or none.\n\n"
	"  -o, --output DIR     where the files go: DIR/CUSTOMER/ENVIRONMENT/…, DIR/manifest.json\n"
	"  -t, --target LIST    of terraform, cloudformation, ec2, scopes, nft, or all\n"
	"                       (default: terraform,nft)\n"
	"  --only CUSTOMER.ENV  one environment only\n"
	"  --previous DIR       the build that was applied last: what stands under another key\n"
	"                       since is told Terraform as moved, not as gone and new; then\n"
	"                       what applying does to its resources is listed, and what becomes\n"
	"                       of open connections whose rule goes (manifest.json: `changes`)\n"
	"  --adopt CAPTURE      what describe-security-groups and describe-security-group-rules\n"
	"                       answered of an account that has these groups already, each with\n"
	"                       an --adopt: imports.tf.json beside aws.tf.json has Terraform\n"
	"                       import what is there; what would be new is said\n"
	"  --quota              show how full every security group is, not only those that\n"
	"                       are more than four fifths full\n"
	"  --recheck            look at every proof a second time, by naive arithmetic\n"
	"  --format FORMAT      of what is found: text, json, markdown, sarif, github, gitlab,\n"
	"                       junit or csv\n"
	"  --as-of DATE         judge expiry by this day\n"
	"  --color WHEN         auto, always or never\n"
	"  -q, --quiet          say only what is wrong\n\n"
	"exit codes: 0 written, 1 a broken invariant or something a target cannot say,\n"
	"2 the policy cannot be read, 3 an output failed its proof (our fault)\n",
	.least = 1,
	.most = 1,
	.findings = true,
	.run = run,
};
