/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Where the output of commands goes: the log that everybody knows and the console, or what the key
 * “output” says.
 */
#include "provision/apply/apply.h"

#include "base/fd.h"

#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/* cloud-init has three stages of output; boothooks and bootcmd are in the first. */
static const char *name_of(ProvisionStage stage)
{
    return stage <= PROVISION_STAGE_NETWORK  ? "init"
           : stage == PROVISION_STAGE_CONFIG ? "config"
                                             : "final";
}

/* (nullable): what the key says for a stage, or for all of them */
static const char *find(const ProvisionApply *self, const char *name, bool is_error)
{
    char **texts = self->plan->settings.output.texts;
    g_autofree char *prefix = g_strdup_printf("%s%s=", name, is_error ? ".error" : "");
    for (; texts != NULL && *texts != NULL; texts++)
        if (g_str_has_prefix(*texts, prefix))
            return *texts + strlen(prefix);
    return NULL;
}

static const char *wanted(const ProvisionApply *self, bool is_error)
{
    const char *text = find(self, name_of(self->stage), is_error);
    return text != NULL ? text : find(self, "all", is_error);
}

/* (transfer full): the file of “>> FILE”, “> FILE” or “| tee -a FILE”; NULL: any other */
static char *parse(const char *text, ProvisionOutput *out)
{
    g_auto(GStrv) words = g_strsplit_set(text, " \t", -1);
    g_autoptr(GPtrArray) left = g_ptr_array_new();
    out->console = text[0] == '|';
    out->truncate = text[0] == '>' && text[1] != '>';
    for (char **word = words; *word != NULL; word++)
        if (**word != '\0')
            g_ptr_array_add(left, *word);
    if (text[0] == '|') {
        bool is_tee = left->len == 4 && strcmp(left->pdata[1], "tee") == 0 &&
                      strcmp(left->pdata[2], "-a") == 0;
        return is_tee && *(char *)left->pdata[3] == '/' ? g_strdup(left->pdata[3]) : NULL;
    }
    g_autofree char *path = text[0] == '>' ? g_strdup(text + strspn(text, ">")) : g_strdup(text);
    g_strstrip(path);
    return path[0] == '/' ? g_steal_pointer(&path) : NULL;
}

int provision_apply_open_output(ProvisionApply *self, ProvisionOutput *out_output)
{
    const char *text = wanted(self, false);
    g_autofree char *path = text != NULL ? parse(text, out_output) : NULL;
    g_autofree char *name = NULL;
    if (path == NULL) {
        path = g_strdup(PROVISION_APPLY_OUTPUT_LOG);
        *out_output = (ProvisionOutput){.console = true};
    }
    base_autofd dfd = provision_root_open_parent(self->root, path, PROVISION_ROOT_UNWATCHED, true,
                                                 &name, NULL, NULL);
    bool truncate = out_output->truncate && !self->output_begun;
    self->output_begun = true;
    return dfd < 0 ? -1
                   : openat(dfd, name,
                            O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC |
                                (truncate ? O_TRUNC : 0),
                            0640);
}

bool provision_apply_output(ProvisionApply *self, GError **error)
{
    const ProvisionTexts *output = &self->plan->settings.output;
    (void)error;
    for (char **line = output->texts; line != NULL && *line != NULL; line++) {
        ProvisionOutput ignored = {0};
        const char *text = strchr(*line, '=') + 1;
        g_autofree char *path = parse(text, &ignored);
        g_autofree char *stage = g_strndup(*line, strcspn(*line, "="));
        bool is_error = g_str_has_suffix(stage, ".error");
        if (is_error && strcmp(text, "&1") != 0)
            provision_report_add(self->report, &output->at, PROVISION_UNSUPPORTED,
                                 "standard error goes where standard output goes, not to ‘%s’",
                                 text);
        else if (!is_error && path == NULL)
            provision_report_add(self->report, &output->at, PROVISION_UNSUPPORTED,
                                 "‘%s’ is none of “>> FILE”, “> FILE” and “| tee -a FILE”; output "
                                 "goes to ‘%s’",
                                 text, PROVISION_APPLY_OUTPUT_LOG);
        else
            provision_report_add(self->report, &output->at, PROVISION_APPLIED, NULL);
    }
    return true;
}
