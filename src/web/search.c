/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What the query string of a search, a chart, a feed or a live stream may say: datagrepper's
 * parameters with its names, defaults and bounds, and a few of our own. One table.
 */
#include "web/search.h"

#include "base/error.h"
#include "base/nearest.h"

#include <math.h>
#include <string.h>

#define TEXT_MAX_BYTES 1024
/* Past it (year 2285) a time would be a slip, such as milliseconds. */
#define TIME_MAX 9999999999.0

typedef enum { LIST, TEXT, CHOICE, NAME, NUMBER, SWITCH, TIME, SECONDS } Kind;

typedef struct {
    const char *name;
    Kind kind;
    unsigned slot;
    const char *choices; /* with spaces between; of CHOICE, and of LIST when not NULL */
    const char *text;    /* default of a TEXT or CHOICE */
    int64_t number;      /* default of a NUMBER or SWITCH */
    int64_t min, max;
    bool link; /* goes into links to other pages of the same search */
} Parameter;

#define META_NAMES                                                                                 \
    "summary text url app_icon agent_avatar usernames packages containers modules flatpaks date "  \
    "subtitle link icon"

static const Parameter parameters[] = {
    {"user", LIST, WEB_SEARCH_USER, .link = true},
    {"package", LIST, WEB_SEARCH_PACKAGE, .link = true},
    {"category", LIST, WEB_SEARCH_CATEGORY, .link = true},
    {"topic", LIST, WEB_SEARCH_TOPIC, .link = true},
    {"agent", LIST, WEB_SEARCH_AGENT, .link = true},
    {"contains", LIST, WEB_SEARCH_CONTAINS, .link = true},
    {"not_user", LIST, WEB_SEARCH_NOT_USER, .link = true},
    {"not_package", LIST, WEB_SEARCH_NOT_PACKAGE, .link = true},
    {"not_category", LIST, WEB_SEARCH_NOT_CATEGORY, .link = true},
    {"not_topic", LIST, WEB_SEARCH_NOT_TOPIC, .link = true},
    {"not_agent", LIST, WEB_SEARCH_NOT_AGENT, .link = true},
    {"object", LIST, WEB_SEARCH_OBJECT, .link = true},
    {"not_object", LIST, WEB_SEARCH_NOT_OBJECT, .link = true},
    {"meta", LIST, WEB_SEARCH_META, .choices = META_NAMES},
    {"split_on", LIST, WEB_SEARCH_SPLIT_ON, .choices = "users packages categories topics agents"},
    {"start", TIME, WEB_SEARCH_START, .link = true},
    {"end", TIME, WEB_SEARCH_END, .link = true},
    {"delta", SECONDS, WEB_SEARCH_DELTA, .link = true},
    {"order", CHOICE, WEB_SEARCH_ORDER, .choices = "desc asc", .text = "desc", .link = true},
    {"size", CHOICE, WEB_SEARCH_SIZE, .choices = "small medium large extra-large", .text = "large"},
    {"callback", NAME, WEB_SEARCH_CALLBACK},
    {"id", TEXT, WEB_SEARCH_ID},
    {"title", TEXT, WEB_SEARCH_TITLE, .text = "events"},
    {"page", NUMBER, WEB_SEARCH_PAGE, .number = 1, .min = 1, .max = 1000000000},
    {"rows_per_page", NUMBER, WEB_SEARCH_ROWS_PER_PAGE, .number = WEB_SEARCH_DEFAULT_ROWS, .min = 0,
     .max = WEB_SEARCH_MAX_ROWS},
    {"severity", NUMBER, WEB_SEARCH_SEVERITY, .number = 0, .min = 0, .max = 40, .link = true},
    {"since", NUMBER, WEB_SEARCH_SINCE, .number = -1, .min = 0, .max = INT64_MAX},
    {"chrome", SWITCH, WEB_SEARCH_CHROME, .number = 1},
    {"width", NUMBER, WEB_SEARCH_WIDTH, .number = 800, .min = 100, .max = 4000},
    {"height", NUMBER, WEB_SEARCH_HEIGHT, .number = 500, .min = 100, .max = 4000},
    {"N", NUMBER, WEB_SEARCH_STEPS, .number = 10, .min = 3, .max = 60},
    {"fill", SWITCH, WEB_SEARCH_FILL, .number = 0},
    {"show_x_labels", SWITCH, WEB_SEARCH_X_LABELS, .number = 1},
    {"show_y_labels", SWITCH, WEB_SEARCH_Y_LABELS, .number = 1},
    {"show_dots", SWITCH, WEB_SEARCH_DOTS, .number = 1},
    {"human_readable", SWITCH, WEB_SEARCH_HUMAN, .number = 1},
};

static const Parameter *find_parameter(const char *name)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(parameters); i++) {
        if (strcmp(parameters[i].name, name) == 0)
            return &parameters[i];
    }
    return NULL;
}

static WebSearch *search_new(void)
{
    WebSearch *self = g_new0(WebSearch, 1);
    for (unsigned i = 0; i < WEB_SEARCH_N_LISTS; i++)
        self->lists[i] = g_ptr_array_new_with_free_func(g_free);
    for (unsigned i = 0; i < WEB_SEARCH_N_TIMES; i++)
        self->times[i] = NAN;
    for (unsigned i = 0; i < G_N_ELEMENTS(parameters); i++) {
        const Parameter *row = &parameters[i];
        if (row->kind == NUMBER || row->kind == SWITCH)
            self->numbers[row->slot] = row->number;
        else if (row->kind == TEXT || row->kind == CHOICE)
            self->texts[row->slot] = g_strdup(row->text);
    }
    return self;
}

void web_search_free(WebSearch *self)
{
    if (self == NULL)
        return;
    for (unsigned i = 0; i < WEB_SEARCH_N_LISTS; i++)
        g_ptr_array_unref(self->lists[i]);
    for (unsigned i = 0; i < WEB_SEARCH_N_TEXTS; i++)
        g_free(self->texts[i]);
    g_free(self);
}

double web_search_parse_time(const char *text)
{
    char *end = NULL;
    double seconds = g_ascii_strtod(text, &end);
    if (end != text && *end == '\0')
        return isfinite(seconds) && seconds >= 0 && seconds <= TIME_MAX ? seconds : NAN;
    if (strlen(text) > 40)
        return NAN;
    g_autofree char *whole = strlen(text) == strlen("2026-11-20")
                                 ? g_strconcat(text, "T00:00:00Z", NULL)
                                 : g_strdup(text);
    g_autoptr(GTimeZone) utc = g_time_zone_new_utc();
    g_autoptr(GDateTime) when = g_date_time_new_from_iso8601(whole, utc);
    if (when == NULL || g_date_time_to_unix(when) < 0)
        return NAN;
    return (double)g_date_time_to_unix(when) + g_date_time_get_microsecond(when) / 1e6;
}

static bool is_choice(const char *choices, const char *value)
{
    g_auto(GStrv) words = g_strsplit(choices, " ", -1);
    return g_strv_contains((const char *const *)words, value);
}

/* A name that may stand in front of "(" and do nothing else. */
static bool is_callback(const char *value)
{
    size_t length = strlen(value);
    if (length == 0 || length > 128 || g_ascii_isdigit(value[0]))
        return false;
    for (const char *next = value; *next != '\0'; next++) {
        if (!g_ascii_isalnum(*next) && strchr("_$.", *next) == NULL)
            return false;
    }
    return true;
}

static bool parse_switch(const char *value, int64_t *out_number)
{
    static const char *const yes[] = {"true", "yes", "on", "y", "t", "1", NULL};
    static const char *const no[] = {"false", "no", "off", "n", "f", "0", NULL};
    g_autofree char *stripped = g_strstrip(g_ascii_strdown(value, -1));
    bool is_yes = g_strv_contains(yes, stripped);
    if (!is_yes && !g_strv_contains(no, stripped))
        return false;
    *out_number = is_yes;
    return true;
}

static bool refuse(const Parameter *row, const char *value, GError **error)
{
    g_autofree char *wanted = NULL;
    switch (row->kind) {
    case NUMBER:
        wanted = g_strdup_printf("a whole number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT,
                                 row->min, row->max);
        break;
    case SWITCH:
        wanted = g_strdup("‘true’ or ‘false’");
        break;
    case TIME:
        wanted = g_strdup("seconds since 1970 or a date as 2026-11-20 or 2026-11-20T12:00:00Z");
        break;
    case SECONDS:
        wanted = g_strdup("a number of seconds");
        break;
    case NAME:
        wanted = g_strdup("the name of a function");
        break;
    case TEXT:
    case LIST:
    case CHOICE:
    default:
        wanted = row->choices != NULL ? g_strdup_printf("one of: %s", row->choices)
                                      : g_strdup_printf("at most %d bytes", TEXT_MAX_BYTES);
        break;
    }
    g_autofree char *shown = g_utf8_make_valid(value, (gssize)strnlen(value, 80));
    return base_error_set(error, BASE_ERROR_INVALID, "parameter ‘%s’: want %s, got ‘%s’", row->name,
                          wanted, shown);
}

static bool set_value(WebSearch *self, const Parameter *row, const char *value, GError **error)
{
    bool fits =
        strlen(value) <= TEXT_MAX_BYTES && (row->choices == NULL || is_choice(row->choices, value));
    char *end = NULL;
    double seconds = NAN;
    switch (row->kind) {
    case NUMBER:
        fits = g_ascii_string_to_signed(value, 10, row->min, row->max, &self->numbers[row->slot],
                                        NULL);
        break;
    case SWITCH:
        fits = parse_switch(value, &self->numbers[row->slot]);
        break;
    case TIME:
        seconds = web_search_parse_time(value);
        fits = !isnan(seconds);
        break;
    case SECONDS:
        seconds = g_ascii_strtod(value, &end);
        fits = end != value && *end == '\0' && seconds >= 0 && seconds <= TIME_MAX;
        break;
    case NAME:
        fits = is_callback(value);
        break;
    case TEXT:
    case LIST:
    case CHOICE:
    default:
        break;
    }
    if (!fits)
        return refuse(row, value, error);
    if (row->kind == LIST) {
        g_ptr_array_add(self->lists[row->slot], g_strdup(value));
    } else if (row->kind == TIME || row->kind == SECONDS) {
        self->times[row->slot] = seconds;
    } else if (row->kind != NUMBER && row->kind != SWITCH) {
        g_free(self->texts[row->slot]);
        self->texts[row->slot] = g_strdup(value);
    }
    return true;
}

static bool refuse_name(const char *name, GError **error)
{
    const char *names[G_N_ELEMENTS(parameters) + 1] = {NULL};
    for (unsigned i = 0; i < G_N_ELEMENTS(parameters); i++)
        names[i] = parameters[i].name;
    const char *nearest = base_nearest_name(name, names);
    return base_error_set(error, BASE_ERROR_INVALID, "there is no parameter ‘%s’%s%s%s", name,
                          nearest != NULL ? ": did you mean ‘" : "", nearest != NULL ? nearest : "",
                          nearest != NULL ? "’?" : "");
}

/* datagrepper's table: a time window from any two of the three, or from one and now. */
static void settle_times(WebSearch *self, double now)
{
    double *start = &self->times[WEB_SEARCH_START];
    double *end = &self->times[WEB_SEARCH_END];
    double *delta = &self->times[WEB_SEARCH_DELTA];
    bool has_start = !isnan(*start);
    bool has_end = !isnan(*end);
    bool has_delta = !isnan(*delta);
    if (has_start && has_delta && !has_end)
        *end = *start + *delta;
    else if (!has_end && (has_start || has_delta))
        *end = now;
    self->ends_now = !has_end && !(has_start && has_delta);
    if (!has_start && has_delta)
        *start = MAX(*end - *delta, 0);
    else if (!has_start && has_end)
        *start = 0;
    if (has_start)
        *delta = *end - *start;
}

static bool check_contains(const WebSearch *self, double now, GError **error)
{
    if (self->lists[WEB_SEARCH_CONTAINS]->len == 0)
        return true;
    double limit = now - WEB_SEARCH_CONTAINS_DAYS * 86400.0;
    double start = self->times[WEB_SEARCH_START];
    if (isnan(start) || start < limit)
        return base_error_set(error, BASE_ERROR_INVALID,
                              "parameter ‘contains’ wants a ‘start’ at most eight months ago");
    if (self->lists[WEB_SEARCH_TOPIC]->len == 0 && self->lists[WEB_SEARCH_CATEGORY]->len == 0)
        return base_error_set(error, BASE_ERROR_INVALID,
                              "parameter ‘contains’ wants a ‘topic’ or a ‘category’ as well");
    return true;
}

WebSearch *web_search_parse(const char *raw, double now, WebSearchFlags flags, GError **error)
{
    g_autoptr(GPtrArray) pairs = web_query_parse(raw, error);
    if (pairs == NULL)
        return NULL;
    g_autoptr(WebSearch) self = search_new();
    bool seen[G_N_ELEMENTS(parameters)] = {false};
    for (unsigned i = 0; i < pairs->len; i++) {
        const WebPair *pair = pairs->pdata[i];
        const Parameter *row = find_parameter(pair->name);
        if (row == NULL && flags == WEB_SEARCH_STRICT) {
            (void)refuse_name(pair->name, error);
            return NULL;
        }
        /* An empty value is what a form sends for a field that was left alone. */
        if (row == NULL || pair->value[0] == '\0')
            continue;
        if (row->kind != LIST && seen[row - parameters])
            continue;
        seen[row - parameters] = true;
        if (!set_value(self, row, pair->value, error))
            return NULL;
    }
    settle_times(self, now);
    if (flags == WEB_SEARCH_LENIENT && !check_contains(self, now, error))
        return NULL;
    return g_steal_pointer(&self);
}

static char **copy_list(const GPtrArray *list)
{
    if (list->len == 0)
        return NULL;
    char **copy = g_new0(char *, list->len + 1);
    for (unsigned i = 0; i < list->len; i++)
        copy[i] = g_strdup(list->pdata[i]);
    return copy;
}

/* An agent is a name without its kind; whoever writes the kind gets exactly that actor. */
static char **expand_agents(const GPtrArray *list)
{
    static const char *const kinds[] = {"person:", "service:", "builder:", "host:", ""};
    if (list->len == 0)
        return NULL;
    g_autoptr(GPtrArray) actors = g_ptr_array_new();
    for (unsigned i = 0; i < list->len; i++) {
        const char *name = list->pdata[i];
        if (strchr(name, ':') != NULL) {
            g_ptr_array_add(actors, g_strdup(name));
            continue;
        }
        for (unsigned kind = 0; kind < G_N_ELEMENTS(kinds); kind++)
            g_ptr_array_add(actors, g_strconcat(kinds[kind], name, NULL));
    }
    g_ptr_array_add(actors, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&actors), FALSE);
}

static int64_t to_us(double seconds)
{
    return isnan(seconds) ? 0 : (int64_t)(seconds * G_USEC_PER_SEC);
}

void web_search_fill_query(const WebSearch *self, BusQuery *out_query)
{
    GPtrArray *const *lists = self->lists;
    int64_t rows = self->numbers[WEB_SEARCH_ROWS_PER_PAGE];
    *out_query = (BusQuery){
        .topics = {copy_list(lists[WEB_SEARCH_TOPIC]), copy_list(lists[WEB_SEARCH_NOT_TOPIC])},
        .categories = {copy_list(lists[WEB_SEARCH_CATEGORY]),
                       copy_list(lists[WEB_SEARCH_NOT_CATEGORY])},
        .actors = {expand_agents(lists[WEB_SEARCH_AGENT]),
                   expand_agents(lists[WEB_SEARCH_NOT_AGENT])},
        .objects = {copy_list(lists[WEB_SEARCH_OBJECT]), copy_list(lists[WEB_SEARCH_NOT_OBJECT])},
        .users = {copy_list(lists[WEB_SEARCH_USER]), copy_list(lists[WEB_SEARCH_NOT_USER])},
        .packages = {copy_list(lists[WEB_SEARCH_PACKAGE]),
                     copy_list(lists[WEB_SEARCH_NOT_PACKAGE])},
        .contains = {copy_list(lists[WEB_SEARCH_CONTAINS]), NULL},
        .severity_min = (unsigned)self->numbers[WEB_SEARCH_SEVERITY],
        .start_us = to_us(self->times[WEB_SEARCH_START]),
        .end_us = to_us(self->times[WEB_SEARCH_END]),
        .order = g_str_equal(self->texts[WEB_SEARCH_ORDER], "asc") ? BUS_ORDER_ASC : BUS_ORDER_DESC,
        .offset = (uint64_t)(rows * (self->numbers[WEB_SEARCH_PAGE] - 1)),
        .limit = (unsigned)rows,
    };
}

static bool wants_everything(const WebSearch *self)
{
    for (unsigned i = 0; i < WEB_SEARCH_N_LISTS; i++) {
        if (i != WEB_SEARCH_META && i != WEB_SEARCH_SPLIT_ON && self->lists[i]->len > 0)
            return false;
    }
    return isnan(self->times[WEB_SEARCH_START]) && isnan(self->times[WEB_SEARCH_END]) &&
           self->numbers[WEB_SEARCH_SEVERITY] == 0;
}

/* Numbers have no gaps: any page of everything is found at once, however far back. */
static GPtrArray *read_page(BusLog *log, const BusQuery *query, uint64_t total, GError **error)
{
    uint64_t length = MIN(query->limit, total - query->offset);
    bool ascending = query->order == BUS_ORDER_ASC;
    uint64_t after = ascending ? query->offset : total - query->offset - length;
    g_autoptr(GPtrArray) events = bus_log_read(log, after, (unsigned)length, error);
    for (unsigned i = 0; events != NULL && !ascending && i < events->len / 2; i++) {
        gpointer *ends[] = {&events->pdata[i], &events->pdata[events->len - 1 - i]};
        gpointer first = *ends[0];
        *ends[0] = *ends[1];
        *ends[1] = first;
    }
    return g_steal_pointer(&events);
}

GPtrArray *web_search_run(BusLog *log, const WebSearch *self, uint64_t *out_total, GError **error)
{
    g_auto(BusQuery) query = {0};
    web_search_fill_query(self, &query);
    unsigned limit = query.limit;
    uint64_t total = 0;
    g_autoptr(GPtrArray) events = NULL;
    g_autoptr(GError) query_error = NULL;
    bool everything = wants_everything(self);
    query.limit = 0;
    bool counted = everything ? bus_log_head(log, &total, &query_error)
                              : (events = bus_query_run(log, &query, &total, &query_error)) != NULL;
    query.limit = limit;
    /* counting ends there, what there is to see does not */
    bool goes_on = !everything && total == BUS_QUERY_COUNT_MAX;
    if (counted && limit > 0 && (query.offset < total || goes_on)) {
        g_clear_pointer(&events, g_ptr_array_unref);
        events = everything ? read_page(log, &query, total, &query_error)
                            : bus_query_run(log, &query, NULL, &query_error);
    } else if (counted && events == NULL) {
        events = g_ptr_array_new();
    }
    if (events == NULL) {
        if (g_error_matches(query_error, BUS_ERROR, BUS_ERROR_TOO_LARGE))
            query_error->code = BUS_ERROR_INVALID;
        g_propagate_error(error, g_steal_pointer(&query_error));
        return NULL;
    }
    *out_total = total;
    return g_steal_pointer(&events);
}

void web_search_append(const WebSearch *self, GString *target)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(parameters); i++) {
        const Parameter *row = &parameters[i];
        if (!row->link)
            continue;
        if (row->kind == LIST) {
            for (unsigned k = 0; k < self->lists[row->slot]->len; k++)
                web_query_append(target, row->name, self->lists[row->slot]->pdata[k]);
        } else if (row->kind == CHOICE && g_strcmp0(self->texts[row->slot], row->text) != 0) {
            web_query_append(target, row->name, self->texts[row->slot]);
        } else if (row->kind == NUMBER && self->numbers[row->slot] != row->number) {
            g_autofree char *text = g_strdup_printf("%" G_GINT64_FORMAT, self->numbers[row->slot]);
            web_query_append(target, row->name, text);
        } else if (row->slot == WEB_SEARCH_END && row->kind == TIME && self->ends_now) {
            continue;
        } else if (row->kind == TIME && !isnan(self->times[row->slot])) {
            char text[G_ASCII_DTOSTR_BUF_SIZE];
            web_query_append(target, row->name,
                             g_ascii_formatd(text, sizeof text, "%.6f", self->times[row->slot]));
        }
    }
}
