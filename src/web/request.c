/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * What a handler may ask about the request that it answers.
 */
#include "web/request.h"

const char *web_request_header(const WebRequest *self, const char *name)
{
    return self->header != NULL ? self->header(self, name) : NULL;
}

const char *web_request_param(const WebRequest *self, const char *name)
{
    for (const char *const *param = self->params; param != NULL && param[0] != NULL; param += 2) {
        if (g_str_equal(param[0], name))
            return param[1];
    }
    return NULL;
}

bool web_request_is_api(const WebRequest *self)
{
    static const char *const prefixes[] = {"/api/", "/bus/",     "/charts/", "/events",
                                           "/raw",  "/schemas/", "/v2/"};
    for (unsigned i = 0; self->path != NULL && i < G_N_ELEMENTS(prefixes); i++) {
        if (g_str_has_prefix(self->path, prefixes[i]))
            return true;
    }
    return false;
}
