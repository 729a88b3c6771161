/* SPDX-License-Identifier: LGPL-2.1-or-later */
#include "bus/schema-check.h"

#include "bus/canonical.h"

#include <string.h>

static JsonNode *parse(const char *text)
{
    g_autoptr(GError) error = NULL;
    JsonNode *node = bus_canonical_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    return node;
}

static const struct {
    const char *schema;
    const char *value;
    const char *message; /* a part of it; NULL: it fits */
} values[] = {
    {"{}", "[1]", NULL},
    {"false", "1", "no value is allowed"},
    {"{\"type\":\"integer\"}", "3.0", NULL},
    {"{\"type\":\"integer\"}", "3.5",
     "at ‘’: want a value of type integer, and it is of type number"},
    {"{\"type\":[\"null\",\"string\"]}", "true", "boolean, which is none of those wanted"},
    {"{\"enum\":[1,{\"a\":[]}]}", "{\"a\":[]}", NULL},
    {"{\"enum\":[1]}", "2", "none of those that are listed"},
    {"{\"const\":{\"b\":1,\"a\":2}}", "{\"a\":2.0,\"b\":1}", NULL},
    {"{\"required\":[\"a\"]}", "{\"b\":1}", "the member ‘a’ is missing (rule #)"},
    {"{\"required\":[\"a\"]}", "7", NULL},
    {"{\"properties\":{\"a\":{\"properties\":{\"x/y\":{\"type\":\"null\"}}}}}",
     "{\"a\":{\"x/y\":1}}",
     "at ‘/a/x~1y’: want a value of type null, and it is of type number (rule "
     "#/properties/a/properties/x~1y/type)"},
    {"{\"additionalProperties\":false,\"properties\":{\"a\":{}},\"patternProperties\":{\"^x\":{}}}",
     "{\"a\":1,\"xx\":2}", NULL},
    {"{\"additionalProperties\":false,\"properties\":{\"a\":{}}}", "{\"b\":1}",
     "at ‘/b’: no value is allowed here (rule #/additionalProperties)"},
    {"{\"items\":{\"maximum\":3}}", "[1,4]", "at ‘/1’: want at most 3 (rule #/items)"},
    {"{\"items\":[{\"type\":\"null\"}],\"additionalItems\":{\"type\":\"string\"}}", "[null,1]",
     "rule #/additionalItems/type"},
    {"{\"prefixItems\":[true],\"items\":false}", "[1,2]", "at ‘/1’"},
    {"{\"uniqueItems\":true}", "[1,{\"a\":1},1.0]", "element 2 is there twice"},
    {"{\"minLength\":2,\"maxLength\":2}", "\"äö\"", NULL},
    {"{\"maxLength\":1}", "\"äö\"", "want at most 1 characters, and there are 2"},
    {"{\"pattern\":\"b+\"}", "\"abc\"", NULL},
    {"{\"pattern\":\"^b\"}", "\"abc\"", "the text does not match ‘^b’"},
    {"{\"minimum\":1,\"exclusiveMinimum\":true}", "1", "at least but not 1"},
    {"{\"exclusiveMinimum\":1}", "1", "more than 1"},
    {"{\"exclusiveMaximum\":1}", "0.5", NULL},
    {"{\"multipleOf\":0.1}", "0.3", NULL},
    {"{\"multipleOf\":2}", "3", "a multiple of 2"},
    {"{\"oneOf\":[{\"type\":\"number\"},{\"minimum\":2}]}", "3", "more than one"},
    {"{\"anyOf\":[{\"type\":\"null\"},{\"items\":{\"type\":\"null\"}}]}", "[1]",
     "no schema of a list"},
    {"{\"not\":{\"type\":\"null\"}}", "null", "what it must not"},
    {"{\"if\":{\"required\":[\"a\"]},\"then\":{\"required\":[\"b\"]},\"else\":false}", "{\"a\":1}",
     "‘b’ is missing (rule #/then)"},
    {"{\"contains\":{\"const\":1},\"maxContains\":1}", "[1,1]", "too many"},
    {"{\"dependencies\":{\"a\":[\"b\"]}}", "{\"a\":1}", "‘b’ is missing"},
    {"{\"propertyNames\":{\"maxLength\":1}}", "{\"ab\":1}", "at ‘/ab’"},
    {"{\"$ref\":\"#/$defs/a%20b\",\"$defs\":{\"a b\":{\"type\":\"null\"}}}", "1",
     "rule #/$ref/type"},
    {"{\"properties\":{\"next\":{\"$ref\":\"#\"}},\"required\":[\"v\"]}",
     "{\"v\":1,\"next\":{\"v\":2,\"next\":{}}}", "at ‘/next/next’"},
    {"{\"$ref\":\"https://example.org/else\"}", "1", NULL},
    {"{\"$ref\":\"#\"}", "1", "takes more than"},
    {"{\"anyOf\":[{\"$ref\":\"#\"},true]}", "1", "takes more than"},
    {"{\"pattern\":\"^(a+)+$\"}", "\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaab\"",
     "takes more than"},
};

static void test_values(void)
{
    for (unsigned i = 0; i < G_N_ELEMENTS(values); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(JsonNode) schema = parse(values[i].schema);
        g_autoptr(JsonNode) value = parse(values[i].value);
        g_autoptr(BusSchemaCheck) check = bus_schema_check_new(schema, &error);
        g_assert_no_error(error);
        bool ok = bus_schema_check_value(check, value, &error);
        g_test_message("%s: %s: %s", values[i].schema, values[i].value,
                       error != NULL ? error->message : "fits");
        g_assert_true(ok == (values[i].message == NULL));
        g_assert_true(ok == (error == NULL));
        if (error != NULL)
            g_assert_nonnull(strstr(error->message, values[i].message));
    }
}

static void test_refused(void)
{
    static const struct {
        const char *schema;
        const char *message;
    } schemas[] = {
        {"[]", "at ‘#’: want a schema"},
        {"{\"type\":\"text\"}", "at ‘#/type’: want a type"},
        {"{\"type\":[]}", "at ‘#/type’"},
        {"{\"properties\":{\"a\":{\"required\":\"b\"}}}",
         "at ‘#/properties/a/required’: want a list"},
        {"{\"minLength\":-1}", "at ‘#/minLength’: want a count"},
        {"{\"maxItems\":1.5}", "at ‘#/maxItems’"},
        {"{\"multipleOf\":0}", "above 0"},
        {"{\"pattern\":\"(\"}", "at ‘#/pattern’: want a regular expression"},
        {"{\"patternProperties\":{\"(\":{}}}", "at ‘#/patternProperties/(’"},
        {"{\"allOf\":[]}", "at ‘#/allOf’"},
        {"{\"items\":[{},3]}", "at ‘#/items/1’"},
        {"{\"$ref\":\"#/nowhere\"}", "at ‘#/$ref’: want a reference to a schema that is there"},
        {"{\"$ref\":\"#/x\",\"x\":{\"enum\":5}}", "want a list"},
        {"{\"dependencies\":{\"a\":[1]}}", "at ‘#/dependencies/a’"},
    };
    for (unsigned i = 0; i < G_N_ELEMENTS(schemas); i++) {
        g_autoptr(GError) error = NULL;
        g_autoptr(JsonNode) schema = parse(schemas[i].schema);
        g_assert_null(bus_schema_check_new(schema, &error));
        g_assert_error(error, BUS_ERROR, BUS_ERROR_INVALID);
        g_test_message("%s: %s", schemas[i].schema, error->message);
        g_assert_nonnull(strstr(error->message, schemas[i].message));
    }
}

static void test_ignored(void)
{
    static const char text[] = "{\"$ref\":\"other.json\",\"items\":{\"unevaluatedItems\":false},"
                               "\"format\":\"date\",\"title\":\"t\"}";
    g_autoptr(GError) error = NULL;
    g_autoptr(BusSchemaCheck) check = bus_schema_check_parse(text, strlen(text), &error);
    g_assert_no_error(error);
    const char *const *ignored = bus_schema_check_get_ignored(check);
    g_assert_cmpuint(g_strv_length((char **)ignored), ==, 2);
    g_assert_true(g_strv_contains(ignored, "#/$ref"));
    g_assert_true(g_strv_contains(ignored, "#/items/unevaluatedItems"));
}

int main(int argc, char **argv)
{
    g_test_init(&argc, &argv, NULL);
    g_test_add_func("/bus/schema/values", test_values);
    g_test_add_func("/bus/schema/refused", test_refused);
    g_test_add_func("/bus/schema/ignored", test_ignored);
    return g_test_run();
}
