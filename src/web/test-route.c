/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Patterns, and the rows of the real table.
 */
#include "web/route.h"

static WebResponse *answer(const WebSite *site, const WebRequest *request)
{
    return web_response_new(200);
}

static const WebRoute routes[] = {
    {.method = "GET", .pattern = "/", .handle = answer},
    {.method = "GET", .pattern = "/api/streams/:stream/graph", .handle = answer},
    {.method = "POST", .pattern = "/api/streams/:stream/graph", .handle = answer},
    {.method = "GET", .pattern = "/files/*", .handle = answer},
    {.method = NULL},
};

static void test_match(void)
{
    static const struct {
        const char *pattern, *path;
        bool want;
    } cases[] = {
        {"/", "/", true},
        {"/", "/a", false},
        {"/a", "/a", true},
        {"/a", "/a/", false},
        {"/a/", "/a/", true},
        {"/a", "/ab", false},
        {"/ab", "/a", false},
        {"/a/:x", "/a/b", true},
        {"/a/:x", "/a/", false},
        {"/a/:x", "/a", false},
        {"/a/:x", "/a/b/c", false},
        {"/a/:x/c", "/a/b/c", true},
        {"/a/*", "/a/b", true},
        {"/a/*", "/a/b/c/d", true},
        {"/a/*", "/a/", false},
        {"/a/*", "/a", false},
        {"/a/*", "/ab", false},
        {"/*", "/", false},
        {"/a/:x/*", "/a/b/c", true},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
        g_test_message("%s %s", cases[i].pattern, cases[i].path);
        g_auto(GStrv) params = NULL;
        g_assert_cmpint(web_route_match(cases[i].pattern, cases[i].path, &params), ==,
                        cases[i].want);
    }
    g_auto(GStrv) params = NULL;
    g_assert_true(web_route_match("/a/:x/*", "/a/b/c/d", &params));
    WebRequest request = {.params = (const char *const *)params};
    g_assert_cmpstr(web_request_param(&request, "x"), ==, "b");
    g_assert_cmpstr(web_request_param(&request, "*"), ==, "c/d");
    g_assert_null(web_request_param(&request, "y"));
}

static void test_find(void)
{
    g_auto(GStrv) params = NULL;
    g_autofree char *allowed = NULL;
    g_assert_true(web_route_find(routes, "HEAD", "/", &params, &allowed) == &routes[0]);
    g_clear_pointer(&params, g_strfreev);
    g_assert_true(web_route_find(routes, "POST", "/api/streams/a/graph", &params, &allowed) ==
                  &routes[2]);
    g_clear_pointer(&params, g_strfreev);
    g_assert_null(web_route_find(routes, "GET", "/none", &params, &allowed));
    g_assert_null(allowed);
    g_assert_null(web_route_find(routes, "PUT", "/api/streams/a/graph", &params, &allowed));
    g_assert_cmpstr(allowed, ==, "GET, HEAD, POST");
}

static void test_errors(void)
{
    WebRequest api = {.path = "/api/x"};
    g_autoptr(WebResponse) json = web_response_new_error(&api, 404, "no “x”");
    g_assert_cmpstr(web_response_header(json, "content-type"), ==, "application/json");
    g_assert_cmpstr(g_bytes_get_data(json->body, NULL), ==,
                    "{\"status\":404,\"error\":\"no “x”\"}\n");
    WebRequest page = {.path = "/x"};
    g_autoptr(WebResponse) text = web_response_new_error(&page, 404, "no x");
    g_assert_cmpstr(g_bytes_get_data(text->body, NULL), ==, "no x\n");
}

static void test_table(void)
{
    for (const WebRoute *route = web_routes; route->method != NULL; route++) {
        g_test_message("%s %s", route->method, route->pattern);
        g_assert_nonnull(route->handle);
        g_assert_true(route->pattern[0] == '/');
        for (const WebRoute *other = route + 1; other->method != NULL; other++)
            g_assert_false(g_str_equal(route->method, other->method) &&
                           g_str_equal(route->pattern, other->pattern));
    }
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/web/route/match", test_match);
    g_test_add_func("/web/route/find", test_find);
    g_test_add_func("/web/route/errors", test_errors);
    g_test_add_func("/web/route/table", test_table);
    return g_test_run();
}
