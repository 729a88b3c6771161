/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Disks and kernel arguments of the plan, in the real root: cloud-config's disk_setup and fs_setup,
 * and Ignition's when the initramfs has not done them.
 */
#include "provision/disks/disks.h"

#include "base/fd.h"
#include "base/run.h"
#include "provision/apply/apply.h"

#include <fcntl.h>
#include <string.h>

#define WAIT_MS 10000
#define CMDLINE_MAX_BYTES (64 * 1024)
#define DONE_EARLY "/etc/.ignition-result.json"

static void report_disks(ProvisionApply *self, const char *why)
{
    const ProvisionPlan *plan = self->plan;
    for (guint i = 0; i < plan->disks->len; i++) {
        const ProvisionDisk *disk = plan->disks->pdata[i];
        provision_report_add(self->report, &disk->at, PROVISION_NOT_APPLICABLE, "%s", why);
    }
    for (guint i = 0; i < plan->filesystems->len; i++) {
        const ProvisionFilesystem *filesystem = plan->filesystems->pdata[i];
        provision_report_add(self->report, &filesystem->at, PROVISION_NOT_APPLICABLE, "%s", why);
    }
}

bool provision_apply_disks(ProvisionApply *self, GError **error)
{
    struct stat st = {0};
    g_autoptr(GError) local = NULL;
    ProvisionDisks disks = {
        .plan = self->plan,
        .report = self->report,
        .contents = self->contents,
        .contents_data = self->contents_data,
        .wait_ms = WAIT_MS,
        .cancellable = self->cancellable,
    };
    (void)error;
    if (!provision_root_is_running(self->root)) {
        report_disks(self, "disks are touched on the running host only");
        return true;
    }
    if (g_strcmp0(self->plan->format, "ignition") == 0 &&
        provision_root_stat(self->root, DONE_EARLY, PROVISION_ROOT_DEFAULT, &st))
        return true;
    /* what failed is in the report; the boot goes on */
    if (!provision_disks_make(&disks, &local))
        g_debug("%s", local->message);
    return true;
}

static bool set_karg(ProvisionApply *self, const ProvisionKarg *karg, GError **error)
{
    const char *const argv[] = {"atoll-host", "kargs", karg->should_exist ? "--append" : "--delete",
                                karg->text, NULL};
    const BaseRun run = {.argv = argv, .what = "setting a kernel argument"};
    return base_run(&run, NULL, self->cancellable, error);
}

bool provision_apply_kargs(ProvisionApply *self, GError **error)
{
    g_autoptr(GBytes) cmdline =
        base_fd_read_file(AT_FDCWD, "/proc/cmdline", CMDLINE_MAX_BYTES, error);
    if (cmdline == NULL)
        return false;
    g_auto(GStrv) words = g_strsplit_set(g_bytes_get_data(cmdline, NULL), " \n", -1);
    for (guint i = 0; i < self->plan->kargs->len; i++) {
        const ProvisionKarg *karg = self->plan->kargs->pdata[i];
        g_autoptr(GError) local = NULL;
        if (!provision_root_is_running(self->root))
            provision_report_add(self->report, &karg->at, PROVISION_NOT_APPLICABLE,
                                 "kernel arguments are set on the running host only");
        else if (g_strv_contains((const char *const *)words, karg->text) == karg->should_exist)
            provision_report_add(self->report, &karg->at, PROVISION_UNCHANGED, NULL);
        else if (set_karg(self, karg, &local))
            provision_report_add(self->report, &karg->at, PROVISION_APPLIED,
                                 "in force from the next boot");
        else
            provision_report_add(self->report, &karg->at, PROVISION_FAILED, "%s", local->message);
    }
    return true;
}
