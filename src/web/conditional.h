/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "web/request.h"

#include <stdint.h>

G_BEGIN_DECLS

/** web_conditional_print_date: @seconds since 1970 as "Sun, 06 Nov 1994 08:49:37 GMT" */
char *web_conditional_print_date(int64_t seconds);

/** web_conditional_parse_date: reads that form only; -1 for anything else */
int64_t web_conditional_parse_date(const char *text);

/**
 * web_conditional_etag_matches:
 * @list: value of If-None-Match: "*" or entity tags with commas between
 * @etag: the strong tag of what would be sent, with its quotes
 *
 * The weak comparison of RFC 9110, 8.8.3.2.
 */
bool web_conditional_etag_matches(const char *list, const char *etag);

/**
 * web_conditional_is_fresh:
 * @request: its If-None-Match, or without one its If-Modified-Since
 * @etag: tag of what would be sent
 * @modified: when that changed last, seconds since 1970
 *
 * Returns: whether 304 is the answer (RFC 9110, 13.2.2)
 */
bool web_conditional_is_fresh(const WebRequest *request, const char *etag, int64_t modified);

/** web_conditional_allows_range: whether If-Range, when there is one, still holds */
bool web_conditional_allows_range(const WebRequest *request, const char *etag, int64_t modified);

G_END_DECLS
