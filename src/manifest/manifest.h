/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "manifest/error.h"

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

G_BEGIN_DECLS

/**
 * ManifestPlace:
 * @file: (owned): path of the file as the user named it
 * @line: first line is 1
 * @column: first column is 1
 *
 * Where in the input a value stands; every error about the value names it.
 */
typedef struct {
    char *file;
    unsigned line;
    unsigned column;
} ManifestPlace;

/**
 * ManifestString:
 * @text: (owned): the value, variables replaced
 * @place: where it stands
 */
typedef struct {
    char *text;
    ManifestPlace place;
} ManifestString;

/**
 * ManifestRepoKind:
 * @MANIFEST_REPO_HOST_APT: the machine's own apt sources
 * @MANIFEST_REPO_DEB: a Debian repository
 * @MANIFEST_REPO_RPM: an rpm-md repository
 * @MANIFEST_REPO_NAMED: a name that a *.repo file explains; not in a loaded manifest
 */
typedef enum {
    MANIFEST_REPO_HOST_APT,
    MANIFEST_REPO_DEB,
    MANIFEST_REPO_RPM,
    MANIFEST_REPO_NAMED,
} ManifestRepoKind;

/**
 * ManifestRpmRepo:
 * @metalink: (owned) (nullable): URL of a list of mirrors with the metadata's digests
 * @mirrorlist: (owned) (nullable): URL of a plain list of mirrors
 * @gpgkeys: (owned): the keys: absolute paths, or armoured texts
 * @gpgcheck: one of the keys must have signed each package
 * @repo_gpgcheck: one of the keys must have signed the metadata
 * @module_hotfixes: its packages count whatever module streams are enabled
 * @cost: of several repositories with one package the cheapest is taken
 * @priority: packages of a repository with a lower number hide those of others
 * @excludepkgs: (owned): patterns of packages that are not there
 * @includepkgs: (owned): when not empty, patterns of the only packages that are
 *
 * What an rpm-md repository has beside its URLs. The names are dnf's.
 */
typedef struct {
    char *metalink;
    char *mirrorlist;
    char **gpgkeys;
    bool gpgcheck;
    bool repo_gpgcheck;
    bool module_hotfixes;
    unsigned cost;
    unsigned priority;
    char **excludepkgs;
    char **includepkgs;
} ManifestRpmRepo;

#define MANIFEST_RPM_REPO_COST 1000
#define MANIFEST_RPM_REPO_PRIORITY 99

/**
 * ManifestRepo:
 * @kind: what it is
 * @id: (owned): its name in messages, locks and commit metadata ("host-apt", or the user's)
 * @urls: (owned): base URLs (http, https, file)
 * @suites: (owned): suites; one that ends in "/" is a flat repository
 * @components: (owned): components; empty for flat repositories
 * @keyring: (owned) (nullable): absolute path of the keyring that must have signed it
 * @trusted: taken without a signature ("trusted: true", said on purpose)
 * @locked_only: only packages that a lock names count ("lockfile-repos")
 * @rpm: (owned) (nullable): the rest of an rpm-md repository
 * @place: where it stands
 */
typedef struct {
    ManifestRepoKind kind;
    char *id;
    char **urls;
    char **suites;
    char **components;
    char *keyring;
    bool trusted;
    bool locked_only;
    ManifestRpmRepo *rpm;
    ManifestPlace place;
} ManifestRepo;

/**
 * ManifestFile:
 * @source: (owned): absolute path of the file or directory to add
 * @target: (owned): absolute path in the tree
 * @place: where it stands
 */
typedef struct {
    char *source;
    char *target;
    ManifestPlace place;
} ManifestFile;

/**
 * ManifestVariable:
 * @name: (owned): its name
 * @value: (owned): what stands for it
 * @is_plain: stood without quotes, so may be a number or a boolean
 * @place: where it is set
 */
typedef struct {
    char *name;
    char *value;
    bool is_plain;
    ManifestPlace place;
} ManifestVariable;

/**
 * ManifestIdsKind:
 * @MANIFEST_IDS_NONE: no check
 * @MANIFEST_IDS_PREVIOUS: the branch's last commit
 * @MANIFEST_IDS_FILE: a file in the form of passwd(5) or group(5)
 * @MANIFEST_IDS_DATA: the manifest says them
 */
typedef enum {
    MANIFEST_IDS_NONE,
    MANIFEST_IDS_PREVIOUS,
    MANIFEST_IDS_FILE,
    MANIFEST_IDS_DATA,
} ManifestIdsKind;

/**
 * ManifestId:
 * @name: (owned): of a user or group
 * @id: its number
 * @group: number of a user's primary group; @id unless said
 */
typedef struct {
    char *name;
    uint32_t id;
    uint32_t group;
} ManifestId;

/**
 * ManifestIds:
 * @kind: what is compared with
 * @path: (owned) (nullable): absolute path of the file, for FILE
 * @entries: (owned) (nullable) (element-type ManifestId): for DATA
 * @place: where it stands
 *
 * What the users or groups of a tree must agree with (check-passwd, check-groups).
 */
typedef struct {
    ManifestIdsKind kind;
    char *path;
    GPtrArray *entries;
    ManifestPlace place;
} ManifestIds;

/**
 * ManifestPatterns:
 * @package: (owned): a package's name
 * @patterns: (owned): regular expressions that match whole absolute paths
 * @place: where it stands
 */
typedef struct {
    char *package;
    char **patterns;
    ManifestPlace place;
} ManifestPatterns;

/**
 * ManifestRepoPackages:
 * @repo: (owned): id of a repository
 * @packages: (owned) (element-type ManifestString): what has to come from it
 * @place: where it stands
 */
typedef struct {
    char *repo;
    GPtrArray *packages;
    ManifestPlace place;
} ManifestRepoPackages;

/**
 * ManifestModules:
 * @enable: (element-type ManifestString): streams ("NAME:STREAM") whose packages count
 * @install: (element-type ManifestString): streams to install ("NAME:STREAM/PROFILE")
 */
typedef struct {
    GPtrArray *enable;
    GPtrArray *install;
} ManifestModules;

/**
 * Manifest:
 * @path: (owned): the file that was loaded
 * @ref: (owned): branch name
 * @repos: (element-type ManifestRepo)
 * @packages: (element-type ManifestString): names, in the order of the files
 * @exclude_packages: (element-type ManifestString)
 * @install_langs: (element-type ManifestString): locales to keep; empty keeps all
 * @units: (element-type ManifestString): systemd units to enable
 * @add_files: (element-type ManifestFile)
 * @remove_files: (element-type ManifestString): paths, without the leading slash
 * @postprocess: (element-type ManifestString): scripts, in the order they run
 * @recommends: whether Recommends are installed; default %TRUE for rpms, %FALSE for debs
 * @documentation: whether documentation is kept; default %TRUE
 * @default_target: (owned) (nullable): "multi-user.target"
 * @releasever: (owned) (nullable)
 * @releasever_is_plain: it stood without quotes, so conditions may take it for a number
 * @automatic_version_prefix: (owned) (nullable)
 * @metadata: (owned): a{sv} of add-commit-metadata, sorted by key
 * @extra: (owned): a{sv} of "metadata": for other programs, no part of the tree
 * @edition: (owned) (nullable): "2014" or "2024"
 * @basearch: (owned) (nullable): as the manifest says it
 * @container: no kernel, no initramfs, no labels
 * @container_cmd: (element-type ManifestString)
 * @selinux: whether files are labelled when the tree has a policy; default %TRUE
 * @selinux_label_version: 0 or 1
 * @ima: whether IMA signatures were asked for
 * @readonly_executables: whether programs lose their write permission
 * @tmp_is_dir: whether /tmp is a directory; default %TRUE
 * @machineid_compat: whether there is an empty /etc/machine-id; default %TRUE
 * @no_initramfs: whether the tree goes without
 * @initramfs_args: (element-type ManifestString): for dracut
 * @boot_location: (owned) (nullable): "new", "modules" or "kernel-install"
 * @kernel_modules: (owned) (nullable): "all" or "cloud"
 * @opt_usrlocal: (owned) (nullable): "var", "root" or "stateoverlay"
 * @sysusers: (owned) (nullable): "compose-auto" or "compose-forced"
 * @mutate_os_release: (owned) (nullable): text in os-release that the version replaces
 * @automatic_version_suffix: (owned) (nullable): one character
 * @repo_metadata: (owned) (nullable): "inline", "detached" or "disabled"
 * @advisories_metadata: (owned) (nullable): the same
 * @etc_group_members: (element-type ManifestString): groups
 * @preserve_passwd: whether ids are kept from commit to commit; default %TRUE
 * @check_passwd: (owned) (nullable): what users must agree with
 * @check_groups: (owned) (nullable): what groups must agree with
 * @ignore_removed_users: (element-type ManifestString): "*" is all
 * @ignore_removed_groups: (element-type ManifestString): "*" is all
 * @ostree_layers: (element-type ManifestString): refs
 * @ostree_override_layers: (element-type ManifestString): refs
 * @remove_from_packages: (element-type ManifestPatterns)
 * @repo_packages: (element-type ManifestRepoPackages): no package in two of them
 * @lockfile_repos: (element-type ManifestString): ids of repositories
 * @repovars: (element-type ManifestVariable)
 * @modules: module streams
 * @platform_module: (owned) (nullable)
 * @postprocess_script: (owned) (nullable): absolute path
 * @postprocess_script_place: where it stands
 * @finalize: (element-type ManifestFile): programs of finalize.d, in the order they run
 * @notes: (element-type ManifestString): keys that have no effect and why, for people
 * @digest: (owned): SHA-256, in hex, of the flattened manifest's canonical JSON (with the
 *   digests of the files it adds)
 *
 * What a tree should be: the flattened result of a file and all that it includes. Built
 * once, then constant.
 */
typedef struct {
    char *path;
    char *ref;
    GPtrArray *repos;
    GPtrArray *packages;
    GPtrArray *exclude_packages;
    GPtrArray *install_langs;
    GPtrArray *units;
    GPtrArray *add_files;
    GPtrArray *remove_files;
    GPtrArray *postprocess;
    bool recommends;
    bool documentation;
    char *default_target;
    char *releasever;
    bool releasever_is_plain;
    char *automatic_version_prefix;
    GVariant *metadata;
    GVariant *extra;
    char *edition;
    char *basearch;
    bool container;
    GPtrArray *container_cmd;
    bool selinux;
    unsigned selinux_label_version;
    bool ima;
    bool readonly_executables;
    bool tmp_is_dir;
    bool machineid_compat;
    bool no_initramfs;
    GPtrArray *initramfs_args;
    char *boot_location;
    char *kernel_modules;
    char *opt_usrlocal;
    char *sysusers;
    char *mutate_os_release;
    char *automatic_version_suffix;
    char *repo_metadata;
    char *advisories_metadata;
    GPtrArray *etc_group_members;
    bool preserve_passwd;
    ManifestIds *check_passwd;
    ManifestIds *check_groups;
    GPtrArray *ignore_removed_users;
    GPtrArray *ignore_removed_groups;
    GPtrArray *ostree_layers;
    GPtrArray *ostree_override_layers;
    GPtrArray *remove_from_packages;
    GPtrArray *repo_packages;
    GPtrArray *lockfile_repos;
    GPtrArray *repovars;
    ManifestModules modules;
    char *platform_module;
    char *postprocess_script;
    ManifestPlace postprocess_script_place;
    GPtrArray *finalize;
    GPtrArray *notes;
    char *digest;
} Manifest;

/**
 * manifest_load:
 * @path: a YAML (or JSON) file
 * @error: %MANIFEST_ERROR_INVALID names file, line, column, and for an unknown key the nearest
 *   known one; %MANIFEST_ERROR_CYCLE when a file includes itself
 *
 * Reads a manifest with its includes (rpm-ostree's treefile keys and merging rules: scalars
 * of the including file win, arrays concatenate, included first).
 *
 * Returns: (transfer full): the flattened manifest
 */
Manifest *manifest_load(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

void manifest_free(Manifest *self);
G_DEFINE_AUTOPTR_CLEANUP_FUNC(Manifest, manifest_free)

/**
 * manifest_to_json:
 * @self: a manifest
 *
 * Returns: (transfer full): the flattened manifest as canonical JSON (sorted keys)
 */
char *manifest_to_json(const Manifest *self);

/**
 * manifest_wanted_digest:
 * @self: a manifest
 * @error: a keyring cannot be read any more
 *
 * Returns: (transfer full): SHA-256, in hex, of what of the manifest decides on its packages
 */
char *manifest_wanted_digest(const Manifest *self, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/**
 * manifest_to_yaml:
 * @self: a manifest
 *
 * Returns: (transfer full): the flattened manifest as YAML, each item of a list with the file
 *   and line that it comes from in a comment
 */
char *manifest_to_yaml(const Manifest *self);

/**
 * manifest_schema:
 *
 * Returns: (transfer full): a JSON Schema (draft 2020-12) of what manifest_load() takes, made of
 *   the same table of keys
 */
char *manifest_schema(void);

G_END_DECLS
