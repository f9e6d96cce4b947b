/*
 * firebreak completion SHELL: made from the tables of commands and options, so
 * that no command is forgotten.  An option belongs to a command whose --help
 * names it.
 */
#include "compiler/cli/cli.h"

#include <string.h>

/* Is `--NAME` a word of USAGE? */
static bool has_option(const char *usage, const char *name)
{
	size_t len = strlen(name);

	for (const char *at = usage; (at = strstr(at, "--")); at += 2)
		if (strncmp(at + 2, name, len) == 0 &&
		    !strchr("-abcdefghijklmnopqrstuvwxyz", at[2 + len]))
			return true;
	return false;
}

/* What every command understands. */
static bool is_common(const char *name)
{
	return strcmp(name, "help") == 0 || strcmp(name, "quiet") == 0;
}

/* `--a --b`: the options of COMMAND. */
static void put_options(const struct command *command)
{
	const char *between = "";

	for (const struct option *o = cli_options; o->name; o++) {
		if (!is_common(o->name) && !has_option(command->usage, o->name))
			continue;
		printf("%s--%s", between, o->name);
		between = " ";
	}
}

/* TEXT between single quotes, with what the shell puts for one in it. */
static void put_quoted(const char *text, const char *quote)
{
	putchar('\'');
	for (; *text; text++) {
		if (*text == '\'')
			fputs(quote, stdout);
		else
			putchar(*text);
	}
	putchar('\'');
}

static void put_bash(void)
{
	puts("# firebreak in bash: eval \"$(firebreak completion bash)\"\n"
	     "_firebreak() {\n"
	     "\tlocal word=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD-1]} words=\n"
	     "\tCOMPREPLY=()\n"
	     "\tif [ \"$COMP_CWORD\" = 1 ]; then");
	fputs("\t\twords='", stdout);
	for (size_t i = 0; cli_commands[i]; i++)
		printf("%s%s", i ? " " : "", cli_commands[i]->name);
	puts("'\n"
	     "\telif [ \"$before\" = --color ]; then\n"
	     "\t\twords='auto always never'\n"
	     "\telif [ \"${word#-}\" != \"$word\" ]; then\n"
	     "\t\tcase ${COMP_WORDS[1]} in");
	for (size_t i = 0; cli_commands[i]; i++) {
		printf("\t\t%s) words='", cli_commands[i]->name);
		put_options(cli_commands[i]);
		puts("' ;;");
	}
	puts("\t\tesac\n"
	     "\telif [ \"${COMP_WORDS[1]}\" = completion ]; then\n"
	     "\t\twords='bash zsh fish'\n"
	     "\tfi\n"
	     "\t[ -n \"$words\" ] && COMPREPLY=($(compgen -W \"$words\" -- \"$word\"))\n"
	     "}\n"
	     "complete -o default -F _firebreak firebreak");
}

static void put_zsh(void)
{
	puts("#compdef firebreak\n"
	     "# firebreak in zsh: eval \"$(firebreak completion zsh)\", or a file _firebreak of $fpath\n"
	     "_firebreak() {\n"
	     "\tlocal -a commands options\n"
	     "\tcommands=(");
	for (size_t i = 0; cli_commands[i]; i++) {
		printf("\t\t%s:", cli_commands[i]->name);
		put_quoted(cli_commands[i]->summary, "'\\''");
		putchar('\n');
	}
	puts("\t)\n"
	     "\tif (( CURRENT == 2 )); then\n"
	     "\t\t_describe command commands\n"
	     "\t\treturn\n"
	     "\tfi\n"
	     "\tcase $words[2] in");
	for (size_t i = 0; cli_commands[i]; i++) {
		printf("\t%s) options=(", cli_commands[i]->name);
		put_options(cli_commands[i]);
		puts(") ;;");
	}
	puts("\tesac\n"
	     "\tif [[ $words[CURRENT-1] == --color ]]; then\n"
	     "\t\tcompadd auto always never\n"
	     "\telif [[ $PREFIX == -* ]]; then\n"
	     "\t\tcompadd -- $options\n"
	     "\telif [[ $words[2] == completion ]]; then\n"
	     "\t\tcompadd bash zsh fish\n"
	     "\telse\n"
	     "\t\t_files\n"
	     "\tfi\n"
	     "}\n"
	     "if [[ $funcstack[1] == _firebreak ]]; then\n"
	     "\t_firebreak \"$@\"\n"
	     "else\n"
	     "\tcompdef _firebreak firebreak\n"
	     "fi");
}

static void put_fish(void)
{
	puts("# firebreak in fish: firebreak completion fish | source");
	for (size_t i = 0; cli_commands[i]; i++) {
		const struct command *c = cli_commands[i];

		printf("complete -c firebreak -n __fish_use_subcommand -f -a %s -d ",
		       c->name);
		put_quoted(c->summary, "\\'");
		putchar('\n');
		for (const struct option *o = cli_options; o->name; o++)
			if (is_common(o->name) || has_option(c->usage, o->name))
				printf("complete -c firebreak -n '__fish_seen_subcommand_from %s' -l %s%s\n",
				       c->name, o->name,
				       strcmp(o->name, "color") == 0
				       ? " -x -a 'auto always never'"
				       : o->has_arg ? " -r" : "");
	}
	puts("complete -c firebreak -n '__fish_seen_subcommand_from completion' -f -a 'bash zsh fish'");
}

static const struct {
	const char *name;
	void (*put)(void);
} shells[] = {
	{ "bash", put_bash },
	{ "zsh", put_zsh },
	{ "fish", put_fish },
};

static int run(const struct cli *cli)
{
	for (size_t i = 0; i < sizeof shells / sizeof *shells; i++)
		if (strcmp(cli->operands[0], shells[i].name) == 0) {
			shells[i].put();
			return cli_finish(EXIT_EQUAL);
		}
	fputs("firebreak completion: bash, zsh or fish, not `", stderr);
	cli_put(stderr, cli->operands[0]);
	fputs("`\n", stderr);
	return EXIT_CANNOT;
}

const struct command command_completion = {
	.name = "completion",
	.summary = "completion of commands and options for a shell",
	.usage =
	"firebreak completion bash > /etc/bash_completion.d/firebreak\n"
	"firebreak completion zsh > /usr/local/share/zsh/site-functions/_firebreak\n"
	"firebreak completion fish > ~/.config/fish/completions/firebreak.fish\n\n"
	"Prints a script with which bash, zsh or fish completes firebreak's commands,\n"
	"options and files.\n",
	.least = 1,
	.most = 1,
	.run = run,
};
