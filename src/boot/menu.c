/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The script of the boot menu. GRUB's language has no arithmetic: each state of the counter is a
 * branch.
 */
#include "boot/menu.h"

#include "boot/counter.h"

static const char *const owns[] = {"# Written by atoll", "# Written when the disk image was made",
                                   NULL};

/* syslinux_source sets default, timeout and the entries; the menu file sits behind the link that
 * libostree flips. The serial console is added only where there is one. */
static const char head[] =
    "# Written by atoll. A version that is found good brings its own; the one before is then\n"
    "# grub.cfg.before. Without this first line the file is left alone.\n"
    "# The menu is /boot/loader/syslinux.cfg, which changes in one step with the deployments;\n"
    "# what is not known to be good is started three times.\n"
    "if serial --unit=0 --speed=115200; then\n"
    "  if [ \"$grub_platform\" = pc ]; then\n"
    "    terminal_input --append serial\n"
    "    terminal_output --append serial\n"
    "  fi\n"
    "fi\n"
    "set env=($root)/boot/grub/grubenv\n"
    "load_env -f $env " BOOT_COUNTER_NAME "\n"
    "for n in 0 1; do\n"
    "  if [ -f ($root)/boot/loader/entries/atoll-good-$n ]; then\n"
    "    if [ -f ($root)/ostree/boot.$n/atoll-good ]; then set good=1; fi\n"
    "  fi\n"
    "done\n"
    "for entry in ($root)/boot/loader/entries/ostree-*.conf; do\n"
    "  if [ -n \"$one\" ]; then set several=1; fi\n"
    "  set one=1\n"
    "done\n"
    "unset entry\n";

static const char tail[] =
    "if [ -n \"$next\" ]; then\n"
    "  if [ \"$next\" = \"$" BOOT_COUNTER_NAME "\" ]; then true\n"
    "  else\n"
    "    set " BOOT_COUNTER_NAME "=$next\n"
    "    if save_env -f $env " BOOT_COUNTER_NAME "; then true\n"
    "    else\n"
    "      echo \"This disk cannot be written: the tries of a new version are not counted.\"\n"
    "      set entry=0\n"
    "    fi\n"
    "  fi\n"
    "fi\n"
    "# GRUB does not replay the journal: where the power went right after a change of what boots,\n"
    "# it may see half of the change; what /boot/loader led to then, or leads to, is all there\n"
    "unset default\n"
    "for menu in loader loader.0 loader.1; do\n"
    "  if [ -z \"$default\" ]; then\n"
    "    syslinux_source -s -r ($root) ($root)/boot/$menu/syslinux.cfg\n"
    "  fi\n"
    "done\n"
    "# a kernel that cannot even be loaded has had its try\n"
    "menuentry 'Restart' --id restart { reboot }\n"
    "set fallback=restart\n"
    "if [ -n \"$entry\" ]; then set default=$entry; fi\n"
    "if [ \"$entry\" = 1 ]; then\n"
    "  echo \"The new version did not start properly: starting the one before it.\"\n"
    "fi\n"
    "if [ -n \"$wait\" ]; then\n"
    "  set timeout=$wait\n"
    "  echo \"No version on this disk starts properly. The next try is in $wait seconds;\"\n"
    "  echo \"a key stops it, and lets you choose what to start.\"\n"
    "  sleep --interruptible 5\n"
    "fi\n";

static void print_start(GString *script, BootStart start, const char *indent)
{
    g_string_append_printf(script, "%sset next=%s\n%sset entry=%u\n", indent,
                           boot_counter_name(start.next), indent, start.entry);
    if (start.wait_s > 0)
        g_string_append_printf(script, "%sset wait=%u\n", indent, start.wait_s);
}

static void print_state(GString *script, BootCounter counter)
{
    BootStart several = boot_counter_start(counter, 2), alone = boot_counter_start(counter, 1);
    g_string_append_printf(script, "  %s [ \"$" BOOT_COUNTER_NAME "\" = %s ]; then\n",
                           counter == 0 ? "if" : "elif", boot_counter_name(counter));
    if (several.next == alone.next && several.entry == alone.entry) {
        print_start(script, several, "    ");
        return;
    }
    g_string_append(script, "    if [ -n \"$several\" ]; then\n");
    print_start(script, several, "      ");
    g_string_append(script, "    else\n");
    print_start(script, alone, "      ");
    g_string_append(script, "    fi\n");
}

bool boot_menu_is_own(const char *script)
{
    for (const char *const *own = owns; *own != NULL; own++)
        if (g_str_has_prefix(script, *own))
            return true;
    return false;
}

char *boot_menu_script(void)
{
    GString *script = g_string_new(head);
    g_string_append(script, "if [ -z \"$good\" ]; then\n");
    for (unsigned i = 0; i < BOOT_N_COUNTERS; i++)
        print_state(script, (BootCounter)i);
    g_string_append(script, "  fi\nfi\n");
    g_string_append(script, tail);
    return g_string_free(script, FALSE);
}
