/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll-host boot bless: once boot-complete.target is reached.
 */
#include "cmd/host/booting.h"
#include "cmd/host/commands.h"

#include "host/finalize.h"
#include "host/loader.h"
#include "host/messages.h"
#include "host/trial.h"

#include <stdio.h>
#include <string.h>

static void end_trial(const CmdHostBoot *self)
{
    const char *state_dir = self->agent.state_dir;
    g_autofree char *instead = NULL;
    g_autofree char *fallback = host_trial_fallback(state_dir, &instead);
    /* one that is staged has its trial before it */
    if (ostree_sysroot_get_staged_deployment(self->sysroot->ostree) == NULL)
        host_trial_end(state_dir);
    if (fallback != NULL && strcmp(instead, self->running->checksum) != 0)
        host_trial_forget_fallback(state_dir);
}

static void tell_changed(const char *what, const char *of)
{
    g_autofree char *text = g_strdup_printf(
        "The %s%s is now the one of this version; the one before is kept beside it.", what, of);
    cmd_host_boot_say(HOST_MESSAGE_LOADER, false, text);
    printf("%s\n", text);
}

/* A boot loader that stays as it was is no reason to call the version bad: it has just started it.
 */
static void update_loader(const CmdHostBoot *self, GCancellable *cancellable)
{
    g_autoptr(GError) error = NULL;
    g_autofree char *changed = NULL;
    bool is_menu_changed = false;
    if (!host_loader_update(self->sysroot, &changed, cancellable, &error) ||
        !host_loader_update_menu(self->sysroot, &is_menu_changed, &error)) {
        g_autofree char *text =
            g_strdup_printf("The boot loader was left as it is: %s", error->message);
        cmd_host_boot_say(HOST_MESSAGE_LOADER, true, text);
    }
    if (changed != NULL)
        tell_changed("boot loader for ", changed);
    if (is_menu_changed)
        tell_changed("boot menu's script", "");
}

/* What a shutdown left of the version that gave way; nothing needs its place in a hurry. */
static void clean(const CmdHostBoot *self, GCancellable *cancellable)
{
    g_autoptr(GError) error = NULL;
    if (!host_finalize_clean(self->sysroot, cancellable, &error))
        g_warning("%s", error->message);
}

CmdExit cmd_host_boot_bless_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_auto(CmdHostBoot) self = {0};
    if (!cmd_host_boot_open(&self, args, cancellable, error))
        return CMD_EXIT_FAILED;
    g_autofree char *label = host_commit_label(self.running);
    if (!self.boot.is_default) {
        printf("nothing to do: version %s runs, but another one starts by default\n", label);
        return CMD_EXIT_NOTHING_TO_DO;
    }
    if ((!self.boot.is_good && !host_boot_bless(self.sysroot, error)) ||
        !host_trial_later(HOST_TRIAL_LATER, error))
        return CMD_EXIT_FAILED;
    end_trial(&self);
    cmd_host_boot_tell(&self);
    if (self.boot.is_good) {
        printf("nothing to do: version %s was found good before\n", label);
        clean(&self, cancellable);
        return CMD_EXIT_NOTHING_TO_DO;
    }
    g_autofree char *text =
        g_strdup_printf("Version %s is good: it is started from now on without counting.", label);
    cmd_host_boot_say(HOST_MESSAGE_GOOD, false, text);
    printf("%s\n", text);
    update_loader(&self, cancellable);
    clean(&self, cancellable);
    return CMD_EXIT_DONE;
}
