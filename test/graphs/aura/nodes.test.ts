import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";
import { NODES } from "../../../graphs/aura/nodes.ts";

/** Names of fields and operations that somebody picks out of a type. */
const PICKED = /\b(?:Pick|Omit|PortsOf)<[^>]*>/g;

const root = resolve(import.meta.dirname, "../../..");
const FOLDERS = ["graphs", "tools", "src", "cli", "packages", "devstack"];

/** The same words with another meaning. */
const OTHERWISE_MEANT = [
  // Parts of a request to a model server, and what a line of the log is about.
  'graphs/model/compatible-model.ts: "tools"',
  'graphs/aura/agent.ts: "tools"',
  'graphs/aura/plan.ts: "plan"',
  // The command line knows the graph of the dev server by HTTP alone, as any client of it does.
  'cli/studio-import.ts: "finish"',
  // The key of an MCP server's settings, in a sentence.
  'src/mcp/mcp-tools.ts: "tools"',
];

test("nobody but the graph's own table writes the name of a node", () => {
  const name = new RegExp(`(["'])(?:${Object.values(NODES).join("|")}|__start__)\\1`, "g");
  const found = FOLDERS.flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
      .filter((path) => path.endsWith(".ts") && !path.includes("node_modules"))
      .map((path) => join(folder, path)),
  )
    // Adapters store what they are given, and have scripts of such names.
    .filter((file) => file !== "graphs/aura/nodes.ts" && !file.startsWith("src/adapters/"))
    .flatMap((file) =>
      [...readFileSync(join(root, file), "utf8").replaceAll(PICKED, "").matchAll(name)].map(
        ([literal]) => `${file}: ${literal}`,
      ),
    );
  expect(found.filter((each) => !OTHERWISE_MEANT.includes(each))).toEqual([]);
});

test("nodes keep their names: checkpoints of before hold them", () => {
  expect(NODES).toEqual({ plan: "plan", agent: "agent", tools: "tools", finish: "finish" });
});
