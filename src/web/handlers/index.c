/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The page at /: which refs the published repo has, their version and date.
 */
#include "web/handlers/handlers.h"

#include <ostree.h>
#include <stdbool.h>

static const char page_head[] =
    "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>atoll</title>\n"
    "<meta name=\"viewport\" content=\"width=device-width\">\n"
    "<style>body{font:16px/1.5 sans-serif;max-width:60em;margin:2em auto;padding:0 1em}"
    "table{border-collapse:collapse;width:100%}"
    "th,td{text-align:left;padding:.3em .8em .3em 0;border-bottom:1px solid #ccc}"
    "code{font-size:.9em}</style></head>\n<body><h1>atoll</h1>\n";

static void append_cell(GString *page, const char *element, const char *text)
{
    g_autofree char *escaped = g_markup_escape_text(text, -1);
    g_string_append_printf(page, "<td><%s>%s</%s></td>", element, escaped, element);
}

static bool append_ref(GString *page, OstreeRepo *repo, const char *ref, const char *checksum)
{
    g_autoptr(GVariant) commit = NULL;
    if (!ostree_repo_load_commit(repo, checksum, &commit, NULL, NULL))
        return false;
    g_autoptr(GVariant) metadata = g_variant_get_child_value(commit, 0);
    const char *version = "";
    g_variant_lookup(metadata, OSTREE_COMMIT_META_KEY_VERSION, "&s", &version);
    g_autoptr(GDateTime) when =
        g_date_time_new_from_unix_utc((gint64)ostree_commit_get_timestamp(commit));
    g_autofree char *date = when ? g_date_time_format(when, "%Y-%m-%d %H:%M UTC") : g_strdup("");

    g_string_append(page, "<tr>");
    append_cell(page, "b", ref);
    append_cell(page, "span", version);
    append_cell(page, "span", date);
    append_cell(page, "code", checksum);
    g_string_append(page, "</tr>\n");
    return true;
}

static void append_refs(GString *page, OstreeRepo *repo, GHashTable *refs)
{
    g_autoptr(GList) names = g_list_sort(g_hash_table_get_keys(refs), (GCompareFunc)g_strcmp0);
    g_string_append(page, "<table><tr><th>ref</th><th>version</th><th>date</th>"
                          "<th>commit</th></tr>\n");
    for (GList *name = names; name != NULL; name = name->next) {
        const char *checksum = g_hash_table_lookup(refs, name->data);
        /* A ref may move or go while the page is made; then it is left out this once. */
        if (!append_ref(page, repo, name->data, checksum))
            g_debug("ref ‘%s’ has no commit %s", (const char *)name->data, checksum);
    }
    g_string_append(page, "</table>\n");
}

WebResponse *web_index_handle(const WebSite *site, const WebRequest *request)
{
    g_autoptr(GError) error = NULL;
    g_autoptr(GHashTable) refs = NULL;
    g_autoptr(OstreeRepo) repo = ostree_repo_open_at(site->repo_dfd, ".", NULL, &error);
    if (repo == NULL || !ostree_repo_list_refs(repo, NULL, &refs, NULL, &error)) {
        g_debug("index: %s", error->message);
        return web_response_new_error(request, 503, "the published repository cannot be read");
    }
    g_autoptr(GString) page = g_string_new(page_head);
    if (g_hash_table_size(refs) == 0)
        g_string_append(page, "<p>Nothing is published yet.</p>\n");
    else
        append_refs(page, repo, refs);
    g_string_append(page, "<p>OSTree repository: <code>/repo/</code></p>\n</body></html>\n");

    g_autoptr(GBytes) body = g_string_free_to_bytes(g_steal_pointer(&page));
    WebResponse *response = web_response_new_bytes(200, "text/html; charset=utf-8", body);
    web_response_add_header(response, "Cache-Control", "no-cache");
    web_response_add_header(response, "Content-Security-Policy",
                            "default-src 'none'; style-src 'unsafe-inline'");
    return response;
}
