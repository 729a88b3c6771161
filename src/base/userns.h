/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

G_BEGIN_DECLS

/**
 * base_userns_enter:
 * @error: return location; says which package or file is missing (uidmap, /etc/subuid)
 *
 * Gives a process private mounts and the power to own files of any uid: as root it unshares
 * the mount namespace only; as an ordinary user it also makes a user namespace in which it
 * is root and its subordinate ids (subuid(5)) follow. Must be called before any thread is
 * started. Everything after runs as if root.
 */
bool base_userns_enter(GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * base_userns_mount_overlay:
 * @lowers: lower directories, uppermost first, %NULL-terminated
 * @upper: directory that takes the changes
 * @work: overlayfs work directory, on the file system of @upper
 * @target: where to mount
 * @error: return location
 *
 * Mounts an overlay in the private mount namespace; it ends with the process.
 */
bool base_userns_mount_overlay(const char *const *lowers, const char *upper, const char *work,
                               const char *target, GError **error) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
