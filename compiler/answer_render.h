/* Answers and statements drawn. */
#ifndef FIREBREAK_COMPILER_ANSWER_RENDER_H
#define FIREBREAK_COMPILER_ANSWER_RENDER_H

#include "compiler/base/text.h"
#include "firebreak/query.h"

void answer_text(struct text *out, const struct fb_answer *answer,
		 const char *question, bool colour);
void answer_json(struct text *out, const struct fb_answer *answer,
		 const char *question);
void statement_text(struct text *out, const struct fb_statement *statement,
		    bool colour);
void statement_json(struct text *out, const struct fb_statement *statement);

#endif
