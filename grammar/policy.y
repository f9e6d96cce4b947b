/*
 * The grammar.  An action builds one node and looks nothing up.
 *
 * Statements end in `end`, which also takes an error: a forgotten `;` costs one
 * message and no following statement.
 */
%require "3.8"
%define api.pure full
%define api.prefix {policy_}
%define api.token.prefix {TOK_}
%define api.value.type union
%define api.location.type {struct span}
%define parse.error custom
%define parse.lac full
%locations
%expect 0
%param { struct parser *parser }
%param { yyscan_t scanner }

%code requires {
#include "grammar/parser.h"
}

%code {
/* Fixed, because bison's own growing cannot see the arena. */
#define YYINITDEPTH 2000
#define YYMAXDEPTH 2000

#define YYLLOC_DEFAULT(out, rhs, n)					\
	do {								\
		(out).lo = (n) ? YYRHSLOC(rhs, 1).lo : YYRHSLOC(rhs, 0).hi; \
		(out).hi = (n) ? YYRHSLOC(rhs, n).hi : YYRHSLOC(rhs, 0).hi; \
	} while (0)

int policy_lex(POLICY_STYPE *value, struct span *span, struct parser *parser,
	       yyscan_t scanner);
static void policy_error(const struct span *span, struct parser *parser,
			 yyscan_t scanner, const char *message);
}

%code {
/* The scanner, generated from policy.l. */
struct yy_buffer_state;
int policy_scan_lex_init_extra(struct parser *parser, yyscan_t *scanner);
struct yy_buffer_state *policy_scan__scan_buffer(char *bytes, size_t size,
						 yyscan_t scanner);
int policy_scan_lex_destroy(yyscan_t scanner);
}

%token END 0 "end of file"
%token ARROW "`->`" DOTS "`..`" COMMA "`,`" EQUALS "`=`" ABOVE "`>`" COLON "`:`"
%token OPEN "`(`" CLOSE "`)`" LEFT "`{`" RIGHT "`}`" SEMICOLON "`;`"
%token <struct ast_text> WORD "a name" STRING "a text in quotes"
%token <struct ast_text> LABEL "a label" ANGLE "a library in `<>`"

/* reserved */
%token <struct ast_text> LANGUAGE "`language`" POLICY "`policy`" INCLUDE "`include`"
%token <struct ast_text> ENVIRONMENTS "`environments`" REQUIRE "`require`"
%token <struct ast_text> REVIEW "`review`" FREEZE "`freeze`" DEFAULT "`default`" LAYER "`layer`"
%token <struct ast_text> NETWORK "`network`" GROUP "`group`" SERVICE "`service`"
%token <struct ast_text> CUSTOMER "`customer`" ENVIRONMENT "`environment`"
%token <struct ast_text> EXPECT "`expect`" ALLOW "`allow`" NEVER "`never`" ONLY "`only`"
%token <struct ast_text> CONFINE "`confine`" MUST "`must`" ISOLATE "`isolate`"
%token <struct ast_text> TIERS "`tiers`" WITHIN "`within`" REACH "`reach`"
%token <struct ast_text> PARITY "`parity`" EACH "`each`" IN "`in`" ON "`on`"
%token <struct ast_text> EXCEPT "`except`"

/* words only where they stand: soft keywords, names elsewhere */
%token <struct ast_text> EVERY "`every`" SHARED_HOSTS "`shared-hosts`"
%token <struct ast_text> PREFIX_LIST "`prefix-list`" VIA "`via`"
%token <struct ast_text> AWS "`aws`" NFT "`nft`" ACCOUNT "`account`" REGION "`region`"
%token <struct ast_text> VPC "`vpc`" NAT "`nat`" PEER "`peer`"
%token <struct ast_text> OWNER "`owner`" TICKET "`ticket`" REASON "`reason`"
%token <struct ast_text> EXPIRES "`expires`" REVIEWED "`reviewed`" APPROVED "`approved`"
%token <struct ast_text> EMERGENCY "`emergency`"
%token <struct ast_text> BY "`by`" PARTY "`party`" LOG "`log`" WAIVES "`waives`"
%token <struct ast_text> CONTROLS "`controls`" SEVERITY "`severity`"
%token <struct ast_text> TRANSITIVELY "`transitively`" AVOIDING "`avoiding`"
%token <struct ast_text> OUTBOUND "`outbound`" INBOUND "`inbound`"
%token <struct ast_text> RULE "`rule`" AT "`at`" MOST "`most`" HOPS "`hops`"
%token <struct ast_text> LAYERS "`layers`" ADDRESSES "`addresses`" PORTS "`ports`"

%type <struct ast_text> word name label title value unit
%type <struct ast_expr *> expr union difference term on addresses words hosts tiers
%type <struct ast_expr *> places exceptions
%type <struct ast_node *> stmt flags rule invariant setting
%type <struct node_list> stmts settings
%type <struct ast_attr *> attr
%type <struct attr_list> attrs
%type <enum ast_kind> claim

%%

file:
  stmts { parser->nodes = $stmts.first; }
;

stmts:
  %empty { $$ = nodes_none(); }
| stmts[list] stmt { $$ = nodes_add($list, $stmt); }
;

stmt:
  LANGUAGE word end
    { $$ = node_new(parser, AST_LANGUAGE, @$); $$->name = $word; }
| POLICY name title end
    { $$ = node_new(parser, AST_POLICY, @$); $$->name = $name; $$->title = $title; }
| INCLUDE STRING end
    { $$ = node_new(parser, AST_INCLUDE, @$); $$->title = $STRING; }
| INCLUDE ANGLE end
    { $$ = node_new(parser, AST_INCLUDE, @$); $$->name = $ANGLE; }
| ENVIRONMENTS words end
    { $$ = node_new(parser, AST_ENVIRONMENTS, @$); $$->list = $words; }
| REQUIRE words end
    { $$ = node_new(parser, AST_REQUIRE, @$); $$->list = $words; }
| REVIEW EVERY word end
    { $$ = node_new(parser, AST_REVIEW, @$); $$->name = $word; }
| REVIEW EMERGENCY WITHIN word[due] end
    { $$ = node_new(parser, AST_REVIEW_EMERGENCY, @$); $$->name = $due; }
| REVIEW EMERGENCY WITHIN word[due] COMMA EXPIRES WITHIN word[last] end
    { $$ = node_new(parser, AST_REVIEW_EMERGENCY, @$); $$->name = $due; $$->most = $last; }
| FREEZE word[from] DOTS word[to] title places exceptions end
    { $$ = node_new(parser, AST_FREEZE, @$); $$->name = $from; $$->key = $to;
      $$->title = $title; $$->src = $places; $$->list = $exceptions; }
| DEFAULT attr end
    { $$ = node_new(parser, AST_DEFAULT, @$); $$->attrs = $attr; }
| LAYER name title flags addresses end
    { $$ = $flags; $$->kind = AST_LAYER; $$->span = @$; $$->name = $name;
      $$->title = $title; $$->list = $addresses; }
| NETWORK name title flags addresses end
    { $$ = $flags; $$->kind = AST_NETWORK; $$->span = @$; $$->name = $name;
      $$->title = $title; $$->list = $addresses; }
| GROUP name EQUALS expr end
    { $$ = node_new(parser, AST_GROUP, @$); $$->name = $name; $$->list = $expr; }
| SERVICE name EQUALS expr end
    { $$ = node_new(parser, AST_SERVICE, @$); $$->name = $name; $$->list = $expr; }
| CUSTOMER name title LEFT stmts RIGHT
    { $$ = node_new(parser, AST_CUSTOMER, @$); $$->name = $name; $$->title = $title;
      $$->block = $stmts.first; }
| ENVIRONMENT name LEFT stmts RIGHT
    { $$ = node_new(parser, AST_ENVIRONMENT, @$); $$->name = $name;
      $$->block = $stmts.first; }
| AWS LEFT settings RIGHT
    { $$ = node_new(parser, AST_SETTINGS, @$); $$->name = $AWS; $$->block = $settings.first; }
| NFT LEFT settings RIGHT
    { $$ = node_new(parser, AST_SETTINGS, @$); $$->name = $NFT; $$->block = $settings.first; }
| ACCOUNT value end
    { $$ = node_new(parser, AST_ACCOUNT, @$); $$->name = $value; }
| REGION word end
    { $$ = node_new(parser, AST_REGION, @$); $$->name = $word; }
| PEER word end
    { $$ = node_new(parser, AST_PEER, @$); $$->name = $word; }
| VPC hosts end
    { $$ = node_new(parser, AST_VPC, @$); $$->list = $hosts; }
| NAT hosts end
    { $$ = node_new(parser, AST_NAT, @$); $$->list = $hosts; }
| EXPECT label expr[src] ARROW expr[dst] on attrs end
    { $$ = node_new(parser, AST_EXPECT, @$); $$->name = $label; $$->src = $src;
      $$->dst = $dst; $$->on = $on; $$->attrs = $attrs.first; }
| rule
| invariant
| error SEMICOLON { $$ = NULL; yyerrok; }
| error { $$ = NULL; }
;

rule:
  label ALLOW expr[src] ARROW expr[dst] ON expr[svc] attrs end
    { $$ = node_new(parser, AST_ALLOW, @$); $$->name = $label; $$->src = $src;
      $$->dst = $dst; $$->on = $svc; $$->attrs = $attrs.first; }
;

invariant:
  label claim expr[src] ARROW expr[dst] on attrs end
    { $$ = node_new(parser, $claim, @$); $$->name = $label; $$->src = $src;
      $$->dst = $dst; $$->on = $on; $$->attrs = $attrs.first; }
| label ISOLATE words attrs end
    { $$ = node_new(parser, AST_ISOLATE, @$); $$->name = $label;
      $$->list = $words; $$->attrs = $attrs.first; }
| label ISOLATE words EXCEPT expr[src] ARROW expr[dst] on attrs end
    { $$ = node_new(parser, AST_ISOLATE, @$); $$->name = $label;
      $$->list = $words; $$->src = $src; $$->dst = $dst; $$->on = $on;
      $$->attrs = $attrs.first; }
| label TIERS tiers attrs end
    { $$ = node_new(parser, AST_TIERS, @$); $$->name = $label; $$->list = $tiers;
      $$->attrs = $attrs.first; }
| label WITHIN word[hops] HOPS NEVER expr[src] ARROW expr[dst] on attrs end
    { $$ = node_new(parser, AST_NEVER, @$); $$->name = $label; $$->hops = $hops;
      $$->src = $src; $$->dst = $dst; $$->on = $on; $$->attrs = $attrs.first; }
| label REACH expr[src] WITHIN word[hops] AT MOST word[most] LAYERS attrs end
    { $$ = node_new(parser, AST_REACH, @$); $$->name = $label; $$->src = $src;
      $$->hops = $hops; $$->most = $most; $$->attrs = $attrs.first; }
| label PARITY words attrs end
    { $$ = node_new(parser, AST_PARITY, @$); $$->name = $label; $$->list = $words;
      $$->attrs = $attrs.first; }
| label EACH RULE expr[src] AT MOST word[most] unit attrs end
    { $$ = node_new(parser, AST_EACH_RULE, @$); $$->name = $label; $$->src = $src;
      $$->most = $most; $$->unit = $unit; $$->attrs = $attrs.first; }
| label EACH RULE expr[src] EXPIRES[unit] WITHIN word[most] attrs end
    { $$ = node_new(parser, AST_EACH_RULE, @$); $$->name = $label; $$->src = $src;
      $$->most = $most; $$->unit = $unit; $$->attrs = $attrs.first; }
;

claim:
  NEVER   { $$ = AST_NEVER; }
| ONLY    { $$ = AST_ONLY; }
| CONFINE { $$ = AST_CONFINE; }
| MUST    { $$ = AST_MUST; }
;

tiers:
  word[a] ABOVE word[b]
    { $$ = expr_join(parser, EXPR_UNION, expr_word(parser, $a), expr_word(parser, $b)); }
| tiers[list] ABOVE word
    { $$ = expr_join(parser, EXPR_UNION, $list, expr_word(parser, $word)); }
;

unit: ADDRESSES | PORTS;

end: SEMICOLON | error { if (!parser->broken) yyerrok; };

label:
  LABEL
| name COLON
;

title: %empty { $$ = (struct ast_text){ 0 }; } | STRING;
value: word | STRING;
on: %empty { $$ = NULL; } | ON expr { $$ = $expr; };
places: %empty { $$ = NULL; } | IN words { $$ = $words; };
exceptions: %empty { $$ = NULL; } | EXCEPT words { $$ = $words; };

flags:
  %empty { $$ = node_new(parser, AST_LAYER, @$); }
| flags[of] SHARED_HOSTS { $$ = $of; $$->shared_hosts = true; }
| flags[of] PREFIX_LIST STRING { $$ = $of; $$->prefix_list = $STRING; }
| flags[of] VIA word { $$ = $of; $$->via = $word; }
;

addresses:
  %empty { $$ = NULL; }
| hosts
| EQUALS hosts { $$ = $hosts; }
;

hosts:
  WORD { $$ = expr_word(parser, $WORD); }
| hosts[list] COMMA WORD
    { $$ = expr_join(parser, EXPR_UNION, $list, expr_word(parser, $WORD)); }
;

words:
  word { $$ = expr_word(parser, $word); }
| words[list] COMMA word
    { $$ = expr_join(parser, EXPR_UNION, $list, expr_word(parser, $word)); }
;

expr: term | union | difference;

union:
  term[a] COMMA term[b] { $$ = expr_join(parser, EXPR_UNION, $a, $b); }
| union[a] COMMA term[b] { $$ = expr_join(parser, EXPR_UNION, $a, $b); }
;

difference:
  term[a] EXCEPT term[b] { $$ = expr_join(parser, EXPR_EXCEPT, $a, $b); }
| difference[a] EXCEPT term[b] { $$ = expr_join(parser, EXPR_EXCEPT, $a, $b); }
| union[a] EXCEPT term[b] { $$ = expr_mixed(parser, $a, $b); }
| difference[a] COMMA term[b] { $$ = expr_mixed(parser, $a, $b); }
;

term:
  word { $$ = expr_word(parser, $word); }
| OPEN expr CLOSE
    { $$ = $expr; $$->closed = true; $$->span = @$; }
;

attrs:
  %empty { $$ = attrs_none(); }
| attrs[list] attr { $$ = attrs_add($list, $attr); }
;

attr:
  OWNER value    { $$ = attr_new(parser, ATTR_OWNER, @$); $$->value = $value; }
| TICKET value   { $$ = attr_new(parser, ATTR_TICKET, @$); $$->value = $value; }
| REASON value   { $$ = attr_new(parser, ATTR_REASON, @$); $$->value = $value; }
| EXPIRES word   { $$ = attr_new(parser, ATTR_EXPIRES, @$); $$->value = $word; }
| REVIEWED word BY value
    { $$ = attr_new(parser, ATTR_REVIEWED, @$); $$->value = $word; $$->by = $value; }
| EMERGENCY word BY value
    { $$ = attr_new(parser, ATTR_EMERGENCY, @$); $$->value = $word; $$->by = $value; }
| APPROVED BY value
    { $$ = attr_new(parser, ATTR_APPROVED, @$); $$->value = $value; }
| PARTY word     { $$ = attr_new(parser, ATTR_PARTY, @$); $$->value = $word; }
| LOG            { $$ = attr_new(parser, ATTR_LOG, @$); $$->value = $LOG; }
| WAIVES word    { $$ = attr_new(parser, ATTR_WAIVES, @$); $$->value = $word; }
| CONTROLS words { $$ = attr_new(parser, ATTR_CONTROLS, @$); $$->expr = $words; }
| SEVERITY word  { $$ = attr_new(parser, ATTR_SEVERITY, @$); $$->value = $word; }
| TRANSITIVELY   { $$ = attr_new(parser, ATTR_TRANSITIVELY, @$); }
| AVOIDING expr  { $$ = attr_new(parser, ATTR_AVOIDING, @$); $$->expr = $expr; }
| OUTBOUND       { $$ = attr_new(parser, ATTR_OUTBOUND, @$); }
| INBOUND        { $$ = attr_new(parser, ATTR_INBOUND, @$); }
| IN words       { $$ = attr_new(parser, ATTR_IN, @$); $$->expr = $words; }
;

settings:
  %empty { $$ = nodes_none(); }
| settings[list] setting { $$ = nodes_add($list, $setting); }
;

setting:
  word end
    { $$ = node_new(parser, AST_SETTING, @$); $$->name = $word; }
| word value end
    { $$ = node_new(parser, AST_SETTING, @$); $$->name = $word; $$->title = $value; }
| word value[key] value[text] end
    { $$ = node_new(parser, AST_SETTING, @$); $$->name = $word; $$->key = $key;
      $$->title = $text; }
| error SEMICOLON { $$ = NULL; yyerrok; }
| error { $$ = NULL; }
;

name: word;

word:
  WORD | ENVIRONMENTS
| EVERY | SHARED_HOSTS | PREFIX_LIST | VIA | AWS | NFT | ACCOUNT | REGION
| VPC | NAT | PEER | OWNER | TICKET | REASON | EXPIRES | REVIEWED | APPROVED
| EMERGENCY | BY | PARTY | LOG | WAIVES | CONTROLS | SEVERITY | TRANSITIVELY | AVOIDING
| OUTBOUND | INBOUND
| RULE | AT | MOST | HOPS | LAYERS | ADDRESSES | PORTS
;

%%

static void policy_error(const struct span *span, struct parser *parser,
			 yyscan_t scanner, const char *message)
{
	(void)scanner;
	(void)message;
	parser_exhausted(parser, *span);
}

static int yyreport_syntax_error(const yypcontext_t *context,
				 struct parser *parser, yyscan_t scanner)
{
	yysymbol_kind_t expected[PARSER_EXPECTED];
	const char *names[PARSER_EXPECTED];
	yysymbol_kind_t got = yypcontext_token(context);
	int count = yypcontext_expected_tokens(context, expected,
					       PARSER_EXPECTED);

	(void)scanner;
	for (int i = 0; i < count; i++)
		names[i] = yysymbol_name(expected[i]);
	parser_complain(parser, *yypcontext_location(context),
			yysymbol_name(got), got == YYSYMBOL_YYEOF, names,
			count > 0 ? (size_t)count : 0);
	return 0;
}

void parser_run(struct parser *parser, const struct source *source)
{
	yyscan_t scanner;

	parser->source = source;
	parser->at = source->base;
	parser->last = (struct span){ source->base, source->base };
	parser->statement_start = true;
	policy_scan_lex_init_extra(parser, &scanner);
	policy_scan__scan_buffer(source->text, source->len + SOURCE_ENDS,
				 scanner);
	(void)policy_parse(parser, scanner);	/* mistakes are in the diags */
	if (parser->held_at)	/* it may have stopped in the middle */
		*parser->held_at = parser->held;
	policy_scan_lex_destroy(scanner);
}
