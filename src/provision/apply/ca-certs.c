/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * CA certificates that are trusted from now on: files where the distribution looks for those of
 * the host, and its own program to gather them. Never below /usr/share, which an image owns.
 */
#include "provision/apply/apply.h"

#include <string.h>

#define DEBIAN_DIR "/usr/local/share/ca-certificates"
#define DEBIAN_LIST "/etc/ca-certificates.conf"
#define FEDORA_DIR "/etc/pki/ca-trust/source/anchors"

/* "mozilla/x.crt" → "!mozilla/x.crt": update-ca-certificates leaves it out. */
static bool remove_defaults(ProvisionApply *self, bool *out_changed, GError **error)
{
    g_autofree char *text = provision_root_read_text(self->root, DEBIAN_LIST);
    g_auto(GStrv) lines = g_strsplit(text != NULL ? text : "", "\n", -1);
    g_autoptr(GString) out = g_string_new(NULL);
    for (char **line = lines; *line != NULL; line++) {
        bool plain = **line != '\0' && **line != '#' && **line != '!';
        if (line[1] == NULL && **line == '\0')
            break;
        g_string_append_printf(out, "%s%s\n", plain ? "!" : "", *line);
    }
    return provision_root_write_text(self->root, DEBIAN_LIST, out->str, 0644, out_changed, error);
}

static bool add_all(ProvisionApply *self, bool debian, bool *out_changed, GError **error)
{
    char **certificates = self->plan->settings.ca_trusted.texts;
    for (unsigned i = 0; certificates != NULL && certificates[i] != NULL; i++) {
        bool changed = false;
        bool ends = g_str_has_suffix(certificates[i], "\n");
        g_autofree char *path = g_strdup_printf("%s/cloud-init-ca-cert-%u.crt",
                                                debian ? DEBIAN_DIR : FEDORA_DIR, i + 1);
        g_autofree char *text = g_strdup_printf("%s%s", certificates[i], ends ? "" : "\n");
        if (!provision_root_write_text(self->root, path, text, 0644, &changed, error))
            return false;
        *out_changed |= changed;
    }
    return true;
}

bool provision_apply_ca_certs(ProvisionApply *self, GError **error)
{
    const ProvisionSettings *s = &self->plan->settings;
    bool removes = s->ca_remove_defaults.value == PROVISION_YES;
    g_autoptr(GError) local = NULL;
    bool changed = false;
    bool removed = false;
    (void)error;
    if (s->ca_trusted.texts == NULL && !removes)
        return true;
    const ProvisionPlace *at =
        s->ca_trusted.texts != NULL ? &s->ca_trusted.at : &s->ca_remove_defaults.at;
    static const char debian_program[] = "/usr/sbin/update-ca-certificates";
    static const char fedora_program[] = "/usr/bin/update-ca-trust";
    bool debian = !provision_root_has(self->root, fedora_program);
    if (removes && !debian) {
        provision_report_add(self->report, &s->ca_remove_defaults.at, PROVISION_UNSUPPORTED,
                             "the defaults of this distribution cannot be left out");
        removes = false;
    }
    bool good = add_all(self, debian, &changed, &local) &&
                (!removes || remove_defaults(self, &removed, &local));
    const char *const argv[] = {debian ? debian_program : fedora_program,
                                removed ? "--fresh" : NULL, NULL};
    if (good && (changed || removed) && provision_root_has(self->root, argv[0]))
        good = provision_apply_run(self, argv, NULL, &local);
    provision_apply_outcome(self, at, good, changed || removed, g_steal_pointer(&local));
    return true;
}
