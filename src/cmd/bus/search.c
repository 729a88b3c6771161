/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll bus search: events by what they say.
 */
#include "cmd/commands.h"

#include "cmd/bus/open.h"

#include <stdio.h>
#include <string.h>

#define LIMIT 25

#define REPEATED(option, value, text)                                                              \
    {                                                                                              \
        .name = option, .metavar = value, .help = text, .repeatable = true                         \
    }

const CmdOption cmd_bus_search_options[] = {
    REPEATED("topic", "GLOB", "topics; this and the next may be given more than once"),
    REPEATED("category", "WORD", "fourth words of topics"),
    REPEATED("actor", "ACTOR", "who did it"),
    REPEATED("object", "KIND:ID", "what it is about"),
    REPEATED("user", "NAME", "objects of the kind user"),
    REPEATED("package", "NAME", "objects of the kinds rpm, deb and package"),
    REPEATED("contains", "TEXT", "what the body has (needs --start, and --topic or --category)"),
    {.name = "severity", .metavar = "NAME", .help = "at least debug, info, warning or error"},
    REPEATED("not-topic", "GLOB", "topics to leave out"),
    REPEATED("not-category", "WORD", "categories to leave out"),
    REPEATED("not-actor", "ACTOR", "actors to leave out"),
    {.name = "start", .metavar = "TIME", .help = "the first moment"},
    {.name = "end", .metavar = "TIME", .help = "the moment after the last"},
    {.name = "limit", .metavar = "N", .help = "events to show (default: 25)"},
    {.name = "page", .metavar = "N", .help = "which page of them (default: 1)"},
    {.name = "oldest-first", .help = "in the order of the log (default: newest first)"},
    CMD_BUS_OPTIONS,
    CMD_OPTION_JSON,
    {0},
};

static bool read_severity(const CmdArgs *args, BusQuery *query, GError **error)
{
    const char *name = cmd_args_string(args, "severity");
    BusSeverity severity = BUS_SEVERITY_DEBUG;
    if (name == NULL)
        return true;
    bool ok = cmd_bus_read_severity(name, &severity, error);
    query->severity_min = severity;
    return ok;
}

static bool read_paging(const CmdArgs *args, BusQuery *query, GError **error)
{
    const char *limit = cmd_args_string(args, "limit");
    const char *page = cmd_args_string(args, "page");
    const char *start = cmd_args_string(args, "start");
    const char *end = cmd_args_string(args, "end");
    uint64_t n_limit = LIMIT;
    uint64_t n_page = 1;
    if ((limit != NULL && !cmd_bus_read_number("--limit", limit, &n_limit, error)) ||
        (page != NULL && !cmd_bus_read_number("--page", page, &n_page, error)) ||
        (start != NULL && !cmd_bus_read_time("--start", start, &query->start_us, error)) ||
        (end != NULL && !cmd_bus_read_time("--end", end, &query->end_us, error)))
        return false;
    query->limit = (unsigned)MIN(n_limit, 10000);
    query->offset = n_page > 1 ? MIN(n_page - 1, 1000000) * query->limit : 0;
    return true;
}

static void read_filters(const CmdArgs *args, BusQuery *query)
{
    query->topics.any = cmd_bus_strings(args, "topic");
    query->topics.none = cmd_bus_strings(args, "not-topic");
    query->categories.any = cmd_bus_strings(args, "category");
    query->categories.none = cmd_bus_strings(args, "not-category");
    query->actors.any = cmd_bus_strings(args, "actor");
    query->actors.none = cmd_bus_strings(args, "not-actor");
    query->objects.any = cmd_bus_strings(args, "object");
    query->users.any = cmd_bus_strings(args, "user");
    query->packages.any = cmd_bus_strings(args, "package");
    query->contains.any = cmd_bus_strings(args, "contains");
    query->order = cmd_args_flag(args, "oldest-first") ? BUS_ORDER_ASC : BUS_ORDER_DESC;
}

CmdExit cmd_bus_search_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_auto(BusQuery) query = {0};
    uint64_t total = 0;
    if (!read_paging(args, &query, error) || !read_severity(args, &query, error))
        return CMD_EXIT_USAGE;
    read_filters(args, &query);
    g_autoptr(CmdBus) bus = cmd_bus_open(args, CMD_BUS_READ, error);
    g_autoptr(GPtrArray) events =
        bus != NULL ? bus_query_run(bus->log, &query, &total, error) : NULL;
    if (events == NULL)
        return CMD_EXIT_FAILED;
    for (guint i = 0; i < events->len; i++) {
        if (!cmd_bus_print_event(events->pdata[i], cmd_args_flag(args, "json"), error))
            return CMD_EXIT_FAILED;
    }
    if (!cmd_args_flag(args, "json"))
        fprintf(stderr, "%u of %" G_GUINT64_FORMAT "%s\n", events->len, total,
                total >= BUS_QUERY_COUNT_MAX ? " or more" : "");
    return CMD_EXIT_DONE;
}
