/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The one table of what is applied, in the order of cloud-init's modules. A new concern is a file
 * beside this one, a line in meson.build, a row here.
 */
#include "provision/apply/apply.h"

#include <string.h>

static bool wants_files(const ProvisionPlan *plan)
{
    return plan->nodes->len > 0;
}

static bool wants_disks(const ProvisionPlan *plan)
{
    return plan->disks->len + plan->raids->len + plan->luks->len + plan->filesystems->len > 0;
}

static bool wants_kargs(const ProvisionPlan *plan)
{
    return plan->kargs->len > 0;
}

static bool wants_mounts(const ProvisionPlan *plan)
{
    return plan->mounts->len > 0 || (plan->settings.swap_size_bytes != -1);
}

static bool wants_users(const ProvisionPlan *plan)
{
    return plan->users->len > 0 || plan->groups->len > 0;
}

static bool wants_units(const ProvisionPlan *plan)
{
    return plan->units->len > 0;
}

static bool wants_output(const ProvisionPlan *plan)
{
    return plan->settings.output.texts != NULL;
}

static bool wants_commands(const ProvisionPlan *plan)
{
    return plan->commands->len > 0;
}

static bool wants_hosts(const ProvisionPlan *plan)
{
    const char *text = plan->settings.manage_etc_hosts.text;
    return text != NULL && strcmp(text, "false") != 0;
}

static bool wants_ca_certs(const ProvisionPlan *plan)
{
    return plan->settings.ca_trusted.texts != NULL ||
           plan->settings.ca_remove_defaults.value == PROVISION_YES;
}

static bool wants_resolv_conf(const ProvisionPlan *plan)
{
    return plan->settings.manage_resolv_conf.value == PROVISION_YES;
}

static bool wants_keyboard(const ProvisionPlan *plan)
{
    return plan->settings.keyboard_layout.text != NULL;
}

static bool wants_locale(const ProvisionPlan *plan)
{
    return plan->settings.locale.text != NULL;
}

static bool wants_ntp(const ProvisionPlan *plan)
{
    return plan->settings.ntp_enabled.value == PROVISION_YES;
}

static bool wants_timezone(const ProvisionPlan *plan)
{
    return plan->settings.timezone.text != NULL;
}

static bool wants_phone_home(const ProvisionPlan *plan)
{
    return plan->settings.phone_home_url.text != NULL;
}

static bool wants_power_state(const ProvisionPlan *plan)
{
    return plan->settings.power_mode.text != NULL;
}

const ProvisionApplier provision_appliers[] = {
    {"boothooks", PROVISION_STAGE_LOCAL, PROVISION_ALWAYS, PROVISION_APPLIER_COMMAND,
     wants_commands, provision_apply_boothooks},
    {"output", PROVISION_STAGE_LOCAL, PROVISION_PER_INSTANCE, PROVISION_APPLIER_REPEATS,
     wants_output, provision_apply_output},
    {"set_hostname", PROVISION_STAGE_LOCAL, PROVISION_PER_INSTANCE, PROVISION_APPLIER_REPEATS, NULL,
     provision_apply_set_hostname},
    {"bootcmd", PROVISION_STAGE_NETWORK, PROVISION_ALWAYS, PROVISION_APPLIER_COMMAND,
     wants_commands, provision_apply_bootcmd},
    {"write_files", PROVISION_STAGE_NETWORK, PROVISION_PER_INSTANCE, PROVISION_APPLIER_RESUMES,
     wants_files, provision_apply_files},
    {"growpart", PROVISION_STAGE_NETWORK, PROVISION_ALWAYS, PROVISION_APPLIER_REPEATS, NULL,
     provision_apply_growpart},
    {"resizefs", PROVISION_STAGE_NETWORK, PROVISION_ALWAYS, PROVISION_APPLIER_REPEATS, NULL,
     provision_apply_resizefs},
    {"disk_setup", PROVISION_STAGE_NETWORK, PROVISION_PER_INSTANCE, PROVISION_APPLIER_REPEATS,
     wants_disks, provision_apply_disks},
    {"kargs", PROVISION_STAGE_NETWORK, PROVISION_PER_INSTANCE, PROVISION_APPLIER_REPEATS,
     wants_kargs, provision_apply_kargs},
    {"mounts", PROVISION_STAGE_NETWORK, PROVISION_PER_INSTANCE, PROVISION_APPLIER_REPEATS,
     wants_mounts, provision_apply_mounts},
    {"update_hostname", PROVISION_STAGE_NETWORK, PROVISION_ALWAYS, PROVISION_APPLIER_REPEATS, NULL,
     provision_apply_update_hostname},
    {"update_etc_hosts", PROVISION_STAGE_NETWORK, PROVISION_ALWAYS, PROVISION_APPLIER_REPEATS,
     wants_hosts, provision_apply_etc_hosts},
    {"ca_certs", PROVISION_STAGE_NETWORK, PROVISION_PER_INSTANCE, PROVISION_APPLIER_REPEATS,
     wants_ca_certs, provision_apply_ca_certs},
    {"resolv_conf", PROVISION_STAGE_NETWORK, PROVISION_PER_INSTANCE, PROVISION_APPLIER_REPEATS,
     wants_resolv_conf, provision_apply_resolv_conf},
    {"users_groups", PROVISION_STAGE_NETWORK, PROVISION_PER_INSTANCE, PROVISION_APPLIER_RESUMES,
     wants_users, provision_apply_users},
    {"set_passwords", PROVISION_STAGE_NETWORK, PROVISION_PER_INSTANCE, PROVISION_APPLIER_REPEATS,
     NULL, provision_apply_passwords},
    {"ssh", PROVISION_STAGE_NETWORK, PROVISION_PER_INSTANCE, PROVISION_APPLIER_RESUMES, NULL,
     provision_apply_ssh},
    {"units", PROVISION_STAGE_NETWORK, PROVISION_PER_INSTANCE, PROVISION_APPLIER_REPEATS,
     wants_units, provision_apply_units},
    {"keyboard", PROVISION_STAGE_CONFIG, PROVISION_PER_INSTANCE, PROVISION_APPLIER_REPEATS,
     wants_keyboard, provision_apply_keyboard},
    {"locale", PROVISION_STAGE_CONFIG, PROVISION_PER_INSTANCE, PROVISION_APPLIER_REPEATS,
     wants_locale, provision_apply_locale},
    {"ntp", PROVISION_STAGE_CONFIG, PROVISION_PER_INSTANCE, PROVISION_APPLIER_REPEATS, wants_ntp,
     provision_apply_ntp},
    {"timezone", PROVISION_STAGE_CONFIG, PROVISION_PER_INSTANCE, PROVISION_APPLIER_REPEATS,
     wants_timezone, provision_apply_timezone},
    {"runcmd", PROVISION_STAGE_FINAL, PROVISION_PER_INSTANCE, PROVISION_APPLIER_REPEATS,
     wants_commands, provision_apply_runcmd},
    {"package_update_upgrade_install", PROVISION_STAGE_FINAL, PROVISION_PER_INSTANCE,
     PROVISION_APPLIER_REPEATS, NULL, provision_apply_packages},
    {"write_files_deferred", PROVISION_STAGE_FINAL, PROVISION_PER_INSTANCE,
     PROVISION_APPLIER_RESUMES, wants_files, provision_apply_files_deferred},
    {"scripts_per_once", PROVISION_STAGE_FINAL, PROVISION_ONCE, PROVISION_APPLIER_COMMAND, NULL,
     provision_apply_scripts_per_once},
    {"scripts_per_boot", PROVISION_STAGE_FINAL, PROVISION_ALWAYS, PROVISION_APPLIER_COMMAND, NULL,
     provision_apply_scripts_per_boot},
    {"scripts_per_instance", PROVISION_STAGE_FINAL, PROVISION_PER_INSTANCE,
     PROVISION_APPLIER_COMMAND, NULL, provision_apply_scripts_per_instance},
    {"scripts_user", PROVISION_STAGE_FINAL, PROVISION_PER_INSTANCE, PROVISION_APPLIER_COMMAND, NULL,
     provision_apply_scripts_user},
    {"keys_to_console", PROVISION_STAGE_FINAL, PROVISION_PER_INSTANCE, PROVISION_APPLIER_REPEATS,
     NULL, provision_apply_console_keys},
    {"phone_home", PROVISION_STAGE_FINAL, PROVISION_PER_INSTANCE, PROVISION_APPLIER_REPEATS,
     wants_phone_home, provision_apply_phone_home},
    {"final_message", PROVISION_STAGE_FINAL, PROVISION_ALWAYS, PROVISION_APPLIER_REPEATS, NULL,
     provision_apply_final_message},
    {"power_state_change", PROVISION_STAGE_FINAL, PROVISION_PER_INSTANCE, PROVISION_APPLIER_COMMAND,
     wants_power_state, provision_apply_power_state},
    {0},
};
