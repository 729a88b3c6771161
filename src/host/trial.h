/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "host/error.h"

#include <stdbool.h>

G_BEGIN_DECLS

/** HOST_TRIAL_DIR: what must outlive deployments; /var is one for all of them */
#define HOST_TRIAL_DIR "/var/lib/atoll-host"

/*
 * A trial is the first start of a deployment that was not found good yet. The file "trial" names
 * its commit, so that units can have its existence as a condition; "trial-failures" says why its
 * tries failed, for the deployment that comes after it; "fallback" is what people shall read of
 * the last trial that failed.
 */

/** HOST_TRIAL_LATER: there while the trial, should there be one, is not that of what runs now: it
 * was staged, or the boot loader started another version. Units have this as a condition too. */
#define HOST_TRIAL_LATER "/run/atoll-host-trial-later"

/** host_trial_begin: @commit is about to become what boots */
bool host_trial_begin(const char *dir, const char *commit,
                      GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** host_trial_later: until the next start, nothing is on trial; makes the file @path, which is
 * %HOST_TRIAL_LATER */
bool host_trial_later(const char *path, GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** host_trial_load: (transfer full) (nullable): the commit on trial */
char *host_trial_load(const char *dir);

/** host_trial_end: there is none any more */
void host_trial_end(const char *dir);

/** host_trial_fail: notes why this try of @commit failed; the last reason counts */
bool host_trial_fail(const char *dir, const char *commit, const char *reason,
                     GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** host_trial_reason: (transfer full) (nullable): why the last try of @commit failed; %NULL when
 * it did not get as far as to say */
char *host_trial_reason(const char *dir, const char *commit);

/**
 * host_trial_tell_fallback:
 * @dir: %HOST_TRIAL_DIR
 * @commit: what runs instead
 * @text: for people
 * @error: return location
 *
 * Remembers @text until another commit than @commit is found good.
 */
bool host_trial_tell_fallback(const char *dir, const char *commit, const char *text,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** host_trial_fallback: (transfer full) (nullable): the text; @out_commit (optional) what it was
 * that ran instead */
char *host_trial_fallback(const char *dir, char **out_commit);

/** host_trial_forget_fallback: nobody needs to read of it any more */
void host_trial_forget_fallback(const char *dir);

G_END_DECLS
