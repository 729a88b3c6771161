/* SPDX-License-Identifier: LGPL-2.1-or-later
 *
 * Tells a text that is in canonical form already, as what programs print mostly is, so that it
 * need not be read into a tree and printed again. It may say no to some that are: keys beyond
 * ASCII, fractions and rare escapes are canonical-parse.c's.
 */
#include "bus/canonical.h"

/* Digits of which every number is an integer of a double. */
#define DIGITS_MAX 15

typedef struct {
    const char *p; /* ends in NUL, which no token holds */
    unsigned depth;
    unsigned n_values;
    bool ascii;
} Checker;

static bool check_value(Checker *self);

static bool take(Checker *self, char c)
{
    if (*self->p != c)
        return false;
    self->p++;
    return true;
}

static bool check_string(Checker *self)
{
    if (!take(self, '"'))
        return false;
    for (;;) {
        unsigned char c = (unsigned char)*self->p++;
        if (c == '"')
            return true;
        if (c < 0x20)
            return false;
        self->ascii = self->ascii && c < 0x80;
        if (c == '\\') {
            c = (unsigned char)*self->p++;
            if (c != '"' && c != '\\' && c != 'n' && c != 't' && c != 'r' && c != 'b' && c != 'f')
                return false;
        }
    }
}

static bool check_number(Checker *self)
{
    bool negative = take(self, '-');
    const char *start = self->p;
    while (g_ascii_isdigit(*self->p))
        self->p++;
    size_t n = (size_t)(self->p - start);
    if (*start == '0' && (negative || n != 1))
        return false;
    return n > 0 && n <= DIGITS_MAX && *self->p != '.' && *self->p != 'e' && *self->p != 'E';
}

static bool check_word(Checker *self)
{
    static const char *const words[] = {"null", "true", "false"};
    for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
        if (g_str_has_prefix(self->p, words[i])) {
            self->p += strlen(words[i]);
            return true;
        }
    }
    return false;
}

static bool check_array(Checker *self)
{
    self->p++;
    if (take(self, ']'))
        return true;
    do {
        if (!check_value(self))
            return false;
    } while (take(self, ','));
    return take(self, ']');
}

/* Whether the key @size_bytes long at @key comes after the one at @before, both plain ASCII. */
static bool is_in_order(const char *before, size_t before_bytes, const char *key, size_t size_bytes)
{
    int order = memcmp(before, key, MIN(before_bytes, size_bytes));
    return order < 0 || (order == 0 && before_bytes < size_bytes);
}

static bool check_object(Checker *self)
{
    const char *before = NULL;
    size_t before_bytes = 0;
    self->p++;
    if (take(self, '}'))
        return true;
    do {
        const char *key = self->p + 1;
        bool ascii = self->ascii;
        self->ascii = true;
        if (!check_string(self) || !self->ascii)
            return false;
        self->ascii = ascii;
        size_t size_bytes = (size_t)(self->p - 1 - key);
        if (memchr(key, '\\', size_bytes) != NULL ||
            (before != NULL && !is_in_order(before, before_bytes, key, size_bytes)))
            return false;
        before = key;
        before_bytes = size_bytes;
        if (!take(self, ':') || !check_value(self))
            return false;
    } while (take(self, ','));
    return take(self, '}');
}

static bool check_value(Checker *self)
{
    bool ok = false;
    if (self->depth >= BUS_JSON_MAX_DEPTH || ++self->n_values > BUS_JSON_MAX_VALUES)
        return false;
    self->depth++;
    switch (*self->p) {
    case '{':
        ok = check_object(self);
        break;
    case '[':
        ok = check_array(self);
        break;
    case '"':
        ok = check_string(self);
        break;
    case 'n':
    case 't':
    case 'f':
        ok = check_word(self);
        break;
    default:
        ok = check_number(self);
        break;
    }
    self->depth--;
    return ok;
}

bool bus_canonical_is_object(const char *text)
{
    Checker checker = {.p = text, .ascii = true};
    return *text == '{' && check_value(&checker) && *checker.p == '\0' &&
           (checker.ascii || g_utf8_validate(text, -1, NULL));
}
