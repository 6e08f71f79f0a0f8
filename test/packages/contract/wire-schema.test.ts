import { ROUTES, type Route } from "@aura-platform/contract/routes.ts";
import { expect, test } from "vitest";
import { z } from "zod";
import { wireSchemas } from "./wire.ts";

const RENEW = `the wire has changed. If that is meant, renew the file and look at its diff:
npx vitest run test/packages/contract/wire-schema.test.ts --update`;

/**
 * JSON Schema of the whole wire, as it is sent: what the contract derives for readers (transforms, defaults)
 * is not in it.
 */
async function wireSchema() {
  const named = await wireSchemas();
  const registry = z.registry<{ id: string }>();
  for (const [id, schema] of named) registry.add(schema, { id });
  const { schemas } = z.toJSONSchema(registry, { io: "input", unrepresentable: "any", uri: (id) => id });
  const nameOf = (schema: unknown) =>
    schema instanceof z.ZodType ? [...named].find(([, each]) => each === schema)?.[0] : schema;
  const routes = Object.entries<Route>(ROUTES).map(([name, route]) => [
    name,
    Object.fromEntries(Object.entries(route).map(([part, schema]) => [part, nameOf(schema)])),
  ]);
  return { routes: Object.fromEntries(routes), schemas };
}

test("the wire is what the pinned JSON Schema says", async () => {
  const text = `${JSON.stringify(await wireSchema(), withoutRepeated, 2)}\n`;
  await expect(text, RENEW).toMatchFileSnapshot("wire.schema.json");
});

/** Each schema says of itself that it is one, and its own name. */
function withoutRepeated(key: string, value: unknown): unknown {
  return key === "$schema" || key === "$id" ? undefined : value;
}
