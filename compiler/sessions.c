/*
 * A connection is tracked, and lives on, but for tcp and udp of everybody where
 * all of it may go the other way: then every packet is looked at by itself.
 */
#include "compiler/sessions.h"

#include <stddef.h>
#include <string.h>

enum fb_sessions sessions_of(const char *protocol, bool everybody,
			     bool answered)
{
	bool untracked = strcmp(protocol, "tcp") == 0 ||
			 strcmp(protocol, "udp") == 0;

	return untracked && everybody && answered ? FB_SESSIONS_END
						  : FB_SESSIONS_LIVE_ON;
}

const char *sessions_word(enum fb_sessions sessions)
{
	switch (sessions) {
	case FB_SESSIONS_NONE:
		return "";
	case FB_SESSIONS_LIVE_ON:
		return "live-on";
	case FB_SESSIONS_END:
		return "end";
	}
	return "";
}

const char *sessions_text(enum fb_sessions sessions)
{
	switch (sessions) {
	case FB_SESSIONS_NONE:
		return NULL;
	case FB_SESSIONS_LIVE_ON:
		return "connections that are open live on where AWS tracks them: tcp until it is idle for up to 5 days; a network ACL cuts them at once";
	case FB_SESSIONS_END:
		return "some open connections are not tracked and end at once, unless they come by NAT, a load balancer or an endpoint";
	}
	return NULL;
}
