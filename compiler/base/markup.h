/*
 * Texts of a policy in other languages.  They are hostile: one function for
 * each place they can stand in.  Control characters, those that turn the
 * direction of writing, and broken UTF-8 are made visible first.
 */
#ifndef FIREBREAK_COMPILER_BASE_MARKUP_H
#define FIREBREAK_COMPILER_BASE_MARKUP_H

#include "compiler/base/text.h"

/* As it is, but for what is strange. */
void put_visible(struct text *out, const char *string);

/* Between tags, and in attributes in double quotes. */
void put_html(struct text *out, const char *string);

/* Inside of a string of CSS in double quotes. */
void put_css(struct text *out, const char *string);

/* In a cell of a Markdown table, or in a paragraph. */
void put_markdown(struct text *out, const char *string);

/* The same, with what stands in backticks as code. */
void put_markdown_code(struct text *out, const char *string);

/* A cell of a CSV file (RFC 4180), never a formula of a spreadsheet. */
void put_csv(struct text *out, const char *string);

/* A string of JSON, with its quotes. */
void put_json(struct text *out, const char *string);

#endif
