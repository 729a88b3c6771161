/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Time zone, locale, keyboard, time servers, resolver: one file each.
 */
#include "provision/apply/apply.h"

#include "base/error.h"
#include "base/fd.h"
#include "provision/error.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

static bool is_debian(ProvisionApply *self)
{
    struct stat st = {0};
    return provision_root_stat(self->root, "/etc/debian_version", PROVISION_ROOT_FOLLOW, &st);
}

static bool set_timezone(ProvisionApply *self, const char *zone, bool *out_changed, GError **error)
{
    g_autofree char *path = g_strdup_printf("/usr/share/zoneinfo/%s", zone);
    g_autofree char *line = g_strdup_printf("%s\n", zone);
    struct stat st = {0};
    bool file_changed = false;
    if (zone[0] == '/' || strstr(zone, "..") != NULL || strpbrk(zone, "\n ") != NULL ||
        !provision_root_stat(self->root, path, PROVISION_ROOT_FOLLOW, &st) ||
        !S_ISREG(st.st_mode)) {
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                    "there is no time zone ‘%s’ in /usr/share/zoneinfo", zone);
        return false;
    }
    if (is_debian(self) &&
        !provision_root_write_text(self->root, "/etc/timezone", line, 0644, &file_changed, error))
        return false;
    bool good = provision_root_link(self->root, "/etc/localtime", path, geteuid(), getegid(),
                                    PROVISION_ROOT_DEFAULT, out_changed, error);
    *out_changed |= file_changed;
    return good;
}

bool provision_apply_timezone(ProvisionApply *self, GError **error)
{
    const ProvisionText *setting = &self->plan->settings.timezone;
    g_autoptr(GError) local = NULL;
    bool changed = false;
    (void)error;
    if (setting->text == NULL)
        return true;
    bool good = set_timezone(self, setting->text, &changed, &local);
    provision_apply_outcome(self, &setting->at, good, changed, g_steal_pointer(&local));
    return true;
}

/* Sets NAME=value in a file of such lines, and leaves the others alone. */
static char *with_line(const char *text, const char *name, const char *value)
{
    g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
    GString *out = g_string_new(NULL);
    size_t size = strlen(name);
    bool found = false;
    for (char **line = lines; *line != NULL; line++) {
        bool ours = strncmp(*line, name, size) == 0 && (*line)[size] == '=';
        if (line[1] == NULL && **line == '\0')
            break;
        if (!ours)
            g_string_append_printf(out, "%s\n", *line);
        else if (!found)
            g_string_append_printf(out, "%s=%s\n", name, value);
        found = found || ours;
    }
    if (!found)
        g_string_append_printf(out, "%s=%s\n", name, value);
    return g_string_free(out, FALSE);
}

static bool is_plain(const char *text)
{
    return text[0] != '\0' && strpbrk(text, "\n\"'\\$`; ") == NULL;
}

/* "en_US.utf8" of "en_US.UTF-8": the name that compiled locales have. */
static char *compiled_name(const char *locale)
{
    GString *name = g_string_new(NULL);
    bool codeset = false;
    for (const char *c = locale; *c != '\0'; c++) {
        codeset = (codeset || *c == '.') && *c != '@';
        if (!codeset || *c == '.' || g_ascii_isalnum(*c))
            g_string_append_c(name, codeset ? g_ascii_tolower(*c) : *c);
    }
    return g_string_free(name, FALSE);
}

static bool has_locale(ProvisionApply *self, const char *locale)
{
    static const char *const built_in[] = {"C", "POSIX", "C.UTF-8", "C.utf8", NULL};
    g_autofree char *compiled = compiled_name(locale);
    g_autofree char *as_is = g_build_filename("/usr/lib/locale", locale, NULL);
    g_autofree char *directory = g_build_filename("/usr/lib/locale", compiled, NULL);
    struct stat st = {0};
    if (g_strv_contains(built_in, locale) ||
        provision_root_stat(self->root, as_is, PROVISION_ROOT_FOLLOW, &st) ||
        provision_root_stat(self->root, directory, PROVISION_ROOT_FOLLOW, &st))
        return true;
    g_autofree char *name = NULL;
    base_autofd dfd = provision_root_open_parent(self->root, "/usr/lib/locale/locale-archive",
                                                 PROVISION_ROOT_FOLLOW, false, &name, NULL, NULL);
    base_autofd fd = dfd >= 0 ? openat(dfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC) : -1;
    /* mapped, since it may have all the world's: 200 MB */
    g_autoptr(GMappedFile) archive = fd >= 0 ? g_mapped_file_new_from_fd(fd, FALSE, NULL) : NULL;
    /* the names stand in it, each with its NUL */
    return archive != NULL && g_mapped_file_get_length(archive) > 0 &&
           memmem(g_mapped_file_get_contents(archive), g_mapped_file_get_length(archive), compiled,
                  strlen(compiled) + 1) != NULL;
}

/* Where a distribution's own tools are there to make it: that is what cloud-init calls. */
static bool generate_locale(ProvisionApply *self, const char *locale, GError **error)
{
    static const char *const argv[] = {"/usr/sbin/locale-gen", NULL};
    const char *codeset = strchr(locale, '.');
    g_autofree char *line =
        g_strdup_printf("%s %s", locale, codeset != NULL ? codeset + 1 : "ISO-8859-1");
    g_autofree char *text = provision_root_read_text(self->root, "/etc/locale.gen");
    g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
    g_autofree char *more = g_strdup_printf("%s%s\n", text != NULL ? text : "", line);
    return (g_strv_contains((const char *const *)lines, line) ||
            provision_root_write_text(self->root, "/etc/locale.gen", more, 0644, NULL, error)) &&
           provision_apply_run(self, argv, NULL, error);
}

/* %FALSE without an error: an image without it, whose /usr nobody changes. */
static bool ensure_locale(ProvisionApply *self, const char *locale, GError **error)
{
    if (!provision_root_has(self->root, "/usr/sbin/locale-gen"))
        return has_locale(self, locale);
    if (!provision_root_is_running(self->root) || has_locale(self, locale))
        return true;
    return access("/usr/lib/locale", W_OK) == 0 && generate_locale(self, locale, error);
}

bool provision_apply_locale(ProvisionApply *self, GError **error)
{
    const ProvisionSettings *settings = &self->plan->settings;
    g_autoptr(GError) local = NULL;
    bool changed = false;
    (void)error;
    if (settings->locale.text == NULL)
        return true;
    const char *path = settings->locale_configfile.text != NULL ? settings->locale_configfile.text
                       : is_debian(self)                        ? "/etc/default/locale"
                                                                : "/etc/locale.conf";
    if (!is_plain(settings->locale.text)) {
        provision_report_add(self->report, &settings->locale.at, PROVISION_FAILED,
                             "‘%s’ is no locale", settings->locale.text);
        return true;
    }
    bool there = ensure_locale(self, settings->locale.text, &local);
    if (!there && local == NULL) {
        /* every program would say so at every start */
        provision_report_add(self->report, &settings->locale.at, PROVISION_NOT_APPLICABLE,
                             "the image has no locale ‘%s’: it comes with the image's packages",
                             settings->locale.text);
        return true;
    }
    g_autofree char *before = provision_root_read_text(self->root, path);
    g_autofree char *text = with_line(before, "LANG", settings->locale.text);
    bool good = there && provision_root_write_text(self->root, path, text, 0644, &changed, &local);
    provision_apply_outcome(self, &settings->locale.at, good, changed, g_steal_pointer(&local));
    return true;
}

bool provision_apply_keyboard(ProvisionApply *self, GError **error)
{
    const ProvisionSettings *s = &self->plan->settings;
    const struct {
        const char *name;
        const char *text;
    } lines[] = {
        {"XKBLAYOUT", s->keyboard_layout.text},
        {"XKBMODEL", s->keyboard_model.text != NULL ? s->keyboard_model.text : "pc105"},
        {"XKBVARIANT", s->keyboard_variant.text != NULL ? s->keyboard_variant.text : ""},
        {"XKBOPTIONS", s->keyboard_options.text != NULL ? s->keyboard_options.text : ""},
    };
    g_autoptr(GError) local = NULL;
    bool changed = false;
    (void)error;
    if (s->keyboard_layout.text == NULL)
        return true;
    bool debian = is_debian(self);
    const char *path = debian ? "/etc/default/keyboard" : "/etc/vconsole.conf";
    g_autofree char *text = provision_root_read_text(self->root, path);
    bool good = true;
    for (unsigned i = 0; i < G_N_ELEMENTS(lines) && good; i++) {
        good = lines[i].text[0] == '\0' || is_plain(lines[i].text);
        if (!good)
            g_set_error(&local, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                        "‘%s’ is no keyboard setting", lines[i].text);
        g_autofree char *quoted = g_strdup_printf("\"%s\"", lines[i].text);
        char *more = with_line(text, lines[i].name, quoted);
        g_free(text);
        text = more;
    }
    if (good && !debian) {
        char *more = with_line(text, "KEYMAP", s->keyboard_layout.text);
        g_free(text);
        text = more;
    }
    good = good && provision_root_write_text(self->root, path, text, 0644, &changed, &local);
    if (good && changed)
        provision_apply_systemctl(self, "try-restart",
                                  debian ? "console-setup.service"
                                         : "systemd-vconsole-setup.service");
    provision_apply_outcome(self, &s->keyboard_layout.at, good, changed, g_steal_pointer(&local));
    return true;
}

static bool check_hosts(char **hosts, GError **error)
{
    for (char **host = hosts; host != NULL && *host != NULL; host++) {
        if ((*host)[0] != '\0' && strpbrk(*host, " \t\n#=") == NULL)
            continue;
        g_set_error(error, PROVISION_ERROR, PROVISION_ERROR_INVALID, "‘%s’ is no host", *host);
        return false;
    }
    return true;
}

static char *chrony_sources(char **servers, char **pools)
{
    GString *text = g_string_new("# Written by atoll-provision\n");
    for (char **host = servers; host != NULL && *host != NULL; host++)
        g_string_append_printf(text, "server %s iburst\n", *host);
    for (char **host = pools; host != NULL && *host != NULL; host++)
        g_string_append_printf(text, "pool %s iburst\n", *host);
    return g_string_free(text, FALSE);
}

static char *timesyncd_conf(char **servers, char **pools)
{
    GString *text = g_string_new("# Written by atoll-provision\n\n[Time]\nNTP=");
    for (char **host = servers; host != NULL && *host != NULL; host++)
        g_string_append_printf(text, "%s ", *host);
    for (char **host = pools; host != NULL && *host != NULL; host++)
        g_string_append_printf(text, "%s ", *host);
    g_string_append_c(text, '\n');
    return g_string_free(text, FALSE);
}

bool provision_apply_ntp(ProvisionApply *self, GError **error)
{
    static const char *const debian_pools[] = {"0.debian.pool.ntp.org", "1.debian.pool.ntp.org",
                                               "2.debian.pool.ntp.org", "3.debian.pool.ntp.org",
                                               NULL};
    static const char *const other_pools[] = {"pool.ntp.org", NULL};
    const ProvisionSettings *s = &self->plan->settings;
    g_autoptr(GError) local = NULL;
    bool changed = false;
    (void)error;
    if (s->ntp_enabled.value != PROVISION_YES)
        return true;
    char **servers = s->ntp_servers.texts;
    char **pools = s->ntp_pools.texts;
    bool given = (servers != NULL && servers[0] != NULL) || (pools != NULL && pools[0] != NULL);
    if (!given)
        pools = (char **)(is_debian(self) ? debian_pools : other_pools);
    bool chrony = provision_root_has(self->root, "/usr/sbin/chronyd");
    g_autofree char *text =
        chrony ? chrony_sources(servers, pools) : timesyncd_conf(servers, pools);
    bool good = check_hosts(servers, &local) && check_hosts(pools, &local) &&
                provision_root_write_text(self->root,
                                          chrony ? "/etc/chrony/sources.d/cloud-init.sources"
                                                 : "/etc/systemd/timesyncd.conf.d/cloud-init.conf",
                                          text, 0644, &changed, &local);
    if (good && changed)
        provision_apply_systemctl(self, "try-restart",
                                  chrony ? "chrony.service" : "systemd-timesyncd.service");
    provision_apply_outcome(self, &s->ntp_enabled.at, good, changed, g_steal_pointer(&local));
    return true;
}

static void append_words(GString *text, const char *keyword, char **words)
{
    if (words == NULL || words[0] == NULL)
        return;
    g_autofree char *joined = g_strjoinv(" ", words);
    g_string_append_printf(text, "%s %s\n", keyword, joined);
}

bool provision_apply_resolv_conf(ProvisionApply *self, GError **error)
{
    const ProvisionSettings *s = &self->plan->settings;
    g_autoptr(GString) text = g_string_new("# Written by atoll-provision\n");
    g_autoptr(GError) local = NULL;
    bool changed = false;
    (void)error;
    if (s->manage_resolv_conf.value != PROVISION_YES)
        return true;
    for (char **address = s->resolv_nameservers.texts; address != NULL && *address != NULL;
         address++)
        g_string_append_printf(text, "nameserver %s\n", *address);
    if (s->resolv_domain.text != NULL)
        g_string_append_printf(text, "domain %s\n", s->resolv_domain.text);
    append_words(text, "search", s->resolv_search.texts);
    append_words(text, "sortlist", s->resolv_sortlist.texts);
    append_words(text, "options", s->resolv_options.texts);
    const ProvisionRootOwner owner = {0644, geteuid(), getegid()};
    /* what is a link to systemd-resolved's file becomes a file of its own */
    bool good = check_hosts(s->resolv_nameservers.texts, &local) &&
                provision_root_write(self->root, "/etc/resolv.conf", text->str, text->len, &owner,
                                     PROVISION_ROOT_DEFAULT, &changed, &local);
    provision_apply_outcome(self, &s->manage_resolv_conf.at, good, changed,
                            g_steal_pointer(&local));
    return true;
}
