/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Conditional requests (RFC 9110, section 13): entity tags and HTTP dates.
 */
#include "web/conditional.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

static const char *const day_names[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
static const char *const month_names[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                          "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};

char *web_conditional_print_date(int64_t seconds)
{
    /* Not strftime(): the names must be English in every locale. */
    time_t when = (time_t)seconds;
    struct tm parts = {0};
    if (gmtime_r(&when, &parts) == NULL)
        return g_strdup("Thu, 01 Jan 1970 00:00:00 GMT");
    return g_strdup_printf("%s, %02d %s %04d %02d:%02d:%02d GMT", day_names[parts.tm_wday],
                           parts.tm_mday, month_names[parts.tm_mon], parts.tm_year + 1900,
                           parts.tm_hour, parts.tm_min, parts.tm_sec);
}

static int find_month(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(month_names); i++) {
        if (strcmp(month_names[i], name) == 0)
            return (int)i + 1;
    }
    return 0;
}

int64_t web_conditional_parse_date(const char *text)
{
    char day_name[4] = "";
    char month_name[4] = "";
    int day = 0, year = 0, hour = 0, minute = 0, second = 0, end = 0;
    if (strlen(text) != strlen("Sun, 06 Nov 1994 08:49:37 GMT") ||
        sscanf(text, "%3s, %2d %3s %4d %2d:%2d:%2d GMT%n", day_name, &day, month_name, &year, &hour,
               &minute, &second, &end) != 7 ||
        text[end] != '\0' || end == 0)
        return -1;
    int month = find_month(month_name);
    if (month == 0)
        return -1;
    g_autoptr(GDateTime) when = g_date_time_new_utc(year, month, day, hour, minute, second);
    return when != NULL ? g_date_time_to_unix(when) : -1;
}

bool web_conditional_etag_matches(const char *list, const char *etag)
{
    size_t etag_length = strlen(etag);
    const char *next = list;
    while (true) {
        next += strspn(next, " \t,");
        if (*next == '\0')
            return false;
        if (next[0] == '*')
            return next == list && next[1] == '\0';
        if (g_str_has_prefix(next, "W/"))
            next += 2;
        if (*next != '"')
            return false;
        const char *close = strchr(next + 1, '"');
        if (close == NULL)
            return false;
        size_t length = (size_t)(close + 1 - next);
        if (length == etag_length && memcmp(next, etag, length) == 0)
            return true;
        next = close + 1;
    }
}

bool web_conditional_is_fresh(const WebRequest *request, const char *etag, int64_t modified)
{
    const char *none_match = web_request_header(request, "If-None-Match");
    if (none_match != NULL)
        return web_conditional_etag_matches(none_match, etag);
    const char *since = web_request_header(request, "If-Modified-Since");
    return since != NULL && web_conditional_parse_date(since) >= modified;
}

bool web_conditional_allows_range(const WebRequest *request, const char *etag, int64_t modified)
{
    const char *if_range = web_request_header(request, "If-Range");
    if (if_range == NULL)
        return true;
    if (if_range[0] == '"')
        return strcmp(if_range, etag) == 0;
    return web_conditional_parse_date(if_range) == modified;
}
