/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What people have written: boothooks, bootcmd, runcmd, scripts. Programs lie where cloud-init
 * puts them, readable by root only, and run with its environment; output goes to the output log.
 */
#include "provision/apply/apply.h"

#include "base/error.h"

#include <string.h>
#include <unistd.h>

#define SCRIPTS "/var/lib/cloud/scripts"

static const char *const frequency_dirs[] = {
    [PROVISION_PER_INSTANCE] = "scripts",
    [PROVISION_ALWAYS] = SCRIPTS "/per-boot",
    [PROVISION_ONCE] = SCRIPTS "/per-once",
};

static char *directory_of(ProvisionApply *self, const ProvisionCommand *command)
{
    const char *directory = frequency_dirs[command->frequency];
    if (command->stage == PROVISION_STAGE_LOCAL)
        return g_build_filename(self->instance_dir, "boothooks", NULL);
    return directory[0] == '/' ? g_strdup(directory)
                               : g_build_filename(self->instance_dir, directory, NULL);
}

static char *file_name(const ProvisionCommand *command)
{
    char *name =
        g_strdup(command->name != NULL && command->name[0] != '\0' ? command->name : "part");
    /* a MIME part chooses its own name */
    g_strdelimit(name, "/\n", '_');
    if (name[0] == '.')
        name[0] = '_';
    return name;
}

static char *write_script(ProvisionApply *self, const ProvisionCommand *command, GError **error)
{
    g_autofree char *directory = directory_of(self, command);
    g_autofree char *name = file_name(command);
    g_autofree char *path = g_build_filename(directory, name, NULL);
    const ProvisionRootOwner owner = {0700, geteuid(), getegid()};
    size_t size = 0;
    const void *data = g_bytes_get_data(command->script, &size);
    if (!provision_root_write(self->root, path, data, size, &owner, PROVISION_ROOT_UNWATCHED, NULL,
                              error))
        return NULL;
    return g_steal_pointer(&path);
}

static bool run_script(ProvisionApply *self, const char *path, bool by_shell, GError **error)
{
    g_autofree char *id = g_path_get_basename(self->instance_dir);
    g_autofree char *instance = g_strdup_printf("INSTANCE_ID=%s", id);
    const char *const env[] = {instance, NULL};
    const char *const argv[] = {by_shell ? "/bin/sh" : path, by_shell ? path : NULL, NULL};
    return provision_apply_run(self, argv, env, error);
}

/* Commands of one stage that come one after another: bootcmd, boothooks. */
static bool run_stage(ProvisionApply *self, ProvisionStage stage, GError **error)
{
    for (guint i = 0; i < self->plan->commands->len; i++) {
        const ProvisionCommand *command = self->plan->commands->pdata[i];
        g_autoptr(GError) local = NULL;
        if (command->stage != stage || command->script == NULL)
            continue;
        g_autofree char *path = write_script(self, command, error);
        if (path == NULL)
            return false;
        bool good = run_script(self, path, stage == PROVISION_STAGE_NETWORK, &local);
        if (stage == PROVISION_STAGE_NETWORK &&
            !provision_root_remove(self->root, path, PROVISION_ROOT_UNWATCHED, NULL, error))
            return false;
        if (g_error_matches(local, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
        provision_apply_outcome(self, &command->at, good, true, g_steal_pointer(&local));
    }
    return true;
}

bool provision_apply_boothooks(ProvisionApply *self, GError **error)
{
    return run_stage(self, PROVISION_STAGE_LOCAL, error);
}

bool provision_apply_bootcmd(ProvisionApply *self, GError **error)
{
    return run_stage(self, PROVISION_STAGE_NETWORK, error);
}

/* Everything of the last stage is laid down before any of it runs. */
bool provision_apply_runcmd(ProvisionApply *self, GError **error)
{
    for (guint i = 0; i < self->plan->commands->len; i++) {
        const ProvisionCommand *command = self->plan->commands->pdata[i];
        if (command->stage != PROVISION_STAGE_FINAL || command->script == NULL)
            continue;
        g_autofree char *path = write_script(self, command, error);
        if (path == NULL)
            return false;
    }
    return true;
}

static const ProvisionPlace *place_of(ProvisionApply *self, ProvisionFrequency frequency,
                                      const char *name, const char *directory, ProvisionPlace *made)
{
    for (guint i = 0; i < self->plan->commands->len; i++) {
        const ProvisionCommand *command = self->plan->commands->pdata[i];
        g_autofree char *there = file_name(command);
        if (command->stage == PROVISION_STAGE_FINAL && command->frequency == frequency &&
            strcmp(there, name) == 0)
            return &command->at;
    }
    made->key = provision_place_intern(directory);
    return made;
}

/* As run-parts: all programs of a directory, by name; one that fails does not stop the others. */
static bool run_parts(ProvisionApply *self, const char *directory, ProvisionFrequency frequency,
                      GError **error)
{
    g_autoptr(GPtrArray) names = provision_root_list(self->root, directory);
    for (guint i = 0; i < names->len; i++) {
        g_autofree char *path = g_build_filename(directory, names->pdata[i], NULL);
        g_autoptr(GError) local = NULL;
        ProvisionPlace made = {0};
        struct stat st = {0};
        if (!provision_root_stat(self->root, path, PROVISION_ROOT_FOLLOW, &st) ||
            !S_ISREG(st.st_mode) || (st.st_mode & 0111) == 0)
            continue;
        bool good = run_script(self, path, false, &local);
        if (g_error_matches(local, G_IO_ERROR, G_IO_ERROR_CANCELLED)) {
            g_propagate_error(error, g_steal_pointer(&local));
            return false;
        }
        provision_apply_outcome(self, place_of(self, frequency, names->pdata[i], path, &made), good,
                                true, g_steal_pointer(&local));
    }
    return true;
}

bool provision_apply_scripts_per_once(ProvisionApply *self, GError **error)
{
    return run_parts(self, SCRIPTS "/per-once", PROVISION_ONCE, error);
}

bool provision_apply_scripts_per_boot(ProvisionApply *self, GError **error)
{
    return run_parts(self, SCRIPTS "/per-boot", PROVISION_ALWAYS, error);
}

bool provision_apply_scripts_per_instance(ProvisionApply *self, GError **error)
{
    return run_parts(self, SCRIPTS "/per-instance", PROVISION_PER_INSTANCE, error);
}

bool provision_apply_scripts_user(ProvisionApply *self, GError **error)
{
    g_autofree char *directory = g_build_filename(self->instance_dir, "scripts", NULL);
    return run_parts(self, directory, PROVISION_PER_INSTANCE, error);
}
