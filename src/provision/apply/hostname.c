/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The host's name and /etc/hosts. What a person changed after us stays: the last written name is
 * kept beside, and only a file that still has it is written again.
 */
#include "provision/apply/apply.h"

#include "base/error.h"
#include "provision/error.h"

#include <string.h>
#include <unistd.h>

#define HOSTNAME_FILE "/etc/hostname"
#define PREVIOUS "/var/lib/cloud/data/previous-hostname"
#define NAME_MAX_CHARS 253
#define HOSTS_TEMPLATE "/etc/cloud/templates/hosts.debian.tmpl"

void provision_hostname_clear(ProvisionHostname *self)
{
    g_clear_pointer(&self->hostname, g_free);
    g_clear_pointer(&self->fqdn, g_free);
}

static bool is_name(const char *name)
{
    size_t size = strlen(name);
    bool good = size > 0 && size <= NAME_MAX_CHARS && name[0] != '-' && name[0] != '.';
    for (const char *c = name; *c != '\0'; c++)
        good = good && (g_ascii_isalnum(*c) || strchr("-._", *c) != NULL);
    return good;
}

static char *first_label(const char *name)
{
    return g_strndup(name, strcspn(name, "."));
}

bool provision_apply_hostname(ProvisionApply *self, ProvisionHostname *out_hostname)
{
    const ProvisionSettings *settings = &self->plan->settings;
    const char *platforms = self->instance != NULL ? self->instance->hostname : NULL;
    const char *hostname = settings->hostname.text;
    const char *fqdn = settings->fqdn.text;
    const ProvisionPlace *at = fqdn != NULL       ? &settings->fqdn.at
                               : hostname != NULL ? &settings->hostname.at
                                                  : NULL;
    if (fqdn == NULL && hostname != NULL && strchr(hostname, '.') != NULL) {
        fqdn = hostname;
        hostname = NULL;
    }
    if (fqdn == NULL)
        fqdn = platforms != NULL && (hostname == NULL || strchr(platforms, '.') != NULL) ? platforms
                                                                                         : hostname;
    if (fqdn == NULL)
        return false;
    *out_hostname = (ProvisionHostname){
        .hostname = hostname != NULL ? g_strdup(hostname) : first_label(fqdn),
        .fqdn = g_strdup(fqdn),
        .at = at,
    };
    return true;
}

static const char *wanted_name(ProvisionApply *self, const ProvisionHostname *hostname)
{
    return self->plan->settings.prefer_fqdn.value == PROVISION_YES ? hostname->fqdn
                                                                   : hostname->hostname;
}

/* The name in a hostname file: its first line that is no comment. */
static char *read_name(ProvisionApply *self, const char *path)
{
    g_autofree char *text = provision_root_read_text(self->root, path);
    g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
    for (char **line = lines; *line != NULL; line++) {
        const char *name = g_strstrip(*line);
        if (name[0] != '\0' && name[0] != '#')
            return g_strdup(name);
    }
    return NULL;
}

static bool set_name(ProvisionApply *self, const char *name, bool *out_changed, GError **error)
{
    g_autofree char *line = g_strdup_printf("%s\n", name);
    if (!provision_root_write_text(self->root, HOSTNAME_FILE, line, 0644, out_changed, error))
        return false;
    /* a container may not be allowed to: the file is what counts at the next boot */
    if (provision_root_is_running(self->root) && sethostname(name, strlen(name)) < 0)
        g_debug("setting the host name is not allowed here");
    return true;
}

static bool write_state(ProvisionApply *self, const char *path, const char *text, GError **error)
{
    const ProvisionRootOwner owner = {0644, geteuid(), getegid()};
    return provision_root_write(self->root, path, text, strlen(text), &owner,
                                PROVISION_ROOT_UNWATCHED, NULL, error);
}

static const ProvisionPlace of_platform = {.key = "hostname"};

static bool preserved(ProvisionApply *self)
{
    return self->plan->settings.preserve_hostname.value == PROVISION_YES;
}

bool provision_apply_set_hostname(ProvisionApply *self, GError **error)
{
    g_auto(ProvisionHostname) hostname = {0};
    g_autoptr(GError) local = NULL;
    bool changed = false;
    if (!provision_apply_hostname(self, &hostname))
        return true;
    const ProvisionPlace *at = hostname.at != NULL ? hostname.at : &of_platform;
    if (preserved(self)) {
        provision_report_add(self->report, at, PROVISION_UNCHANGED, "preserve_hostname is set");
        return true;
    }
    const char *name = wanted_name(self, &hostname);
    if (!is_name(name) || !is_name(hostname.fqdn))
        g_set_error(&local, PROVISION_ERROR, PROVISION_ERROR_INVALID,
                    "a host name has letters, digits, ‘-’ and ‘.’ only");
    g_autofree char *state = g_strdup_printf("{\n \"fqdn\": \"%s\",\n \"hostname\": \"%s\"\n}",
                                             hostname.fqdn, hostname.hostname);
    bool good = local == NULL && set_name(self, name, &changed, &local) &&
                write_state(self, "/var/lib/cloud/data/set-hostname", state, &local);
    if (base_error_is_no_space(local)) {
        g_propagate_error(error, g_steal_pointer(&local));
        return false;
    }
    provision_apply_outcome(self, at, good, changed, g_steal_pointer(&local));
    return true;
}

bool provision_apply_update_hostname(ProvisionApply *self, GError **error)
{
    g_auto(ProvisionHostname) hostname = {0};
    if (!provision_apply_hostname(self, &hostname) || preserved(self))
        return true;
    const char *name = wanted_name(self, &hostname);
    g_autofree char *previous = read_name(self, PREVIOUS);
    g_autofree char *now = read_name(self, HOSTNAME_FILE);
    g_autofree char *line = g_strdup_printf("%s\n", name);
    if (!is_name(name) || (now != NULL && previous != NULL && strcmp(now, previous) != 0))
        return true;
    if (g_strcmp0(previous, name) != 0 && !write_state(self, PREVIOUS, line, error))
        return false;
    if (now == NULL || (g_strcmp0(now, previous) == 0 && strcmp(now, name) != 0))
        return set_name(self, name, NULL, error);
    return true;
}

/* The one template that Debian's cloud-init has: comments, and two names. */
static char *render_hosts(const char *template, const ProvisionHostname *hostname)
{
    static const char header[] = "## template:jinja\n";
    g_autoptr(GString) text =
        g_string_new(g_str_has_prefix(template, header) ? template + strlen(header) : template);
    for (char *start = strstr(text->str, "{#"); start != NULL; start = strstr(text->str, "{#")) {
        char *end = strstr(start, "#}");
        if (end == NULL)
            break;
        size_t size = (size_t)(end + 2 - start);
        bool trims = end > start && end[-1] == '-';
        while (trims && start[size] != '\0' && g_ascii_isspace(start[size]))
            size++;
        g_string_erase(text, start - text->str, (gssize)size);
    }
    g_string_replace(text, "{{fqdn}}", hostname->fqdn, 0);
    g_string_replace(text, "{{hostname}}", hostname->hostname, 0);
    return g_string_free(g_steal_pointer(&text), FALSE);
}

static char *whole_hosts(ProvisionApply *self, const ProvisionHostname *hostname)
{
    g_autofree char *template = provision_root_read_text(self->root, HOSTS_TEMPLATE);
    return render_hosts(template != NULL
                            ? template
                            : "# manage_etc_hosts is set: atoll-provision writes this file at "
                              "every boot.\n\n127.0.1.1 {{fqdn}} {{hostname}}\n127.0.0.1 "
                              "localhost\n\n# The following lines are desirable for IPv6 capable "
                              "hosts\n::1 localhost ip6-localhost ip6-loopback\nff02::1 "
                              "ip6-allnodes\nff02::2 ip6-allrouters\n",
                        hostname);
}

/* Only the line of 127.0.1.1. */
static char *changed_hosts(ProvisionApply *self, const ProvisionHostname *hostname)
{
    g_autofree char *text = provision_root_read_text(self->root, "/etc/hosts");
    g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
    g_autofree char *entry =
        g_strdup_printf("127.0.1.1\t%s\t%s", hostname->fqdn, hostname->hostname);
    g_autoptr(GString) out = g_string_new(NULL);
    bool found = false;
    for (char **line = lines; *line != NULL; line++) {
        bool ours = g_str_has_prefix(*line, "127.0.1.1") && g_ascii_isspace((*line)[9]);
        if (line[1] == NULL && **line == '\0')
            break;
        if (!ours || !found)
            g_string_append_printf(out, "%s\n", ours ? entry : *line);
        found = found || ours;
    }
    if (!found)
        g_string_append_printf(out, "%s\n", entry);
    return g_string_free(g_steal_pointer(&out), FALSE);
}

bool provision_apply_etc_hosts(ProvisionApply *self, GError **error)
{
    const ProvisionText *setting = &self->plan->settings.manage_etc_hosts;
    g_auto(ProvisionHostname) hostname = {0};
    g_autoptr(GError) local = NULL;
    bool changed = false;
    if (setting->text == NULL || strcmp(setting->text, "false") == 0)
        return true;
    if (!provision_apply_hostname(self, &hostname) || !is_name(hostname.fqdn) ||
        !is_name(hostname.hostname)) {
        provision_report_add(self->report, &setting->at, PROVISION_FAILED,
                             "the host has no name to write");
        return true;
    }
    g_autofree char *text = strcmp(setting->text, "localhost") == 0 ? changed_hosts(self, &hostname)
                                                                    : whole_hosts(self, &hostname);
    bool good = provision_root_write_text(self->root, "/etc/hosts", text, 0644, &changed, &local);
    provision_apply_outcome(self, &setting->at, good, changed, g_steal_pointer(&local));
    (void)error;
    return true;
}
