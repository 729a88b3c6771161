/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Trees of rpms: the marks in their headers choose files, librpm runs scripts and writes the
 * database.
 */
#include "store/loose.h"
#include "tree/format.h"
#include "tree/formats/rpm-plan.h"
#include "tree/rpm/colours.h"
#include "tree/rpm/database.h"
#include "tree/rpm/files.h"
#include "tree/rpm/run.h"
#include "tree/rpm/signatures.h"

#include <sys/stat.h>

#define DATABASE_LINK "var/lib/rpm"

/* The package filesystem brings all of it. */
static bool put_skeleton(StoreNode *root, int repo_fd, GError **error)
{
    (void)root;
    (void)repo_fd;
    (void)error;
    return true;
}

static void make_mount_point(StoreNode *root, const char *path, uint32_t permissions)
{
    if (store_node_find(root, path) == NULL)
        store_node_make_dirs(root, path)->meta.mode = S_IFDIR | permissions;
}

static bool put_link(StoreNode *root, int repo_fd, const char *path, const char *target,
                     GError **error)
{
    return store_node_find(root, path) != NULL ||
           store_tree_put_link(root, repo_fd, path, target, error);
}

/* librpm makes the database; what is here is where it is looked for, and where scripts run. */
static bool put_database(StoreNode *root, int repo_fd, GPtrArray *imported, GError **error)
{
    (void)imported;
    static const char *const folders[] = {"dev", "proc", "sys", "run", "etc", NULL};
    for (const char *const *folder = folders; *folder != NULL; folder++)
        make_mount_point(root, *folder, 0755);
    make_mount_point(root, "tmp", 01777);
    make_mount_point(root, "var/tmp", 01777);
    make_mount_point(root, TREE_RPM_DATABASE_DIR, 0755);
    /* a package of an older distribution may have the directory, without a file in it */
    (void)store_node_remove(root, DATABASE_LINK);
    return put_link(root, repo_fd, DATABASE_LINK, "../../" TREE_RPM_DATABASE_DIR, error) &&
           put_link(root, repo_fd, "usr/share/rpm", "../lib/sysimage/rpm", error);
}

/* The link is for scripts; on a host, tmpfiles.d makes it. */
static void remove_link(StoreNode *root)
{
    const StoreNode *link = store_node_find(root, DATABASE_LINK);
    if (link != NULL && S_ISLNK(link->meta.mode))
        (void)store_node_remove(root, DATABASE_LINK);
}

static void clean(StoreNode *root)
{
    remove_link(root);
    static const char *const litter[] = {
        TREE_RPM_DATABASE_DIR "/.rpm.lock",
        TREE_RPM_DATABASE_DIR "/__db.001",
        TREE_RPM_DATABASE_DIR "/__db.002",
        TREE_RPM_DATABASE_DIR "/__db.003",
        TREE_RPM_DATABASE_DIR "/rpmdb.sqlite-shm",
        TREE_RPM_DATABASE_DIR "/rpmdb.sqlite-wal",
        "var/lib/rpm-state",
        NULL,
    };
    for (const char *const *path = litter; *path != NULL; path++)
        (void)store_node_remove(root, *path);
}

const TreeFormat tree_format_rpm = {
    .name = "rpm",
    .database_dir = TREE_RPM_DATABASE_DIR,
    .database_link = DATABASE_LINK,
    .database_target = "../../" TREE_RPM_DATABASE_DIR,
    .first_package = "filesystem",
    .put_skeleton = put_skeleton,
    .replacements = tree_rpm_colours_find,
    .select = tree_rpm_files_select,
    .plan = tree_rpm_plan,
    .put_database = put_database,
    .run_scripts = tree_rpm_run,
    .recipe = tree_rpm_run_recipe,
    .sign = tree_rpm_signatures_put,
    .clean = clean,
};
