/* firebreak prove POLICY FILE… */
#include "compiler/cli/cli.h"
#include "compiler/cli/proofs.h"

#include <inttypes.h>
#include <stdlib.h>

static enum fb_status prove_file(const struct cli *cli, struct fb *fb,
				 const char *path)
{
	size_t len;
	char *bytes = cli_read(path, &len);
	enum fb_status status = FB_BAD;

	if (!bytes)
		return status;
	status = fb_prove_part(fb, cli->part, path, bytes, len);
	free(bytes);
	if (status != FB_MEMORY && cli->document == FB_FORMAT_TEXT &&
	    !(cli->quiet && status == FB_OK)) {
		cli_put(stdout, path);
		printf(": %s\n", status == FB_OK ? "equal"
		       : status == FB_NO ? "not equal" : "not proved");
	}
	return status;
}

static void print_kernel(enum fb_status status, const struct fb_live *found)
{
	printf("this kernel: %s", status == FB_OK ? "equal"
	       : status == FB_NO ? "not equal" : "not proved");
	if (found->unchanged)
		printf(", unchanged since it was proved at generation %" PRIu32,
		       found->generation);
	else if (status == FB_OK && found->generation)
		printf(", proved at generation %" PRIu32, found->generation);
	putchar('\n');
}

/* This host's kernel: equal, or why not. */
static enum fb_status prove_kernel(const struct cli *cli, struct fb *fb)
{
	struct cli_proofs proofs;
	struct fb_live found;
	enum fb_status status;

	cli_proofs_open(&proofs, cli->proofs);
	proofs.anew = cli->anew;
	status = fb_prove_live(fb, &proofs.ours, &found);
	cli_proofs_close(&proofs);
	if (status != FB_MEMORY && cli->document == FB_FORMAT_TEXT &&
	    !(cli->quiet && status == FB_OK))
		print_kernel(status, &found);
	return status;
}

static int run(const struct cli *cli)
{
	enum fb_status status, worst;
	struct fb *fb;
	int code;

	if (!cli->live && cli->count < 2) {
		fputs("firebreak prove: name a file, or --live for this kernel's rules\n",
		      stderr);
		return EXIT_CANNOT;
	}
	if (!cli->live && (cli->anew || cli->proofs)) {
		fputs("firebreak prove: --anew and --proofs are of --live\n",
		      stderr);
		return EXIT_CANNOT;
	}
	fb = cli_load(cli, cli->operands[0], &worst);
	if (cli->live && worst == FB_OK)
		worst = prove_kernel(cli, fb);
	for (int i = 1; worst != FB_MEMORY && i < cli->count; i++) {
		if (i == 1 && worst != FB_OK && !cli->live)
			break;
		status = prove_file(cli, fb, cli->operands[i]);
		worst = status > worst ? status : worst;
	}
	code = cli_finish(cli_tell(cli, fb, worst));
	fb_free(fb);
	return code;
}

const struct command command_prove = {
	.name = "prove",
	.summary = "is this file exactly the policy?",
	.usage =
	"firebreak prove policies/modyo-connect out/banco-andino/prod/aws.tf.json\n"
	"firebreak prove policies/modyo-connect out/*/*/nft/*.nft\n"
	"nft list ruleset | firebreak prove policies/modyo-connect -\n"
	"nft -j list ruleset | firebreak prove policies/modyo-connect - --part banco-andino.prod.data\n"
	"aws ec2 describe-security-groups --filters Name=tag:firebreak:environment,Values=prod |\n"
	"    firebreak prove policies/modyo-connect -\n"
	"jq -s add groups.json interfaces.json | firebreak prove policies/modyo-connect -\n"
	"terraform plan -out p && terraform show -json p | firebreak prove policies/modyo-connect -\n"
	"firebreak prove policies/modyo-connect --live\n\n"
	"Reads each FILE (Terraform JSON, EC2 permissions, what describe-security-groups\n"
	"and describe-security-group-rules answer, alone or in one object, a state or a plan as\n"
	"`terraform show -json` prints it, an nftables ruleset, or what `nft -j list ruleset`\n"
	"prints; - for stdin) with a strict\n"
	"reader of its own and compares the packets it admits with the policy, side by side.\n"
	"A file that differs is shown with a packet; a file of which any part is not\n"
	"understood is never called equal.  A capture of an account has every group of an\n"
	"environment, and with them perhaps what describe-network-interfaces answers: then it\n"
	"is looked at, not assumed, that a layer's hosts are those that carry its groups.\n\n"
	"  --live           also this host's kernel, asked over netlink: its own expressions, not\n"
	"                   what a lister makes of them; where nothing changed since they were\n"
	"                   proved, by the kernel's own count, they are not read again\n"
	"  --anew           of --live: read and prove everything in any case\n"
	"  --proofs DIR     of --live: where proofs are kept until the next change; without it\n"
	"                   /run/firebreak, which only its owner may write to\n"
	"  --part PART      files are of this part, like prod.data or prod.gateway; nft before 1.1\n"
	"                   does not list as JSON whose a ruleset is\n"
	"  --recheck        look at what is proved equal a second time, by naive arithmetic\n"
	"  --format FORMAT  text, json, markdown, sarif, github, gitlab, junit or csv\n"
	"  --as-of DATE     judge expiry by this day\n"
	"  --color WHEN     auto, always or never\n\n"
	"exit codes: 0 all equal, 1 one is not, 2 one cannot be read or is not understood,\n"
	"3 the second look does not confirm a proof (our fault)\n",
	.least = 1,
	.most = 1 << 20,
	.findings = true,
	.run = run,
};
