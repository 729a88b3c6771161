/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Charts: every type is well-formed XML, escapes what it is given, and draws what was counted.
 */
#include "web/chart.h"

#include <string.h>

static void ignore_text(GMarkupParseContext *context, const gchar *text, gsize length,
                        gpointer user_data, GError **error)
{
}

static void assert_well_formed(const char *svg)
{
    static const GMarkupParser parser = {.text = ignore_text};
    g_autoptr(GError) error = NULL;
    g_autoptr(GMarkupParseContext) context =
        g_markup_parse_context_new(&parser, G_MARKUP_DEFAULT_FLAGS, NULL, NULL);
    g_assert_true(g_markup_parse_context_parse(context, svg, -1, &error));
    g_assert_true(g_markup_parse_context_end_parse(context, &error));
    g_assert_no_error(error);
    g_assert_null(strstr(svg, "nan"));
    g_assert_null(strstr(svg, "inf\""));
}

static unsigned count(const char *text, const char *word)
{
    unsigned n = 0;
    for (const char *next = strstr(text, word); next != NULL; next = strstr(next + 1, word))
        n++;
    return n;
}

static WebChart *make(WebChartType type, unsigned n_labels, unsigned n_series, uint64_t scale)
{
    WebChart *chart = web_chart_new(type);
    chart->title = g_strdup("<script>&\"'");
    chart->n_labels = n_labels;
    chart->labels = g_new0(char *, n_labels + 1);
    chart->width = 800;
    chart->height = 400;
    chart->dots = chart->x_labels = chart->y_labels = true;
    for (unsigned i = 0; i < n_labels; i++)
        chart->labels[i] = g_strdup_printf("day <%u>", i);
    for (unsigned i = 0; i < n_series; i++) {
        g_autofree char *name = g_strdup_printf("series & %u", i);
        WebChartSeries *series = web_chart_add(chart, name);
        for (unsigned k = 0; k < n_labels; k++)
            series->counts[k] = scale * (i + k);
    }
    return chart;
}

static void test_types(void)
{
    static const char *const names[] = {"line",        "bar",        "stackedarea",
                                        "stackedline", "stackedbar", "pie"};
    static const uint64_t scales[] = {0, 1, 1000, G_MAXUINT32};
    for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
        WebChartType type = WEB_CHART_LINE;
        g_assert_true(web_chart_find_type(names[i], &type));
        g_assert_nonnull(strstr(web_chart_type_names(), names[i]));
        for (unsigned k = 0; k < G_N_ELEMENTS(scales); k++) {
            for (unsigned n_series = 0; n_series <= WEB_CHART_MAX_SERIES; n_series += 4) {
                g_autoptr(WebChart) chart = make(type, 10, n_series, scales[k]);
                g_autofree char *svg = web_chart_print(chart);
                assert_well_formed(svg);
                g_assert_null(strstr(svg, "<script>"));
            }
        }
    }
    g_assert_false(web_chart_find_type("gauge", &(WebChartType){0}));
}

static void test_marks(void)
{
    g_autoptr(WebChart) line = make(WEB_CHART_LINE, 7, 3, 5);
    g_autofree char *line_svg = web_chart_print(line);
    g_assert_cmpint(count(line_svg, "<circle"), ==, 21);
    g_assert_cmpint(count(line_svg, "<path"), ==, 3);
    g_autoptr(WebChart) bar = make(WEB_CHART_BAR, 7, 3, 5);
    g_autofree char *bar_svg = web_chart_print(bar);
    g_assert_cmpint(count(bar_svg, "<title>series"), ==, 21);
    g_assert_nonnull(strstr(bar_svg, "series &amp; 2, day &lt;6&gt;: 40<"));
    g_autoptr(WebChart) pie = make(WEB_CHART_PIE, 1, 2, 5);
    g_autofree char *pie_svg = web_chart_print(pie);
    g_assert_nonnull(strstr(pie_svg, "series &amp; 1: 5 (100.0 %)"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/web/chart/types", test_types);
    g_test_add_func("/web/chart/marks", test_marks);
    return g_test_run();
}
