/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * atoll image: a commit becomes a disk image.
 */
#include "cmd/commands.h"

#include "base/fd.h"
#include "cmd/event.h"
#include "cmd/terminal.h"
#include "image/build.h"
#include "image/error.h"

#include <fcntl.h>
#include <json-glib/json-glib.h>
#include <stdio.h>
#include <string.h>

#define MAX_KEY_BYTES 65536

const CmdOption cmd_image_options[] = {
    {.name = "format", .letter = 'f', .metavar = "FORMAT", .help = "raw or qcow2 (default: qcow2)"},
    {.name = "size",
     .metavar = "SIZE",
     .help = "size of the disk, such as 8G (default: content and room for an update)"},
    {.name = "output",
     .letter = 'o',
     .metavar = "PATH",
     .help = "the image (default: STATE/images/REF-VERSION.FORMAT)"},
    {.name = "karg",
     .metavar = "NAME[=VALUE]",
     .help = "kernel argument; takes the place of the default of that name",
     .repeatable = true},
    {.name = "root-password-hash",
     .metavar = "HASH",
     .help = "root's password as crypt(5) hash, for testing"},
    {.name = "ssh-key",
     .metavar = "KEY",
     .help = "public key, or file with it, that may log in as root, for testing"},
    {.name = "update-url",
     .metavar = "URL",
     .help = "published repository that the host updates from"},
    {.name = "repo", .metavar = "DIR", .help = "repository with the commit (default: STATE/repo)"},
    CMD_OPTION_STATE,
    CMD_OPTION_DATABASE,
    CMD_OPTION_JSON,
    CMD_OPTION_QUIET,
    {0},
};

/* "4G", "512M", "1048576": binary units */
static bool parse_size(const char *text, uint64_t *out_bytes, GError **error)
{
    static const char units[] = "KMGT";
    char *end = NULL;
    uint64_t value = g_ascii_isdigit(*text) ? g_ascii_strtoull(text, &end, 10) : 0;
    unsigned shift = 0;
    if (end != NULL && *end != '\0') {
        const char *unit = strchr(units, g_ascii_toupper(*end));
        shift = unit != NULL ? (unsigned)(unit - units + 1) * 10 : 64;
        end++;
    }
    if (end == NULL || *end != '\0' || shift >= 64 || value == 0 ||
        value > ((uint64_t)INT64_MAX >> shift) || (value << shift) < image_layout_disk_bytes(1)) {
        g_set_error(error, IMAGE_ERROR, IMAGE_ERROR_OPTION,
                    "‘%s’ is not a disk size; one looks like 8G or 4096M", text);
        return false;
    }
    *out_bytes = value << shift;
    return true;
}

static bool check_hash(const char *hash, GError **error)
{
    if (hash == NULL || (hash[0] == '$' && strpbrk(hash, ":\n") == NULL))
        return true;
    g_set_error(error, IMAGE_ERROR, IMAGE_ERROR_OPTION,
                "--root-password-hash wants a hash such as ‘openssl passwd -6’ prints, not a "
                "password");
    return false;
}

/* A key as it is, or the file with it; %NULL stays %NULL. */
static bool load_ssh_key(const char *text, char **out_key, GError **error)
{
    if (text == NULL)
        return true;
    g_autofree char *key = NULL;
    if (strchr(text, ' ') != NULL) {
        key = g_strdup(text);
    } else {
        g_autoptr(GBytes) bytes = base_fd_read_file(AT_FDCWD, text, MAX_KEY_BYTES, error);
        if (bytes == NULL) {
            g_prefix_error(error, "--ssh-key: ");
            return false;
        }
        key = g_strdup(g_bytes_get_data(bytes, NULL));
    }
    g_strstrip(key);
    if (strstr(key, "PRIVATE KEY") != NULL || strchr(key, ' ') == NULL) {
        g_set_error(error, IMAGE_ERROR, IMAGE_ERROR_OPTION,
                    "--ssh-key wants a public key, such as ‘ssh-ed25519 AAAA… you@example.org’");
        return false;
    }
    *out_key = g_steal_pointer(&key);
    return true;
}

static void print_json(const ImageBuildResult *result, const ImageBuildOptions *options)
{
    g_autoptr(JsonBuilder) builder = json_builder_new();
    json_builder_begin_object(builder);
    const struct {
        const char *name;
        const char *value;
    } strings[] = {
        {"path", result->path},
        {"format", options->format->name},
        {"ref", options->ref},
        {"commit", result->commit},
        {"version", result->version},
        {"sha256", result->sha256},
        {"root-uuid", result->root_uuid},
    };
    for (size_t i = 0; i < G_N_ELEMENTS(strings); i++) {
        json_builder_set_member_name(builder, strings[i].name);
        if (strings[i].value != NULL)
            json_builder_add_string_value(builder, strings[i].value);
        else
            json_builder_add_null_value(builder);
    }
    json_builder_set_member_name(builder, "size");
    json_builder_add_int_value(builder, (gint64)result->file_bytes);
    json_builder_set_member_name(builder, "disk-size");
    json_builder_add_int_value(builder, (gint64)result->disk_bytes);
    json_builder_end_object(builder);
    g_autoptr(JsonNode) root = json_builder_get_root(builder);
    g_autofree char *text = json_to_string(root, TRUE);
    printf("%s\n", text);
}

static void print_text(const ImageBuildResult *result)
{
    g_autofree char *file_size = g_format_size_full(result->file_bytes, G_FORMAT_SIZE_IEC_UNITS);
    g_autofree char *disk_size = g_format_size_full(result->disk_bytes, G_FORMAT_SIZE_IEC_UNITS);
    printf("%s\n", result->path);
    printf("  version %s, commit %.12s\n", result->version != NULL ? result->version : "none",
           result->commit);
    printf("  %s, disk of %s\n", file_size, disk_size);
    printf("  sha256 %s\n", result->sha256);
}

static void publish_done(const CmdArgs *args, const ImageBuildOptions *options,
                         const ImageBuildResult *result)
{
    g_autoptr(JsonObject) body = json_object_new();
    g_autofree char *ref = g_strconcat("ref:", options->ref, NULL);
    g_autofree char *commit = g_strconcat("commit:", result->commit, NULL);
    json_object_set_string_member(body, "ref", options->ref);
    json_object_set_string_member(body, "commit", result->commit);
    if (result->version != NULL)
        json_object_set_string_member(body, "version", result->version);
    json_object_set_string_member(body, "format", options->format->name);
    json_object_set_string_member(body, "path", result->path);
    json_object_set_string_member(body, "sha256", result->sha256);
    json_object_set_int_member(body, "size", (gint64)result->file_bytes);
    cmd_event_publish(args, "org.atoll.prod.image.disk.done", "service:image",
                      (const char *const[]){ref, commit, NULL}, body, NULL);
}

static void publish_failed(const CmdArgs *args, const ImageBuildOptions *options,
                           const GError *failure)
{
    g_autoptr(JsonObject) body = json_object_new();
    json_object_set_string_member(body, "ref", options->ref);
    json_object_set_string_member(body, "format", options->format->name);
    cmd_event_publish(args, "org.atoll.prod.image.disk.failed", "service:image", NULL, body,
                      failure);
}

CmdExit cmd_image_run(const CmdArgs *args, GCancellable *cancellable, GError **error)
{
    g_autofree char *state = cmd_args_state_dir(args);
    g_autofree char *repo = cmd_args_string(args, "repo") != NULL
                                ? g_strdup(cmd_args_string(args, "repo"))
                                : g_build_filename(state, "repo", NULL);
    g_autofree char *scratch = g_build_filename(state, "tmp", NULL);
    g_autofree char *images = g_build_filename(state, "images", NULL);
    const char *format = cmd_args_string(args, "format");
    g_autofree char *ssh_key = NULL;
    ImageBuildOptions options = {
        .repo_path = repo,
        .ref = cmd_args_operands(args)[0],
        .scratch_dir = scratch,
        .images_dir = images,
        .output_path = cmd_args_string(args, "output"),
        .format = image_format_find(format != NULL ? format : "qcow2", error),
        .kargs = cmd_args_strings(args, "karg"),
        .root_password_hash = cmd_args_string(args, "root-password-hash"),
        .update_url = cmd_args_string(args, "update-url"),
    };
    const char *size = cmd_args_string(args, "size");
    if (options.format == NULL || (size != NULL && !parse_size(size, &options.disk_bytes, error)) ||
        !check_hash(options.root_password_hash, error) ||
        !load_ssh_key(cmd_args_string(args, "ssh-key"), &ssh_key, error))
        return CMD_EXIT_USAGE;
    options.ssh_key = ssh_key;

    g_autoptr(CmdTerminal) terminal =
        cmd_terminal_new(cmd_args_flag(args, "quiet") ? CMD_TERMINAL_QUIET : CMD_TERMINAL_DEFAULT);
    g_auto(ImageBuildResult) result = {0};
    bool ok = image_build(&options, cmd_terminal_progress(terminal), cancellable, &result, error);
    g_clear_pointer(&terminal, cmd_terminal_free);
    if (!ok) {
        if (error != NULL && !g_cancellable_is_cancelled(cancellable))
            publish_failed(args, &options, *error);
        return CMD_EXIT_FAILED;
    }
    publish_done(args, &options, &result);
    if (cmd_args_flag(args, "json"))
        print_json(&result, &options);
    else
        print_text(&result);
    return CMD_EXIT_DONE;
}
