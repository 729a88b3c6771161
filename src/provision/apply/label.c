/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * SELinux labels of what is made, by the policy of the root that it is made in (selabel_file(5)):
 * the initramfs has no policy, and a service's own files would get its directory's label.
 */
#include "provision/apply/label.h"

#include "base/error.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <selinux/label.h>
#include <string.h>
#include <sys/xattr.h>
#include <unistd.h>

#define CONFIG "/etc/selinux/config"
#define XATTR "security.selinux"

struct _ProvisionLabels {
    void *library; /* libselinux, never closed: it has thread-local state */
    struct selabel_handle *handle;
    bool must; /* a label that cannot be set is an error */
    int (*lookup)(struct selabel_handle *handle, char **context, const char *path, int mode);
    void (*close)(struct selabel_handle *handle);
    void (*free_context)(char *context);
};

/* POSIX lets a pointer to data be one to a function; ISO C has no cast for it. */
static bool find(void *library, const char *name, void *out_function)
{
    void *symbol = dlsym(library, name);
    memcpy(out_function, &symbol, sizeof symbol);
    return symbol != NULL;
}

/* The value of NAME= in the configuration, or NULL. */
static char *setting(const char *config, const char *name)
{
    g_auto(GStrv) lines = g_strsplit(config, "\n", -1);
    size_t size = strlen(name);
    for (char **line = lines; *line != NULL; line++)
        if (strncmp(g_strstrip(*line), name, size) == 0 && (*line)[size] == '=')
            return g_strdup(g_strstrip(*line + size + 1));
    return NULL;
}

/* The policy's file_contexts, as a path of this machine. */
static char *find_contexts(ProvisionRoot *root)
{
    g_autofree char *config = provision_root_read_text(root, CONFIG);
    g_autofree char *state = config != NULL ? setting(config, "SELINUX") : NULL;
    g_autofree char *type = config != NULL ? setting(config, "SELINUXTYPE") : NULL;
    if (type == NULL || *type == '\0' || strchr(type, '/') != NULL || type[0] == '.' ||
        g_strcmp0(state, "disabled") == 0)
        return NULL;
    g_autofree char *inside = g_strdup_printf("/etc/selinux/%s/contexts/files/file_contexts", type);
    struct stat st = {0};
    if (!provision_root_stat(root, inside, PROVISION_ROOT_FOLLOW, &st) || !S_ISREG(st.st_mode))
        return NULL;
    return g_build_filename(provision_root_path(root), inside, NULL);
}

ProvisionLabels *provision_labels_open(ProvisionRoot *root)
{
    struct selabel_handle *(*open_handle)(unsigned, const struct selinux_opt *, unsigned) = NULL;
    g_autofree char *contexts = find_contexts(root);
    if (contexts == NULL)
        return NULL;
    g_autoptr(ProvisionLabels) self = g_new0(ProvisionLabels, 1);
    self->must = provision_root_is_running(root);
    self->library = dlopen("libselinux.so.1", RTLD_NOW | RTLD_LOCAL);
    if (self->library == NULL || !find(self->library, "selabel_open", &open_handle) ||
        !find(self->library, "selabel_lookup_raw", &self->lookup) ||
        !find(self->library, "selabel_close", &self->close) ||
        !find(self->library, "freecon", &self->free_context)) {
        g_debug("there is a policy, and no libselinux.so.1 to read it");
        return NULL;
    }
    const struct selinux_opt options[] = {{SELABEL_OPT_PATH, contexts}};
    self->handle = open_handle(SELABEL_CTX_FILE, options, G_N_ELEMENTS(options));
    if (self->handle == NULL) {
        g_debug("‘%s’ cannot be read: %s", contexts, g_strerror(errno));
        return NULL;
    }
    return g_steal_pointer(&self);
}

void provision_labels_free(ProvisionLabels *self)
{
    if (self == NULL)
        return;
    if (self->handle != NULL)
        self->close(self->handle);
    g_free(self);
}

bool provision_labels_set(ProvisionLabels *self, int dfd, const char *name, const char *path,
                          GError **error)
{
    char *context = NULL;
    struct stat st = {0};
    if (self == NULL || fstatat(dfd, name, &st, AT_SYMLINK_NOFOLLOW) < 0 ||
        self->lookup(self->handle, &context, path, (int)st.st_mode) < 0)
        return true;
    /* there is no call that takes a descriptor and a name */
    g_autofree char *place = g_strdup_printf("/proc/self/fd/%d/%s", dfd, name);
    bool good = lsetxattr(place, XATTR, context, strlen(context) + 1, 0) == 0 || errno == ENOTSUP ||
                (!self->must && errno == EPERM);
    int saved_errno = errno;
    g_autofree char *label = g_strdup(context);
    self->free_context(context);
    return good ||
           base_error_set_errno(error, saved_errno, "giving ‘%s’ the label ‘%s’", path, label);
}
