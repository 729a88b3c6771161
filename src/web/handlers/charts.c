/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * /charts/TYPE: how many events there were, over time, as SVG; datagrepper's parameters.
 */
#include "web/handlers/handlers.h"

#include "web/chart.h"
#include "web/json.h"
#include "web/search.h"

#include <math.h>
#include <string.h>

#define DEFAULT_SECONDS (365 * 86400.0)

/* What "split_on" may name: which values are its factors, which filter they replace, and by what
 * the log can group when no values were given. */
typedef struct {
    const char *name;
    WebSearchList list;
    size_t filter;
    const char *group;
} Factor;

static const Factor factors[] = {
    {"users", WEB_SEARCH_USER, offsetof(BusQuery, users), NULL},
    {"packages", WEB_SEARCH_PACKAGE, offsetof(BusQuery, packages), NULL},
    {"categories", WEB_SEARCH_CATEGORY, offsetof(BusQuery, categories), "category"},
    {"topics", WEB_SEARCH_TOPIC, offsetof(BusQuery, topics), "topic"},
    {"agents", WEB_SEARCH_AGENT, offsetof(BusQuery, actors), "actor"},
};

typedef struct {
    BusLog *log;
    const WebSearch *search;
    WebChart *chart;
    int64_t start_us;
    int64_t bucket_us;
} Job;

static WebChartSeries *find_series(WebChart *chart, const char *name)
{
    for (unsigned i = 0; i < chart->series->len; i++) {
        WebChartSeries *series = chart->series->pdata[i];
        if (strcmp(series->name, name) == 0)
            return series;
    }
    if (chart->series->len == WEB_CHART_MAX_SERIES)
        return chart->series->pdata[WEB_CHART_MAX_SERIES - 1];
    bool last = chart->series->len == WEB_CHART_MAX_SERIES - 1;
    return web_chart_add(chart, last ? "others" : name);
}

static bool count(const Job *job, const BusQuery *query, const char *name, const char *group,
                  GError **error)
{
    g_autoptr(GVariant) rows = bus_query_histogram(job->log, query, job->bucket_us, group, error);
    if (rows == NULL)
        return false;
    WebChartSeries *fixed = group == NULL ? find_series(job->chart, name) : NULL;
    GVariantIter iter;
    gint64 start_us = 0;
    const char *value = NULL;
    guint64 n_events = 0;
    g_variant_iter_init(&iter, rows);
    while (g_variant_iter_next(&iter, "(x&st)", &start_us, &value, &n_events)) {
        WebChartSeries *series = fixed != NULL ? fixed : find_series(job->chart, value);
        int64_t index = (start_us - job->start_us) / job->bucket_us;
        series->counts[CLAMP(index, 0, (int64_t)job->chart->n_labels - 1)] += n_events;
    }
    return true;
}

/* One series for each combination of the factors' values. */
static bool count_combinations(const Job *job, const GPtrArray *split, unsigned depth,
                               const BusQuery *query, const char *name, GError **error)
{
    if (depth == split->len)
        return count(job, query, name[0] != '\0' ? name : "events", NULL, error);
    const Factor *factor = split->pdata[depth];
    const GPtrArray *values = job->search->lists[factor->list];
    for (unsigned i = 0; i < values->len; i++) {
        char *only[] = {values->pdata[i], NULL};
        BusQuery narrowed = *query; /* borrows */
        BusFilter *filter = (BusFilter *)(void *)((char *)&narrowed + factor->filter);
        filter->any = only;
        g_autofree char *joined = g_strjoin(name[0] != '\0' ? " & " : "", name, only[0], NULL);
        if (!count_combinations(job, split, depth + 1, &narrowed, joined, error))
            return false;
    }
    return true;
}

static GPtrArray *find_split(const WebSearch *search, const char **out_group)
{
    GPtrArray *split = g_ptr_array_new();
    const GPtrArray *names = search->lists[WEB_SEARCH_SPLIT_ON];
    for (unsigned i = 0; i < names->len; i++) {
        for (unsigned k = 0; k < G_N_ELEMENTS(factors); k++) {
            if (strcmp(factors[k].name, names->pdata[i]) != 0)
                continue;
            if (search->lists[factors[k].list]->len > 0)
                g_ptr_array_add(split, (gpointer)&factors[k]);
            else if (*out_group == NULL)
                *out_group = factors[k].group;
        }
    }
    return split;
}

static void set_labels(Job *job, int64_t end_us)
{
    WebChart *chart = job->chart;
    chart->labels = g_new0(char *, chart->n_labels + 1);
    int64_t span_us = end_us - job->start_us;
    const char *format = "%Y-%m-%d";
    if (span_us <= (int64_t)600 * G_USEC_PER_SEC)
        format = "%H:%M:%S";
    else if (span_us <= (int64_t)86400 * G_USEC_PER_SEC)
        format = "%H:%M";
    else if (span_us <= (int64_t)4 * 86400 * G_USEC_PER_SEC)
        format = "%m-%d %H:%M";
    for (unsigned i = 0; i < chart->n_labels; i++) {
        int64_t when_us = job->start_us + job->bucket_us * i;
        g_autoptr(GDateTime) when = g_date_time_new_from_unix_utc(when_us / G_USEC_PER_SEC);
        chart->labels[i] = when != NULL ? g_date_time_format(when, format) : g_strdup("");
    }
}

static WebChart *make_chart(WebChartType type, const WebSearch *search)
{
    const int64_t *numbers = search->numbers;
    WebChart *chart = web_chart_new(type);
    chart->title = g_strdup(search->texts[WEB_SEARCH_TITLE]);
    chart->width = (unsigned)numbers[WEB_SEARCH_WIDTH];
    chart->height = (unsigned)numbers[WEB_SEARCH_HEIGHT];
    chart->n_labels = (unsigned)numbers[WEB_SEARCH_STEPS];
    chart->fill = numbers[WEB_SEARCH_FILL] != 0;
    chart->dots = numbers[WEB_SEARCH_DOTS] != 0;
    chart->x_labels = numbers[WEB_SEARCH_X_LABELS] != 0;
    chart->y_labels = numbers[WEB_SEARCH_Y_LABELS] != 0;
    return chart;
}

static bool fill_chart(Job *job, BusQuery *query, GError **error)
{
    const char *group = NULL;
    g_autoptr(GPtrArray) split = find_split(job->search, &group);
    if (split->len == 0 && group == NULL && job->chart->type == WEB_CHART_PIE)
        group = "category"; /* a pie of one slice says nothing */
    if (split->len == 0 && group != NULL)
        return count(job, query, NULL, group, error);
    return count_combinations(job, split, 0, query, "", error);
}

static WebResponse *respond(const WebChart *chart)
{
    char *svg = web_chart_print(chart);
    g_autoptr(GBytes) body = g_bytes_new_take(svg, strlen(svg));
    WebResponse *response = web_response_new_bytes(200, "image/svg+xml", body);
    web_response_add_header(response, "Cache-Control", "max-age=60");
    web_response_add_header(response, "Content-Security-Policy",
                            "default-src 'none'; style-src 'unsafe-inline'");
    return response;
}

WebResponse *web_charts_handle(const WebSite *site, const WebRequest *request)
{
    WebChartType type = WEB_CHART_LINE;
    if (!web_chart_find_type(web_request_param(request, "type"), &type)) {
        g_autofree char *message =
            g_strdup_printf("no such chart: want one of %s", web_chart_type_names());
        return web_json_refuse(404, message);
    }
    g_autoptr(GError) error = NULL;
    double now = (double)g_get_real_time() / G_USEC_PER_SEC;
    g_autoptr(WebSearch) search = web_search_parse(request->query, now, WEB_SEARCH_LENIENT, &error);
    if (search == NULL)
        return web_json_refuse(400, error->message);
    double end = isnan(search->times[WEB_SEARCH_END]) ? now : search->times[WEB_SEARCH_END];
    double start = isnan(search->times[WEB_SEARCH_START]) ? MAX(end - DEFAULT_SECONDS, 0)
                                                          : search->times[WEB_SEARCH_START];
    if (end <= start)
        return web_json_refuse(400, "parameter ‘end’: want a time after ‘start’");

    g_auto(WebLogsLease) lease = {0};
    g_auto(BusQuery) query = {0};
    web_search_fill_query(search, &query);
    query.start_us = (int64_t)(start * G_USEC_PER_SEC);
    query.end_us = (int64_t)(end * G_USEC_PER_SEC);
    g_autoptr(WebChart) chart = make_chart(type, search);
    Job job = {
        .search = search,
        .chart = chart,
        .start_us = query.start_us,
        .bucket_us = MAX((query.end_us - query.start_us + chart->n_labels - 1) / chart->n_labels,
                         G_USEC_PER_SEC / 1000),
    };
    set_labels(&job, query.end_us);
    bool good = web_logs_borrow(site->logs, &lease, &error);
    job.log = lease.log;
    if (!good || !fill_chart(&job, &query, &error)) {
        web_logs_note(&lease, error);
        return web_json_refuse_error(error);
    }
    return respond(chart);
}
