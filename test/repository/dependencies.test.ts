import { readdirSync, readFileSync } from "node:fs";
import { builtinModules } from "node:module";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { z } from "zod";

const root = resolve(import.meta.dirname, "../..");
const manifest = z
  .object({ dependencies: z.record(z.string(), z.string()) })
  .parse(JSON.parse(readFileSync(join(root, "package.json"), "utf8")));

/** What runs in production; the dev stack too, because `npm run demo` is how most people meet the product. */
const PRODUCTION = ["src", "cli", "packages/client", "devstack", "graphs", "tools", "encoding"];

const packagesOf = (file: string) =>
  [
    ...readFileSync(file, "utf8").matchAll(/(?:^import\b[^"']*|\bimport\(\s*)"((?:@[\w-]+\/)?[\w-]+)/gm),
  ].flatMap(([, name = ""]) =>
    name === "node" || name.startsWith("@aura-platform/") || builtinModules.includes(name) ? [] : [name],
  );

test("dependencies are what production imports, all of it and nothing else", () => {
  const files = PRODUCTION.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((name) => name.endsWith(".ts"))
      .map((name) => join(root, folder, name)),
  );
  expect([...new Set(files.flatMap(packagesOf))].sort()).toEqual(Object.keys(manifest.dependencies).sort());
});

test("every dependency has its reason in decision 2", () => {
  const decision = readFileSync(join(root, "docs/decisions/0002-dependencies.md"), "utf8");
  const told = (name: string) =>
    decision.includes(name) ||
    (name.startsWith("@langchain/") && decision.includes(name.replace(/.*-/, "-")));
  expect(Object.keys(manifest.dependencies).filter((name) => !told(name))).toEqual([]);
});
