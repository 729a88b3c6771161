/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The page at /: which refs the published repo has, their version and date.
 */
#include "web/handlers/handlers.h"

#include "web/html.h"

#include <ostree.h>
#include <stdbool.h>

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
    g_string_append(page, "<div class=\"wide\"><table><tr><th>ref</th><th>version</th><th>date</th>"
                          "<th>commit</th></tr>\n");
    for (GList *name = names; name != NULL; name = name->next) {
        const char *checksum = g_hash_table_lookup(refs, name->data);
        /* A ref may move or go while the page is made; then it is left out this once. */
        if (!append_ref(page, repo, name->data, checksum))
            g_debug("ref ‘%s’ has no commit %s", (const char *)name->data, checksum);
    }
    g_string_append(page, "</table></div>\n");
}

static WebResponse *respond(GHashTable *refs, OstreeRepo *repo)
{
    g_autoptr(GString) page = g_string_new(NULL);
    web_html_begin(page, "Releases", WEB_HTML_PLAIN);
    g_string_append(page, "<h1>Releases</h1>\n");
    if (refs == NULL || g_hash_table_size(refs) == 0)
        g_string_append(page, "<p>Nothing is published yet.</p>\n");
    else
        append_refs(page, repo, refs);
    if (refs != NULL)
        g_string_append(page, "<p>OSTree repository: <code>/repo/</code></p>\n");
    g_string_append(page, "<p class=\"links\"><a href=\"/log\">What happened: the event log</a>"
                          "</p>\n");
    web_html_end(page);
    return web_html_respond(200, g_steal_pointer(&page));
}

WebResponse *web_index_handle(const WebSite *site, const WebRequest *request)
{
    if (site->repo_dfd < 0)
        return respond(NULL, NULL);
    g_autoptr(GError) error = NULL;
    g_autoptr(GHashTable) refs = NULL;
    g_autoptr(OstreeRepo) repo = ostree_repo_open_at(site->repo_dfd, ".", NULL, &error);
    if (repo == NULL || !ostree_repo_list_refs(repo, NULL, &refs, NULL, &error)) {
        g_debug("index: %s", error->message);
        return web_response_new_error(request, 503, "the published repository cannot be read");
    }
    return respond(refs, repo);
}
