/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * /repo/…: the published archive repo. Only what a client has a use for is served: temporary
 * files, locks and state are not on the list. The kernel itself keeps a path inside
 * (openat2); content goes out by sendfile.
 */
#include "web/handlers/handlers.h"

#include "base/fd.h"
#include "web/conditional.h"
#include "web/range.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define IMMUTABLE "public, max-age=31536000, immutable"

typedef struct {
    const char *name;
    bool is_dir;
    const char *cache_control;
    const char *content_type;
} Entry;

static const Entry entries[] = {
    {"objects", true, IMMUTABLE, "application/octet-stream"},
    {"deltas", true, IMMUTABLE, "application/octet-stream"},
    {"delta-indexes", true, "no-cache", "application/octet-stream"},
    {"extensions", true, "no-cache", "application/octet-stream"},
    {"refs", true, "no-cache", "text/plain; charset=utf-8"},
    {"config", false, "no-cache", "text/plain; charset=utf-8"},
    {"summary", false, "no-cache", "application/octet-stream"},
    {"summary.sig", false, "no-cache", "application/octet-stream"},
};

static const Entry *find_entry(const char *path)
{
    size_t length = strcspn(path, "/");
    for (unsigned i = 0; i < G_N_ELEMENTS(entries); i++) {
        bool names_it =
            strlen(entries[i].name) == length && memcmp(entries[i].name, path, length) == 0;
        if (names_it && entries[i].is_dir == (path[length] == '/'))
            return &entries[i];
    }
    return NULL;
}

static int open_beneath(int dfd, const char *path, uint64_t flags, uint64_t resolve)
{
    struct open_how how = {
        .flags = flags | O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
        .resolve = resolve | RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS,
    };
    return (int)syscall(SYS_openat2, dfd, path, &how, sizeof how);
}

/* OSTree's ref aliases are symbolic links from one ref to another: they may stay in refs/. */
static int open_file(const WebSite *site, const char *path)
{
    const char *below = g_str_has_prefix(path, "refs/") ? path + strlen("refs/") : NULL;
    if (below == NULL)
        return open_beneath(site->repo_dfd, path, 0, RESOLVE_NO_SYMLINKS);
    base_autofd refs_dfd = open_beneath(site->repo_dfd, "refs", O_DIRECTORY, RESOLVE_NO_SYMLINKS);
    return refs_dfd < 0 ? -1 : open_beneath(refs_dfd, below, 0, 0);
}

/* A detached signature may be added to a commit at any time, all else below objects/ is named
 * by its digest. */
static const char *cache_control(const Entry *entry, const char *path)
{
    return g_str_has_suffix(path, ".commitmeta") ? "no-cache" : entry->cache_control;
}

static void add_validators(WebResponse *response, const char *cache, const char *etag,
                           int64_t modified)
{
    g_autofree char *date = web_conditional_print_date(modified);
    web_response_add_header(response, "Cache-Control", cache);
    web_response_add_header(response, "ETag", etag);
    web_response_add_header(response, "Last-Modified", date);
    web_response_add_header(response, "Accept-Ranges", "bytes");
}

static WebResponse *respond_file(const WebRequest *request, const Entry *entry, int fd,
                                 const struct stat *status, const char *etag)
{
    uint64_t size = (uint64_t)status->st_size;
    uint64_t offset = 0;
    uint64_t length = size;
    const char *range = NULL;
    /* RFC 9110: Range has a meaning for GET only. */
    if (strcmp(request->method, "GET") == 0 &&
        web_conditional_allows_range(request, etag, status->st_mtim.tv_sec))
        range = web_request_header(request, "Range");

    switch (web_range_parse(range, size, &offset, &length)) {
    case WEB_RANGE_PART: {
        WebResponse *part = web_response_new_file(206, entry->content_type, fd, offset, length);
        g_autofree char *content_range =
            g_strdup_printf("bytes %" G_GUINT64_FORMAT "-%" G_GUINT64_FORMAT "/%" G_GUINT64_FORMAT,
                            offset, offset + length - 1, size);
        web_response_add_header(part, "Content-Range", content_range);
        return part;
    }
    case WEB_RANGE_UNSATISFIABLE: {
        WebResponse *refusal =
            web_response_new_error(request, 416, "the range starts past the end of the file");
        g_autofree char *content_range = g_strdup_printf("bytes */%" G_GUINT64_FORMAT, size);
        web_response_add_header(refusal, "Content-Range", content_range);
        close(fd);
        return refusal;
    }
    case WEB_RANGE_WHOLE:
    default:
        return web_response_new_file(200, entry->content_type, fd, 0, size);
    }
}

WebResponse *web_repo_handle(const WebSite *site, const WebRequest *request)
{
    const char *path = web_request_param(request, "*");
    const Entry *entry = find_entry(path);
    if (site->repo_dfd < 0 || entry == NULL || path[0] == '.' || strstr(path, "/.") != NULL)
        return web_response_new_error(request, 404, "no such file in the repository");

    base_autofd fd = open_file(site, path);
    int open_errno = errno;
    struct stat status;
    if (fd < 0 && (open_errno == EMFILE || open_errno == ENFILE || open_errno == ENOMEM))
        return web_response_new_error(request, 503, "the server is out of file descriptors");
    if (fd < 0 || fstat(fd, &status) != 0 || !S_ISREG(status.st_mode))
        return web_response_new_error(request, 404, "no such file in the repository");

    const char *cache = cache_control(entry, path);
    g_autofree char *etag =
        g_strdup_printf("\"%lx.%lx-%lx-%lx\"", (unsigned long)status.st_mtim.tv_sec,
                        (unsigned long)status.st_mtim.tv_nsec, (unsigned long)status.st_ino,
                        (unsigned long)status.st_size);
    WebResponse *response = NULL;
    if (web_conditional_is_fresh(request, etag, status.st_mtim.tv_sec)) {
        response = web_response_new(304);
        add_validators(response, cache, etag, status.st_mtim.tv_sec);
    } else {
        response = respond_file(request, entry, base_fd_steal(&fd), &status, etag);
        if (response->status != 416)
            add_validators(response, cache, etag, status.st_mtim.tv_sec);
    }
    return response;
}
