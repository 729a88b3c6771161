/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

#define WEB_CHART_MAX_SERIES 12

/** WebChartType */
typedef enum {
    WEB_CHART_LINE,
    WEB_CHART_BAR,
    WEB_CHART_STACKED_AREA,
    WEB_CHART_STACKED_BAR,
    WEB_CHART_PIE,
} WebChartType;

/**
 * WebChartSeries:
 * @name: (owned)
 * @counts: (owned): one for each label
 */
typedef struct {
    char *name;
    uint64_t *counts;
} WebChartSeries;

/**
 * WebChart:
 * @title: (owned)
 * @labels: (owned): of the x axis, %NULL-terminated
 * @n_labels: how many
 * @series: (owned) (element-type WebChartSeries): at most %WEB_CHART_MAX_SERIES
 * @width: in pixels; @height: likewise
 * @fill: fills the area below lines
 * @dots: marks the points of lines
 * @x_labels: shows them; @y_labels: likewise
 */
typedef struct {
    WebChartType type;
    char *title;
    char **labels;
    unsigned n_labels;
    GPtrArray *series;
    unsigned width;
    unsigned height;
    bool fill;
    bool dots;
    bool x_labels;
    bool y_labels;
} WebChart;

/** web_chart_new: zeroed but for an empty list of series */
WebChart *web_chart_new(WebChartType type);
void web_chart_free(WebChart *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(WebChart, web_chart_free)

/** web_chart_add: (transfer none): a series with all counts 0; it is @self's */
WebChartSeries *web_chart_add(WebChart *self, const char *name);

/** web_chart_find_type: by its name in the URL ("line"); %FALSE for an unknown one */
bool web_chart_find_type(const char *name, WebChartType *out_type);

/** web_chart_type_names: (transfer none): all of them, with commas between */
const char *web_chart_type_names(void);

/** web_chart_print: (transfer full): an SVG 1.1 document that fits light and dark pages */
char *web_chart_print(const WebChart *self);

G_END_DECLS
