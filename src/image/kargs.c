/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The kernel arguments of a new image: defaults that the user's take the place of.
 */
#include "image/kargs.h"

#include "image/error.h"

#include <stdbool.h>
#include <string.h>

/* GRUB's syslinux reader hands the line to its script parser as it is. */
#define FORBIDDEN ";&|<>$\\'`"

static bool same_name(const char *a, const char *b)
{
    size_t a_chars = strcspn(a, "="), b_chars = strcspn(b, "=");
    if (a_chars == b_chars && strncmp(a, b, a_chars) == 0)
        return true;
    bool a_mode = g_str_equal(a, "ro") || g_str_equal(a, "rw");
    bool b_mode = g_str_equal(b, "ro") || g_str_equal(b, "rw");
    return a_mode && b_mode;
}

static bool check(const char *karg, GError **error)
{
    if (*karg == '\0' || *karg == '=') {
        g_set_error(error, IMAGE_ERROR, IMAGE_ERROR_OPTION, "kernel argument ‘%s’ has no name",
                    karg);
        return false;
    }
    for (const char *c = karg; *c != '\0'; c++) {
        if (!g_ascii_iscntrl(*c) && strchr(FORBIDDEN, *c) == NULL)
            continue;
        g_set_error(error, IMAGE_ERROR, IMAGE_ERROR_OPTION,
                    "kernel argument ‘%s’ has a character (0x%02x) that the boot loader cannot "
                    "pass on",
                    karg, (unsigned)(unsigned char)*c);
        return false;
    }
    return true;
}

char **image_kargs_merge(const char *root_uuid, const char *const *wanted, GError **error)
{
    g_autofree char *root = g_strdup_printf("root=UUID=%s", root_uuid);
    /* no automatic mounts: what a deployment mounts is in it, and /boot is no mount point; and
     * what cannot start restarts, so that the boot menu can count it and go back */
    const char *const defaults[] = {
        root, "rw", "systemd.gpt_auto=0", "console=tty0", "console=ttyS0,115200n8", "panic=10",
        "rd.shell=0", "rd.emergency=reboot", "rd.driver.pre=softdog",
        /* the initramfs closes it when it is done; what comes next has to take it up */
        "softdog.nowayout=1", "systemd.watchdog_sec=60"};
    g_autoptr(GPtrArray) kargs = g_ptr_array_new_with_free_func(g_free);
    for (size_t i = 0; i < G_N_ELEMENTS(defaults); i++) {
        bool replaced = false;
        for (const char *const *karg = wanted; karg != NULL && *karg != NULL; karg++)
            replaced = replaced || same_name(*karg, defaults[i]);
        if (!replaced)
            g_ptr_array_add(kargs, g_strdup(defaults[i]));
    }
    for (const char *const *karg = wanted; karg != NULL && *karg != NULL; karg++) {
        if (!check(*karg, error))
            return NULL;
        g_ptr_array_add(kargs, g_strdup(*karg));
    }
    g_ptr_array_add(kargs, NULL);
    return (char **)g_ptr_array_free(g_steal_pointer(&kargs), FALSE);
}
