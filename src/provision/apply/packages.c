/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Package keys on a host that is an image: said, handed to a hook, or a failure, as the image's
 * owner decides.
 */
#include "provision/apply/apply.h"

#include "base/error.h"
#include "provision/error.h"

#include <string.h>
#include <unistd.h>

#define LIST_PATH "/run/atoll/provision/packages"

static void say(ProvisionApply *self, const ProvisionPlace *at, ProvisionOutcome outcome)
{
    provision_report_add(self->report, at, outcome,
                         "this host is an image: put packages into its manifest, or set "
                         "‘packages: layer’ in /etc/atoll/provision.d");
}

static void say_all(ProvisionApply *self, ProvisionOutcome outcome)
{
    const ProvisionPackages *packages = &self->plan->packages;
    if (packages->names.texts != NULL && packages->names.texts[0] != NULL)
        say(self, &packages->names.at, outcome);
    if (packages->update.value == PROVISION_YES)
        say(self, &packages->update.at, outcome);
    if (packages->upgrade.value == PROVISION_YES)
        say(self, &packages->upgrade.at, outcome);
    for (guint i = 0; packages->others != NULL && i < packages->others->len; i++)
        say(self, &((const ProvisionText *)packages->others->pdata[i])->at, outcome);
}

/* The hook's argument is a file: one package a line, after “update” or “upgrade” lines with a ‘!’.
 */
static bool hand_over(ProvisionApply *self, GError **error)
{
    const ProvisionPackages *packages = &self->plan->packages;
    g_autoptr(GString) text = g_string_new(NULL);
    if (packages->update.value == PROVISION_YES)
        g_string_append(text, "!update\n");
    if (packages->upgrade.value == PROVISION_YES)
        g_string_append(text, "!upgrade\n");
    for (char **name = packages->names.texts; name != NULL && *name != NULL; name++)
        if (strchr(*name, '\n') == NULL)
            g_string_append_printf(text, "%s\n", *name);
    const char *const argv[] = {self->policy->packages_hook, LIST_PATH, NULL};
    const ProvisionRootOwner owner = {0600, geteuid(), getegid()};
    if (argv[0] == NULL)
        return base_error_set(error, BASE_ERROR_FAILED,
                              "‘packages: layer’ needs ‘packages_hook’ in provision.d");
    return provision_root_write(self->root, LIST_PATH, text->str, text->len, &owner,
                                PROVISION_ROOT_UNWATCHED, NULL, error) &&
           provision_apply_run(self, argv, NULL, error);
}

bool provision_apply_packages(ProvisionApply *self, GError **error)
{
    const ProvisionPackages *packages = &self->plan->packages;
    g_autoptr(GError) local = NULL;
    (void)error;
    switch (self->policy->packages) {
    case PROVISION_PACKAGES_WARN:
        say_all(self, PROVISION_NOT_APPLICABLE);
        return true;
    case PROVISION_PACKAGES_FAIL:
        say_all(self, PROVISION_FAILED);
        return true;
    case PROVISION_PACKAGES_LAYER:
        break;
    }
    for (guint i = 0; packages->others != NULL && i < packages->others->len; i++)
        say(self, &((const ProvisionText *)packages->others->pdata[i])->at,
            PROVISION_NOT_APPLICABLE);
    if (packages->names.texts == NULL && packages->update.value != PROVISION_YES &&
        packages->upgrade.value != PROVISION_YES)
        return true;
    const ProvisionPlace *at = packages->names.texts != NULL             ? &packages->names.at
                               : packages->update.value == PROVISION_YES ? &packages->update.at
                                                                         : &packages->upgrade.at;
    bool good = hand_over(self, &local);
    provision_apply_outcome(self, at, good, true, g_steal_pointer(&local));
    return true;
}
