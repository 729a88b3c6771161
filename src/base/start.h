/* SPDX-License-Identifier: LGPL-2.1-or-later */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

/**
 * base_start:
 *
 * The first thing that a program does, before it has a second thread. GLib makes its C locale when
 * the first number is read (get_C_locale() in its gstrfuncs.c), and the lock that it takes for that
 * sets errno when another thread takes one just then: g_ascii_string_to_unsigned() and its like then
 * say of a number that it is none. Here it is made while nobody is in the way.
 */
void base_start(void);

G_END_DECLS
