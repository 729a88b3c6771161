/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Charts as SVG: counts go in, text comes out. Knows neither events nor HTTP.
 */
#include "web/chart.h"

#include <math.h>
#include <string.h>

enum {
    MARGIN_LEFT = 64,
    MARGIN_RIGHT = 16,
    MARGIN_TOP = 48,
    LABEL_HEIGHT = 76,
    LEGEND_ROW = 20,
    LEGEND_COLUMN = 200,
    GRID_LINES = 4,
    NAME_MAX_CHARS = 26,
};

/* Told apart by most people with a colour vision deficiency, on white and on near-black. */
static const char *const colours[WEB_CHART_MAX_SERIES] = {
    "#3f7fbf", "#e08a1e", "#2f9e77", "#c65f9e", "#8a6fd1", "#b8a100",
    "#d1495b", "#4fb3bf", "#7a8b99", "#a5673f", "#6aa84f", "#d48fb8",
};

static const struct {
    const char *name;
    WebChartType type;
} types[] = {
    {"line", WEB_CHART_LINE},
    {"bar", WEB_CHART_BAR},
    {"stackedarea", WEB_CHART_STACKED_AREA},
    {"stackedline", WEB_CHART_STACKED_AREA},
    {"stackedbar", WEB_CHART_STACKED_BAR},
    {"pie", WEB_CHART_PIE},
};

/* The rectangle that data is drawn in. */
typedef struct {
    double left, top, width, height;
    double top_value;
} Frame;

static void series_free(gpointer data)
{
    WebChartSeries *self = data;
    g_free(self->name);
    g_free(self->counts);
    g_free(self);
}

WebChart *web_chart_new(WebChartType type)
{
    WebChart *self = g_new0(WebChart, 1);
    self->type = type;
    self->series = g_ptr_array_new_with_free_func(series_free);
    return self;
}

void web_chart_free(WebChart *self)
{
    if (self == NULL)
        return;
    g_free(self->title);
    g_strfreev(self->labels);
    g_ptr_array_unref(self->series);
    g_free(self);
}

WebChartSeries *web_chart_add(WebChart *self, const char *name)
{
    g_assert(self->series->len < WEB_CHART_MAX_SERIES);
    WebChartSeries *series = g_new0(WebChartSeries, 1);
    series->name = g_strdup(name);
    series->counts = g_new0(uint64_t, self->n_labels);
    g_ptr_array_add(self->series, series);
    return series;
}

bool web_chart_find_type(const char *name, WebChartType *out_type)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(types); i++) {
        if (strcmp(types[i].name, name) == 0) {
            *out_type = types[i].type;
            return true;
        }
    }
    return false;
}

const char *web_chart_type_names(void)
{
    return "line, bar, stackedarea, stackedline, stackedbar, pie";
}

static void append_number(GString *svg, const char *before, double value)
{
    char text[G_ASCII_DTOSTR_BUF_SIZE];
    g_string_append_printf(svg, "%s%s", before, g_ascii_formatd(text, sizeof text, "%.1f", value));
}

static void append_text(GString *svg, double x, double y, const char *attributes, const char *text)
{
    g_autofree char *escaped = g_markup_escape_text(text, -1);
    append_number(svg, "<text x=\"", x);
    append_number(svg, "\" y=\"", y);
    g_string_append_printf(svg, "\" %s>%s</text>\n", attributes, escaped);
}

static void append_line(GString *svg, const char *class, double x1, double y1, double x2, double y2)
{
    append_number(svg, "<line x1=\"", x1);
    append_number(svg, "\" y1=\"", y1);
    append_number(svg, "\" x2=\"", x2);
    append_number(svg, "\" y2=\"", y2);
    g_string_append_printf(svg, "\" class=\"%s\"/>\n", class);
}

static bool is_stacked(const WebChart *self)
{
    return self->type == WEB_CHART_STACKED_AREA || self->type == WEB_CHART_STACKED_BAR;
}

static uint64_t count_at(const WebChart *self, unsigned series, unsigned label)
{
    const WebChartSeries *row = self->series->pdata[series];
    return row->counts[label];
}

static double sum_up_to(const WebChart *self, unsigned n_series, unsigned label)
{
    double sum = 0;
    for (unsigned i = 0; i < n_series; i++)
        sum += (double)count_at(self, i, label);
    return sum;
}

/* The next 1, 2 or 5 times a power of ten, so that grid lines stand at round numbers. */
static double round_up(double value)
{
    if (value <= GRID_LINES)
        return GRID_LINES;
    double step = value / GRID_LINES;
    double power = pow(10, floor(log10(step)));
    static const double steps[] = {1, 2, 2.5, 5, 10};
    for (unsigned i = 0; i < G_N_ELEMENTS(steps); i++) {
        if (steps[i] * power >= step && (power >= 10 || steps[i] != 2.5))
            return steps[i] * power * GRID_LINES;
    }
    return 10 * power * GRID_LINES;
}

static double top_value(const WebChart *self)
{
    double top = 0;
    for (unsigned label = 0; label < self->n_labels; label++) {
        if (is_stacked(self))
            top = MAX(top, sum_up_to(self, self->series->len, label));
        for (unsigned i = 0; !is_stacked(self) && i < self->series->len; i++)
            top = MAX(top, (double)count_at(self, i, label));
    }
    return round_up(top);
}

static char *print_count(double value)
{
    if (value >= 1e9)
        return g_strdup_printf("%.4gG", value / 1e9);
    if (value >= 1e6)
        return g_strdup_printf("%.4gM", value / 1e6);
    if (value >= 1e4)
        return g_strdup_printf("%.4gk", value / 1e3);
    return g_strdup_printf("%.0f", value);
}

static double x_of(const WebChart *self, const Frame *frame, unsigned label)
{
    return frame->left + frame->width * (label + 0.5) / MAX(self->n_labels, 1);
}

static double y_of(const Frame *frame, double value)
{
    return frame->top + frame->height * (1 - value / frame->top_value);
}

static void append_axes(GString *svg, const WebChart *self, const Frame *frame)
{
    for (unsigned i = 0; i <= GRID_LINES; i++) {
        double value = frame->top_value * i / GRID_LINES;
        double y = y_of(frame, value);
        append_line(svg, "grid", frame->left, y, frame->left + frame->width, y);
        g_autofree char *text = print_count(value);
        if (self->y_labels)
            append_text(svg, frame->left - 8, y + 4, "text-anchor=\"end\"", text);
    }
    unsigned every = MAX(1, (unsigned)(self->n_labels * 18 / MAX(frame->width, 1)));
    for (unsigned label = 0; self->x_labels && label < self->n_labels; label += every) {
        double x = x_of(self, frame, label);
        double y = frame->top + frame->height + 16;
        g_autofree char *turn =
            g_strdup_printf("text-anchor=\"end\" transform=\"rotate(-40 %d %d)\"", (int)x, (int)y);
        append_text(svg, x, y, turn, self->labels[label]);
    }
}

static void append_path(GString *svg, const WebChart *self, const Frame *frame, unsigned series)
{
    bool stacked = is_stacked(self);
    bool area = stacked || self->fill;
    for (unsigned label = 0; label < self->n_labels; label++) {
        double value =
            (double)count_at(self, series, label) + (stacked ? sum_up_to(self, series, label) : 0);
        append_number(svg, label == 0 ? "<path d=\"M" : "L", x_of(self, frame, label));
        append_number(svg, " ", y_of(frame, value));
    }
    for (unsigned label = self->n_labels; area && label > 0; label--) {
        double base = stacked ? sum_up_to(self, series, label - 1) : 0;
        append_number(svg, "L", x_of(self, frame, label - 1));
        append_number(svg, " ", y_of(frame, base));
    }
    if (area)
        g_string_append_printf(svg, "Z\" fill=\"%s\" fill-opacity=\"%s\" stroke=\"%s\"/>\n",
                               colours[series], stacked ? ".8" : ".25", colours[series]);
    else
        g_string_append_printf(svg, "\" fill=\"none\" stroke-width=\"2.5\" stroke=\"%s\"/>\n",
                               colours[series]);
}

static void append_tip(GString *svg, const WebChart *self, unsigned series, unsigned label)
{
    const WebChartSeries *row = self->series->pdata[series];
    g_autofree char *text = g_strdup_printf("%s, %s: %" G_GUINT64_FORMAT, row->name,
                                            self->labels[label], row->counts[label]);
    g_autofree char *escaped = g_markup_escape_text(text, -1);
    g_string_append_printf(svg, "><title>%s</title>", escaped);
}

static void append_dots(GString *svg, const WebChart *self, const Frame *frame, unsigned series)
{
    for (unsigned label = 0; label < self->n_labels; label++) {
        append_number(svg, "<circle r=\"3.5\" cx=\"", x_of(self, frame, label));
        append_number(svg, "\" cy=\"", y_of(frame, (double)count_at(self, series, label)));
        g_string_append_printf(svg, "\" fill=\"%s\"", colours[series]);
        append_tip(svg, self, series, label);
        g_string_append(svg, "</circle>\n");
    }
}

static void append_bars(GString *svg, const WebChart *self, const Frame *frame)
{
    double slot = frame->width / MAX(self->n_labels, 1) * 0.8;
    double width = is_stacked(self) ? slot : slot / MAX(self->series->len, 1);
    for (unsigned series = 0; series < self->series->len; series++) {
        for (unsigned label = 0; label < self->n_labels; label++) {
            double base = is_stacked(self) ? sum_up_to(self, series, label) : 0;
            double value = (double)count_at(self, series, label);
            double x = x_of(self, frame, label) - slot / 2;
            append_number(svg, "<rect x=\"", is_stacked(self) ? x : x + width * series);
            append_number(svg, "\" y=\"", y_of(frame, base + value));
            append_number(svg, "\" width=\"", MAX(width - 1, 1));
            append_number(svg, "\" height=\"", frame->height * value / frame->top_value);
            g_string_append_printf(svg, "\" fill=\"%s\"", colours[series]);
            append_tip(svg, self, series, label);
            g_string_append(svg, "</rect>\n");
        }
    }
}

static double series_total(const WebChart *self, unsigned series)
{
    double sum = 0;
    for (unsigned label = 0; label < self->n_labels; label++)
        sum += (double)count_at(self, series, label);
    return sum;
}

static void append_slice(GString *svg, const Frame *frame, double from, double to, unsigned series,
                         const char *tip)
{
    double radius = MIN(frame->width, frame->height) / 2;
    double x = frame->left + frame->width / 2;
    double y = frame->top + frame->height / 2;
    g_autofree char *escaped = g_markup_escape_text(tip, -1);
    if (to - from > 0.9999) {
        append_number(svg, "<circle cx=\"", x);
        append_number(svg, "\" cy=\"", y);
        append_number(svg, "\" r=\"", radius);
        g_string_append_printf(svg, "\" fill=\"%s\"><title>%s</title></circle>\n", colours[series],
                               escaped);
        return;
    }
    append_number(svg, "<path class=\"slice\" d=\"M", x);
    append_number(svg, " ", y);
    append_number(svg, "L", x + radius * sin(from * 2 * G_PI));
    append_number(svg, " ", y - radius * cos(from * 2 * G_PI));
    append_number(svg, "A", radius);
    append_number(svg, " ", radius);
    g_string_append_printf(svg, " 0 %d 1 ", to - from > 0.5);
    append_number(svg, "", x + radius * sin(to * 2 * G_PI));
    append_number(svg, " ", y - radius * cos(to * 2 * G_PI));
    g_string_append_printf(svg, "Z\" fill=\"%s\"><title>%s</title></path>\n", colours[series],
                           escaped);
}

static void append_pie(GString *svg, const WebChart *self, const Frame *frame)
{
    double total = 0;
    for (unsigned i = 0; i < self->series->len; i++)
        total += series_total(self, i);
    double from = 0;
    for (unsigned i = 0; total > 0 && i < self->series->len; i++) {
        const WebChartSeries *row = self->series->pdata[i];
        double share = series_total(self, i) / total;
        g_autofree char *tip =
            g_strdup_printf("%s: %.0f (%.1f %%)", row->name, share * total, share * 100);
        if (share > 0)
            append_slice(svg, frame, from, from + share, i, tip);
        from += share;
    }
    if (total <= 0)
        append_text(svg, frame->left + frame->width / 2, frame->top + frame->height / 2,
                    "text-anchor=\"middle\"", "no events");
}

static unsigned legend_columns(const WebChart *self)
{
    return MAX(1, self->width / LEGEND_COLUMN);
}

static void append_legend(GString *svg, const WebChart *self)
{
    unsigned columns = legend_columns(self);
    unsigned rows = (self->series->len + columns - 1) / columns;
    for (unsigned i = 0; i < self->series->len; i++) {
        const WebChartSeries *row = self->series->pdata[i];
        double x = 16 + (double)(i % columns) * LEGEND_COLUMN;
        unsigned rows_left = rows - i / columns;
        double y = (double)self->height - (double)LEGEND_ROW * rows_left + 4;
        g_autofree char *name = g_utf8_strlen(row->name, -1) > NAME_MAX_CHARS
                                    ? g_utf8_substring(row->name, 0, NAME_MAX_CHARS)
                                    : g_strdup(row->name);
        append_number(svg, "<rect width=\"12\" height=\"12\" x=\"", x);
        append_number(svg, "\" y=\"", y);
        g_string_append_printf(svg, "\" fill=\"%s\"/>", colours[i]);
        append_text(svg, x + 18, y + 11, "", name);
    }
}

char *web_chart_print(const WebChart *self)
{
    unsigned columns = legend_columns(self);
    unsigned legend_rows = (self->series->len + columns - 1) / columns;
    double legend = (double)LEGEND_ROW * legend_rows;
    bool pie = self->type == WEB_CHART_PIE;
    double below = legend + (self->x_labels && !pie ? LABEL_HEIGHT : 20);
    Frame frame = {
        .left = self->y_labels && !pie ? MARGIN_LEFT : MARGIN_RIGHT,
        .top = MARGIN_TOP,
        .height = MAX(self->height - MARGIN_TOP - below, 10),
        .top_value = top_value(self),
    };
    frame.width = MAX(self->width - frame.left - MARGIN_RIGHT, 10);
    g_autofree char *title = g_markup_escape_text(self->title != NULL ? self->title : "", -1);
    g_autoptr(GString) svg = g_string_new(NULL);
    g_string_append_printf(
        svg,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %u %u\" width=\"%u\" "
        "height=\"%u\" role=\"img\" aria-label=\"%s\">\n"
        "<style>text{font:13px system-ui,sans-serif;fill:#333}.title{font-size:18px;"
        "font-weight:600}.grid{stroke:#8886}.slice{stroke:#fff}.page{fill:#fff}"
        "@media(prefers-color-scheme:dark){text{fill:#ddd}.page,.slice{fill-opacity:1}"
        ".page{fill:#15181c}.slice{stroke:#15181c}}</style>\n"
        "<title>%s</title>\n<rect class=\"page\" width=\"100%%\" height=\"100%%\"/>\n"
        "<text class=\"title\" x=\"16\" y=\"28\">%s</text>\n",
        self->width, self->height, self->width, self->height, title, title, title);
    if (!pie)
        append_axes(svg, self, &frame);
    if (pie)
        append_pie(svg, self, &frame);
    else if (self->type == WEB_CHART_BAR || self->type == WEB_CHART_STACKED_BAR)
        append_bars(svg, self, &frame);
    for (unsigned i = 0; i < self->series->len && self->n_labels > 0; i++) {
        bool line = self->type == WEB_CHART_LINE;
        if (line || self->type == WEB_CHART_STACKED_AREA)
            append_path(svg, self, &frame, i);
        if (line && self->dots)
            append_dots(svg, self, &frame, i);
    }
    append_legend(svg, self);
    g_string_append(svg, "</svg>\n");
    return g_string_free(g_steal_pointer(&svg), FALSE);
}
