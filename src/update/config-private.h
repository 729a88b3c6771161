/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "base/yaml.h"
#include "update/config.h"

G_BEGIN_DECLS

/** update_config_windows: (transfer full): the list @node as windows, one for each day named */
GArray *update_config_windows(const BaseYaml *yaml, const BaseYamlNode *node,
                              GError **error) G_GNUC_WARN_UNUSED_RESULT;

/** update_config_windows_text: (transfer full): "Mon 02:30 for 60 min, …" */
char *update_config_windows_text(const GArray *windows);

G_END_DECLS
