import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import config from "../../vitest.config.ts";

// Which set a test belongs to is said by its file's name (docs/testing.md). That a fast one starts no process is held while
// it runs as well: test/helpers/no-processes.ts.

const root = resolve(import.meta.dirname, "../..");
const tests = readdirSync(join(root, "test"), { recursive: true, encoding: "utf8" })
  .filter((name) => /\.test\.[^/]*$/.test(name))
  .map((name) => join("test", name));
const setOf = (file: string) => /\.(integration|slow)\.test\.ts$/.exec(file)?.[1] ?? "fast";

/** What a file loads, types left out. */
const loadedBy = (file: string) =>
  [...readFileSync(join(root, file), "utf8").matchAll(/(?:^|[};\s])(import|export)\s([^;"]*)"([^"]+)";/g)]
    .filter(([, , names = ""]) => !names.startsWith("type "))
    .map(([, , , name = ""]) =>
      name.startsWith(".") ? relative(root, resolve(root, dirname(file), name)) : name,
    );

function reach(file: string, seen = new Set<string>()): Set<string> {
  if (seen.has(file)) return seen;
  seen.add(file);
  if (!file.endsWith(".ts") || !existsSync(join(root, file))) return seen;
  for (const name of loadedBy(file)) {
    // A tool of the tests' own that starts processes names what it does; what the product may start, the setup holds.
    if (name === "node:child_process" && /^(test|devstack)\//.test(file)) seen.add(`${name} in ${file}`);
    reach(name, seen);
  }
  return seen;
}

const OF_SERVERS = [
  "test/helpers/redis.ts",
  "test/helpers/stack.ts",
  "test/helpers/service-process.ts",
  "src/start.ts",
  "src/main.ts",
];

test("every test is in one set, and each command runs its own sets", () => {
  const projects = (config.test?.projects ?? []).map((project) => (project as any).test);
  expect(projects.map(({ name }) => name)).toEqual(["fast", "integration", "slow"]);
  expect(tests.filter((file) => !/^test\/[^.]+(?:\.integration|\.slow)?\.test\.ts$/.test(file))).toEqual([]);
  const { scripts } = manifest;
  expect([scripts["test:fast"], scripts.test, scripts["test:slow"]]).toEqual([
    "vitest run --project fast",
    "npm run check && vitest run --project fast --project integration",
    "vitest run --project slow && npm run attacks",
  ]);
});

test("no fast test has a service, a Redis or a process", () => {
  const offences = tests
    .filter((file) => setOf(file) === "fast")
    .flatMap((file) =>
      [...reach(file)]
        .filter((name) => OF_SERVERS.includes(name) || name.startsWith("node:child_process in"))
        .map((name) => `${file}: ${name}`),
    );
  expect(offences).toEqual([]);
});

test("a test that a document names is there", () => {
  const documents = readdirSync(join(root, "docs"), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".md"))
    .map((name) => join("docs", name));
  const ofPackages = readdirSync(join(root, "packages"))
    .map((name) => join("packages", name, "README.md"))
    .filter((file) => existsSync(join(root, file)));
  const named = ["README.md", ...ofPackages, ...documents].flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(/\btest\/[\w./-]+\.ts\b/g)].map(
      ([name]) => `${file}: ${name}`,
    ),
  );
  expect(named.filter((line) => !existsSync(join(root, line.split(": ")[1] ?? "")))).toEqual([]);
});
