/*
 * What every proof stands on, and what a report cannot say.  Plain sentences,
 * without markup; NULL at the end.
 */
#ifndef FIREBREAK_COMPILER_EVIDENCE_ASSUMPTIONS_H
#define FIREBREAK_COMPILER_EVIDENCE_ASSUMPTIONS_H

extern const char *const assumptions[];
extern const char *const limits[];

#endif
