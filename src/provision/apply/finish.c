/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * The end of a boot: phoning home, the last message, and turning the machine off or around.
 */
#include "provision/apply/apply.h"

#include "base/error.h"
#include "base/http-call.h"
#include "provision/error.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define PHONE_TIMEOUT_MS 5000
#define PHONE_TRIES 10
#define ANSWER_MAX_BYTES 65536
#define FINAL_MESSAGE                                                                              \
    "Cloud-init v. $version finished at $timestamp. Datasource $datasource.  Up $uptime seconds"

static void add_field(GString *body, const char *name, const char *value)
{
    g_autofree char *escaped = g_uri_escape_string(value, NULL, FALSE);
    g_string_append_printf(body, "%s%s=%s", body->len > 0 ? "&" : "", name, escaped);
}

static char *phone_value(ProvisionApply *self, const char *name)
{
    static const char *const keys[] = {"rsa", "dsa", "ecdsa", "ed25519"};
    g_auto(ProvisionHostname) hostname = {0};
    bool named = provision_apply_hostname(self, &hostname);
    if (strcmp(name, "instance_id") == 0)
        return g_path_get_basename(self->instance_dir);
    if (strcmp(name, "hostname") == 0)
        return g_strdup(named ? hostname.hostname : "");
    if (strcmp(name, "fqdn") == 0)
        return g_strdup(named ? hostname.fqdn : "");
    for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
        g_autofree char *field = g_strdup_printf("pub_key_%s", keys[i]);
        g_autofree char *path = g_strdup_printf("/etc/ssh/ssh_host_%s_key.pub", keys[i]);
        if (strcmp(name, field) == 0) {
            char *text = provision_root_read_text(self->root, path);
            return text != NULL ? text : g_strdup("N/A");
        }
    }
    return NULL;
}

static char *phone_body(ProvisionApply *self)
{
    static const char *const all[] = {
        "pub_key_rsa", "pub_key_ecdsa", "pub_key_ed25519", "instance_id", "hostname", "fqdn", NULL};
    char **wanted = self->plan->settings.phone_home_post.texts;
    bool everything = wanted == NULL || wanted[0] == NULL || strcmp(wanted[0], "all") == 0;
    g_autoptr(GString) body = g_string_new(NULL);
    for (const char *const *name = everything ? all : (const char *const *)wanted; *name != NULL;
         name++) {
        g_autofree char *value = phone_value(self, *name);
        if (value != NULL)
            add_field(body, *name, value);
    }
    return g_string_free(g_steal_pointer(&body), FALSE);
}

static bool phone(ProvisionApply *self, GError **error)
{
    const ProvisionSettings *s = &self->plan->settings;
    int tries = s->phone_home_tries > 0 ? s->phone_home_tries : PHONE_TRIES;
    g_autofree char *body = phone_body(self);
    g_autofree char *id = g_path_get_basename(self->instance_dir);
    g_autoptr(GString) url = g_string_new(s->phone_home_url.text);
    g_string_replace(url, "$INSTANCE_ID", id, 0);
    g_autoptr(GBytes) bytes = g_bytes_new(body, strlen(body));
    const char *const headers[] = {"Content-Type: application/x-www-form-urlencoded", NULL};
    const BaseHttpCall call = {.method = "POST",
                               .url = url->str,
                               .headers = headers,
                               .body = bytes,
                               .max_bytes = ANSWER_MAX_BYTES,
                               .timeout_ms = PHONE_TIMEOUT_MS};
    g_autoptr(GError) local = NULL;
    for (int i = 0; i < tries; i++) {
        g_auto(BaseHttpAnswer) answer = {0};
        g_clear_error(&local);
        if (i > 0)
            g_usleep(3 * G_USEC_PER_SEC);
        if (base_http_call(&call, &answer, self->cancellable, &local) && answer.status < 400)
            return true;
        if (local == NULL)
            base_error_set(&local, BASE_ERROR_HTTP, "the server answered %u", answer.status);
        if (g_cancellable_is_cancelled(self->cancellable))
            break;
    }
    g_propagate_error(error, g_steal_pointer(&local));
    return false;
}

bool provision_apply_phone_home(ProvisionApply *self, GError **error)
{
    const ProvisionText *url = &self->plan->settings.phone_home_url;
    g_autoptr(GError) local = NULL;
    (void)error;
    if (url->text == NULL)
        return true;
    bool good = phone(self, &local);
    provision_apply_outcome(self, &url->at, good, true, g_steal_pointer(&local));
    return true;
}

static char *uptime_text(void)
{
    g_autofree char *text = NULL;
    if (!g_file_get_contents("/proc/uptime", &text, NULL, NULL))
        return g_strdup("N/A");
    return g_strndup(text, strcspn(text, " "));
}

/* cloud-init's templates know $name and ${name}, and names in capitals. */
static void replace(GString *text, const char *name, const char *value)
{
    g_autofree char *upper = g_ascii_strup(name, -1);
    const char *const names[] = {name, upper};
    for (unsigned i = 0; i < 2; i++) {
        g_autofree char *braces = g_strdup_printf("${%s}", names[i]);
        g_autofree char *plain = g_strdup_printf("$%s", names[i]);
        g_autofree char *jinja = g_strdup_printf("{{ %s }}", names[i]);
        g_string_replace(text, braces, value, 0);
        g_string_replace(text, plain, value, 0);
        g_string_replace(text, jinja, value, 0);
    }
}

bool provision_apply_final_message(ProvisionApply *self, GError **error)
{
    const ProvisionText *message = &self->plan->settings.final_message;
    g_autofree char *uptime = uptime_text();
    g_autoptr(GDateTime) now = g_date_time_new_now_utc();
    g_autofree char *timestamp = g_date_time_format(now, "%a, %d %b %Y %H:%M:%S +0000");
    g_autoptr(GString) text = g_string_new(message->text != NULL ? message->text : FINAL_MESSAGE);
    if (g_str_has_prefix(text->str, "## template:jinja\n"))
        g_string_erase(text, 0, (gssize)strlen("## template:jinja\n"));
    replace(text, "version", ATOLL_VERSION);
    replace(text, "timestamp", timestamp);
    replace(text, "datasource", self->instance != NULL ? self->instance->platform : "none");
    replace(text, "uptime", uptime);
    /* on the console and in the output log, as anything that a script says */
    g_string_append_c(text, '\n');
    provision_apply_say(self, text->str);
    if (message->text != NULL)
        provision_apply_outcome(self, &message->at, true, true, NULL);
    g_autofree char *finished =
        g_strdup_printf("%s - %s - v. %s\n", uptime, timestamp, ATOLL_VERSION);
    g_autofree char *path = g_build_filename(self->instance_dir, "boot-finished", NULL);
    const ProvisionRootOwner owner = {0644, geteuid(), getegid()};
    return provision_root_write(self->root, path, finished, strlen(finished), &owner,
                                PROVISION_ROOT_UNWATCHED, NULL, error);
}

/* no condition: yes; a script or program: its exit status decides */
static bool condition_holds(ProvisionApply *self, const ProvisionCommand *condition)
{
    g_autoptr(GError) ignored = NULL;
    if (condition == NULL)
        return true;
    if (condition->argv != NULL)
        return provision_apply_run(self, (const char *const *)condition->argv, NULL, &ignored);
    size_t size = 0;
    const char *data = g_bytes_get_data(condition->script, &size);
    g_autofree char *line = g_strndup(data, size);
    const char *const argv[] = {"/bin/sh", "-c", line, NULL};
    return provision_apply_run(self, argv, NULL, &ignored);
}

static bool is_delay(const char *text)
{
    const char *digits = text[0] == '+' ? text + 1 : text;
    return strcmp(text, "now") == 0 ||
           (digits[0] != '\0' && strspn(digits, "0123456789") == strlen(digits));
}

bool provision_apply_power_state(ProvisionApply *self, GError **error)
{
    const ProvisionSettings *s = &self->plan->settings;
    (void)error;
    if (s->power_mode.text == NULL)
        return true;
    if (s->power_delay.text != NULL && !is_delay(s->power_delay.text)) {
        provision_report_add(self->report, &s->power_delay.at, PROVISION_FAILED,
                             "‘%s’ is neither minutes (+5) nor ‘now’", s->power_delay.text);
        return true;
    }
    if (!condition_holds(self, s->power_condition)) {
        provision_report_add(self->report, &s->power_mode.at, PROVISION_UNCHANGED,
                             "the condition does not hold");
        return true;
    }
    self->reboot_wanted = true;
    provision_report_add(self->report, &s->power_mode.at, PROVISION_APPLIED, NULL);
    return true;
}
