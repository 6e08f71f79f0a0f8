import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const root = resolve(import.meta.dirname, "../..");
const PRODUCTION = ["packages", "src", "cli", "encoding", "graphs", "tools", "devstack"];
const COLUMNS = 110;
const LINES = 250;

/** Each file with its lines. */
const production = PRODUCTION.flatMap((folder) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.includes("node_modules"))
    .map((name) => join(folder, name)),
).map((file) => [file, readFileSync(join(root, file), "utf8").split("\n")] as const);

const isComment = (line: string) => /^\s*(?:\/\/|\*|\/\*)/.test(line);

// The formatter keeps code within its width, and leaves comments as they are.
test(`comments keep to ${COLUMNS} columns`, () => {
  const wide = production.flatMap(([file, lines]) =>
    lines.flatMap((line, at) =>
      isComment(line) && line.length > COLUMNS ? [`${file}:${at + 1}: ${line.length} columns`] : [],
    ),
  );
  expect(wide).toEqual([]);
});

test(`files have at most ${LINES} lines`, () => {
  const long = production.flatMap(([file, { length }]) => (length > LINES + 1 ? [`${file}: ${length}`] : []));
  expect(long).toEqual([]);
});
