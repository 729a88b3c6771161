/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include "web/response.h"
#include "web/site.h"

G_BEGIN_DECLS

/** web_index_handle: the page at /: refs of the repo with version and date */
WebResponse *web_index_handle(const WebSite *site, const WebRequest *request);

/** web_health_handle: 200 while the repo can be read, else 503 */
WebResponse *web_health_handle(const WebSite *site, const WebRequest *request);

/** web_repo_handle: files of the published repo that a client has a use for */
WebResponse *web_repo_handle(const WebSite *site, const WebRequest *request);

G_END_DECLS
