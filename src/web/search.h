/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "bus/query.h"
#include "web/query.h"

#include <stdbool.h>

G_BEGIN_DECLS

#define WEB_SEARCH_DEFAULT_ROWS 25
#define WEB_SEARCH_MAX_ROWS 100
/** WEB_SEARCH_CONTAINS_DAYS: how far back a search of bodies may start (datagrepper's) */
#define WEB_SEARCH_CONTAINS_DAYS (8 * 4 * 7)

/** WebSearchList: parameters that may be given more than once */
typedef enum {
    WEB_SEARCH_USER,
    WEB_SEARCH_PACKAGE,
    WEB_SEARCH_CATEGORY,
    WEB_SEARCH_TOPIC,
    WEB_SEARCH_AGENT,
    WEB_SEARCH_CONTAINS,
    WEB_SEARCH_NOT_USER,
    WEB_SEARCH_NOT_PACKAGE,
    WEB_SEARCH_NOT_CATEGORY,
    WEB_SEARCH_NOT_TOPIC,
    WEB_SEARCH_NOT_AGENT,
    WEB_SEARCH_OBJECT,
    WEB_SEARCH_NOT_OBJECT,
    WEB_SEARCH_META,
    WEB_SEARCH_SPLIT_ON,
    WEB_SEARCH_N_LISTS,
} WebSearchList;

/** WebSearchText: parameters of which the first counts */
typedef enum {
    WEB_SEARCH_ORDER,
    WEB_SEARCH_SIZE,
    WEB_SEARCH_CALLBACK,
    WEB_SEARCH_ID,
    WEB_SEARCH_TITLE,
    WEB_SEARCH_N_TEXTS,
} WebSearchText;

/** WebSearchNumber: likewise, whole numbers and switches */
typedef enum {
    WEB_SEARCH_PAGE,
    WEB_SEARCH_ROWS_PER_PAGE,
    WEB_SEARCH_SEVERITY,
    WEB_SEARCH_SINCE,
    WEB_SEARCH_CHROME,
    WEB_SEARCH_WIDTH,
    WEB_SEARCH_HEIGHT,
    WEB_SEARCH_STEPS,
    WEB_SEARCH_FILL,
    WEB_SEARCH_X_LABELS,
    WEB_SEARCH_Y_LABELS,
    WEB_SEARCH_DOTS,
    WEB_SEARCH_HUMAN,
    WEB_SEARCH_N_NUMBERS,
} WebSearchNumber;

/** WebSearchTime: seconds, with a fraction */
typedef enum {
    WEB_SEARCH_START,
    WEB_SEARCH_END,
    WEB_SEARCH_DELTA,
    WEB_SEARCH_N_TIMES,
} WebSearchTime;

/**
 * WebSearch:
 * @lists: values of each list, %NULL-terminated
 * @texts: (nullable): each text, %NULL when it was not given and has no default
 * @numbers: each number, its default when it was not given; -1 for none
 * @times: each time; %NAN for none. With any of them given, what follows from it is filled in
 * @ends_now: the end was not given, it is the present
 *
 * What a query string asks for, checked and with defaults.
 */
typedef struct {
    GPtrArray *lists[WEB_SEARCH_N_LISTS];
    char *texts[WEB_SEARCH_N_TEXTS];
    int64_t numbers[WEB_SEARCH_N_NUMBERS];
    double times[WEB_SEARCH_N_TIMES];
    bool ends_now;
} WebSearch;

/**
 * WebSearchFlags:
 * @WEB_SEARCH_LENIENT: for a search: unknown parameters are ignored, as datagrepper does, and
 *   "contains" needs a bound
 * @WEB_SEARCH_STRICT: for a live stream: unknown parameters are errors that name the nearest
 *   known one
 */
typedef enum {
    WEB_SEARCH_LENIENT,
    WEB_SEARCH_STRICT,
} WebSearchFlags;

/**
 * web_search_parse:
 * @raw: (nullable): a query string
 * @now: seconds since 1970
 * @flags: see #WebSearchFlags
 * @error: names the parameter, what it wants and what it got
 */
WebSearch *web_search_parse(const char *raw, double now, WebSearchFlags flags,
                            GError **error) G_GNUC_WARN_UNUSED_RESULT;
void web_search_free(WebSearch *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WebSearch, web_search_free)

/** web_search_fill_query: @out_query (bus_query_clear() it) asks the log for what @self wants */
void web_search_fill_query(const WebSearch *self, BusQuery *out_query);

/**
 * web_search_run:
 * @log: the log
 * @self: a search
 * @out_total: (out): how many match in all
 * @error: %BUS_ERROR_INVALID too for what the archive finds too far away
 *
 * Returns: (transfer full) (element-type BusEvent): the page that @self asks for; empty past the
 *   last one
 */
GPtrArray *web_search_run(BusLog *log, const WebSearch *self, uint64_t *out_total,
                          GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** web_search_append: adds the filters and times that were given to a link, not the page */
void web_search_append(const WebSearch *self, GString *target);

/** web_search_parse_time: "1700000000.5", "2026-11-20", "2026-11-20T12:00:00Z"; UTC without a
 * zone; %NAN for anything else */
double web_search_parse_time(const char *text);

G_END_DECLS
