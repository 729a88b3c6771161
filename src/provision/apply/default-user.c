/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Who “default” is: what the configuration says of the user, over what the platform and the image
 * say.
 */
#include "provision/apply/apply.h"

#include <string.h>

static const ProvisionUser *written_default(const ProvisionPlan *plan)
{
    for (guint i = 0; i < plan->users->len; i++) {
        const ProvisionUser *user = plan->users->pdata[i];
        if (user->is_default)
            return user;
    }
    return NULL;
}

static char *text_of(const char *first, const char *second)
{
    return g_strdup(first != NULL ? first : second);
}

static char **list_of(char **first, char **second)
{
    return g_strdupv(first != NULL ? first : second);
}

ProvisionUser *provision_apply_default_user(ProvisionApply *self)
{
    const ProvisionUser *written = written_default(self->plan);
    const ProvisionUser *image = self->policy->default_user;
    const char *platforms = self->instance != NULL ? self->instance->default_user : NULL;
    if (written == NULL)
        return NULL;
    bool named =
        written->name != NULL && written->name[0] != '\0' && strcmp(written->name, "default") != 0;
    ProvisionUser *user = provision_user_new(&written->at, named               ? written->name
                                                           : platforms != NULL ? platforms
                                                                               : image->name);
    user->is_default = true;
    user->uid = written->uid >= 0 ? written->uid : image->uid;
    user->gecos = text_of(written->gecos, image->gecos);
    user->home = text_of(written->home, image->home);
    user->shell = text_of(written->shell, image->shell);
    user->primary_group = text_of(written->primary_group, image->primary_group);
    user->groups = list_of(written->groups, image->groups);
    user->sudo = list_of(written->sudo, image->sudo);
    user->doas = list_of(written->doas, image->doas);
    user->ssh_keys = g_strdupv(written->ssh_keys);
    user->make_groups = true;
    user->no_user_group = written->no_user_group;
    user->no_create_home = written->no_create_home;
    user->system = written->system;
    user->password_hash = g_strdup(written->password_hash);
    user->password_plain = g_strdup(written->password_plain);
    user->only_if_new = written->only_if_new;
    user->lock_password =
        written->lock_password != PROVISION_UNSET ? written->lock_password : image->lock_password;
    user->expire_date = g_strdup(written->expire_date);
    user->inactive_days = written->inactive_days;
    return user;
}
