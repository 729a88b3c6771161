# SPDX-License-Identifier: LGPL-2.1-or-later
"""JSON Schemas and values by a dice: small, so that many of them fit one another."""

TYPES = ["null", "boolean", "integer", "number", "string", "array", "object"]


def random_value(dice, depth=0):
    kind = dice.randrange(5 if depth > 2 else 8)
    if kind < 5:
        return [None, dice.random() < 0.5, dice.randrange(-2, 6), dice.randrange(8) + 0.5,
                "".join(dice.choices("abä", k=dice.randrange(5)))][kind]
    if kind == 5:
        return [random_value(dice, depth + 1) for _ in range(dice.randrange(4))]
    return {name: random_value(dice, depth + 1) for name in dice.sample(["a", "b", "ab"],
                                                                        dice.randrange(4))}


def random_schema(dice, draft, depth=0):
    def schema():
        return random_schema(dice, draft, depth + 1)

    def few(make, low=1):
        return [make() for _ in range(dice.randrange(low, 4))]

    def names():
        return dice.sample(["a", "b", "ab"], dice.randrange(1, 3))

    def count():
        return dice.randrange(4)

    makers = {
        "type": lambda: dice.choice([dice.choice(TYPES), dice.sample(TYPES, 3)]),
        "enum": lambda: few(lambda: random_value(dice)), "pattern": lambda: dice.choice(["^a", "b$", "ä"]),
        "minLength": count, "maxLength": count, "minItems": count, "maxItems": count,
        "minProperties": count, "maxProperties": count, "minimum": count, "maximum": count,
        "multipleOf": lambda: dice.randrange(1, 4), "uniqueItems": lambda: dice.random() < 0.7,
        "required": names}
    if depth < 4:
        makers.update({
            "properties": lambda: {name: schema() for name in names()},
            "patternProperties": lambda: {"^a": schema()}, "additionalProperties": schema,
            "items": schema, "allOf": lambda: few(schema), "anyOf": lambda: few(schema),
            "oneOf": lambda: few(schema), "not": schema, "$ref": lambda: "#/definitions/d"})
        if draft == 4:
            makers.update({"items": lambda: dice.choice([schema(), few(schema)]),
                           "additionalItems": schema, "exclusiveMinimum": lambda: True,
                           "dependencies": lambda: {"a": dice.choice([schema(), names()])}})
        else:
            makers.update({"prefixItems": lambda: few(schema), "contains": schema, "minContains": count,
                           "maxContains": count, "propertyNames": schema, "if": schema, "then": schema,
                           "else": schema, "const": lambda: random_value(dice),
                           "exclusiveMaximum": count, "dependentRequired": lambda: {"b": names()},
                           "dependentSchemas": lambda: {"b": schema()}})
    chosen = dice.sample(sorted(makers), dice.randrange(1, 4))
    if "$ref" in chosen:
        # what stands beside it counts from 2019-09 on
        chosen = ["$ref"]
    if "exclusiveMinimum" in chosen and draft == 4:
        chosen.append("minimum")
    return {name: makers[name]() for name in chosen}
