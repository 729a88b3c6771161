/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Finds the row of the routing table that a request is for.
 */
#include "web/route.h"

#include <string.h>

static bool component_matches(const char *pattern, size_t pattern_length, const char *text,
                              size_t length, GPtrArray *params)
{
    if (pattern_length > 0 && pattern[0] == ':') {
        if (length == 0)
            return false;
        g_ptr_array_add(params, g_strndup(pattern + 1, pattern_length - 1));
        g_ptr_array_add(params, g_strndup(text, length));
        return true;
    }
    return pattern_length == length && memcmp(pattern, text, length) == 0;
}

bool web_route_match(const char *pattern, const char *path, char ***out_params)
{
    g_autoptr(GPtrArray) params = g_ptr_array_new_with_free_func(g_free);
    while (true) {
        /* Both stand on a slash here. */
        if (pattern[0] != '/' || path[0] != '/')
            return false;
        pattern++;
        path++;
        if (strcmp(pattern, "*") == 0) {
            if (path[0] == '\0')
                return false;
            g_ptr_array_add(params, g_strdup("*"));
            g_ptr_array_add(params, g_strdup(path));
            break;
        }
        const char *pattern_end = strchrnul(pattern, '/');
        const char *path_end = strchrnul(path, '/');
        if (!component_matches(pattern, (size_t)(pattern_end - pattern), path,
                               (size_t)(path_end - path), params))
            return false;
        pattern = pattern_end;
        path = path_end;
        if (pattern[0] == '\0' && path[0] == '\0')
            break;
    }
    g_ptr_array_add(params, NULL);
    *out_params = (char **)g_ptr_array_free(g_steal_pointer(&params), FALSE);
    return true;
}

static bool method_matches(const WebRoute *route, const char *method)
{
    return strcmp(route->method, method) == 0 ||
           (strcmp(route->method, "GET") == 0 && strcmp(method, "HEAD") == 0);
}

const WebRoute *web_route_find(const WebRoute *routes, const char *method, const char *path,
                               char ***out_params, char **out_allowed)
{
    g_autoptr(GString) allowed = g_string_new(NULL);
    for (const WebRoute *route = routes; route->method != NULL; route++) {
        g_auto(GStrv) params = NULL;
        if (!web_route_match(route->pattern, path, &params))
            continue;
        if (method_matches(route, method)) {
            *out_params = g_steal_pointer(&params);
            return route;
        }
        bool is_get = strcmp(route->method, "GET") == 0;
        g_string_append_printf(allowed, "%s%s%s", allowed->len > 0 ? ", " : "", route->method,
                               is_get ? ", HEAD" : "");
    }
    if (allowed->len > 0)
        *out_allowed = g_string_free(g_steal_pointer(&allowed), FALSE);
    return NULL;
}
