/*
 * The public internet: which addresses a host anywhere on it may have.
 */
#ifndef FIREBREAK_COMPILER_SPECIAL_H
#define FIREBREAK_COMPILER_SPECIAL_H

#include "compiler/base/ranges.h"

/*
 * 0.0.0.0/0 and 2000::/3 less what the IANA special-purpose address registries
 * call not globally reachable (RFC 6890 and its updates) and less multicast.
 */
struct both special_public(struct arena *arena);

#endif
