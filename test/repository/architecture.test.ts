import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { expect, test } from "vitest";
import checkpointRedis from "../../packages/checkpoint-redis/package.json" with { type: "json" };

const root = resolve(import.meta.dirname, "../..");

/** Which folder may import from which; a folder may always import from itself and from `common`. */
const common = [
  "src/errors.ts",
  "src/config.ts",
  "src/keep-listening.ts",
  "tools/cut.ts",
  "tools/exact-json.ts",
  "tools/json-depth.ts",
];
/** How texts become bytes and bytes texts, which is the same for everybody; it imports nothing. */
const isEncoding = (path: string) => path.startsWith("encoding/");
/** The shapes of the wire, once for everybody. */
const isContract = (path: string) => path.startsWith("packages/contract/");
const rules: [folder: string, mayImport: string[]][] = [
  ["graphs/state", ["tools"]],
  ["graphs/model", ["graphs/state", "tools"]],
  ["graphs/demo", ["graphs/state", "tools"]],
  ["graphs/aura", ["graphs/state", "graphs/model", "tools"]],
  ["graphs/saved", ["graphs/state", "graphs/aura"]],
  ["graphs", ["tools"]],
  ["tools", []],
  ["src/mcp", ["tools"]],
  ["src/records", []],
  ["src/ports", ["src/records"]],
  ["src/knowledge", ["src/ports", "src/records"]],
  ["src/approvals", ["src/ports", "src/records"]],
  ["src/runs", ["src/ports", "src/records", "src/approvals"]],
  ["src/threads", ["src/ports", "src/records", "src/runs", "src/approvals"]],
  ["src/tasks", ["src/ports", "src/records", "src/runs"]],
  ["src/http", ["src/ports", "src/records", "src/runs", "src/approvals", "src/threads", "src/knowledge"]],
  [
    "src/adapters",
    ["src/ports", "src/records", "src/approvals", "src/knowledge", "packages/checkpoint-redis"],
  ],
  ["devstack", ["src"]],
  ["cli", ["packages/client", "packages/contract"]],
  ["packages/client", ["packages/contract"]],
  ["encoding", []],
  ["packages/contract", []],
  ["packages/checkpoint-redis/src/serializer", []],
];

const filesBelow = (folder: string) =>
  readdirSync(join(root, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));

const importsOf = (file: string) =>
  [
    ...readFileSync(join(root, file), "utf8").matchAll(
      /(?:from|import)\s*\(?\s*"(\.|@aura-platform\/)([^"]+)"/g,
    ),
  ].map(([, start, rest = ""]) =>
    start === "."
      ? relative(root, resolve(root, dirname(file), `.${rest}`))
      : `packages/${(rest.includes("/") ? rest : `${rest}/index.ts`).replace("/", "/src/")}`,
  );

test.each(rules)("%s imports only from where it may", (folder, mayImport) => {
  const allowed = [folder, ...mayImport];
  const offences = filesBelow(folder).flatMap((file) =>
    importsOf(file)
      .filter(
        (path) =>
          !common.includes(path) &&
          !isEncoding(path) &&
          !isContract(path) &&
          !allowed.some((prefix) => path.startsWith(`${prefix}/`)),
      )
      .map((path) => `${file} -> ${path}`),
  );
  expect(offences).toEqual([]);
});

test("only compose.ts and the entries know the adapters, and src never imports the dev stack", () => {
  const offences = filesBelow("src").flatMap((file) =>
    importsOf(file)
      .filter(
        (path) =>
          path.startsWith("devstack/") ||
          (path.startsWith("src/adapters/") && !file.startsWith("src/adapters/")),
      )
      .map((path) => `${file} -> ${path}`),
  );
  // start.ts names a type: what a process shares with the dev Main Service inside it.
  expect(
    offences.filter(
      (line) => !/^src\/(compose(-[a-z]+)?|start|knowledge-rebuild)\.ts -> src\/adapters\//.test(line),
    ),
  ).toEqual([]);
});

test("no backend and no index knows another one, and what they share knows none of them", () => {
  const kindOf = (path: string) => /^src\/adapters\/(embedded|redis|lancedb)\//.exec(path)?.[1];
  const offences = filesBelow("src/adapters").flatMap((file) =>
    importsOf(file)
      .filter((path) => kindOf(path) !== undefined && kindOf(path) !== kindOf(file))
      .map((path) => `${file} -> ${path}`),
  );
  expect(offences).toEqual([]);
});

test("the command line knows the service by HTTP alone, and nothing imports it", () => {
  const ofCli = filesBelow("cli").flatMap(importsOf);
  expect(
    ofCli.filter((path) => !/^(cli|packages\/(client|contract))\//.test(path) && !isEncoding(path)),
  ).toEqual([]);
  const others = ["src", "graphs", "tools", "devstack"].flatMap(filesBelow).flatMap(importsOf);
  expect(others.filter((path) => path.startsWith("cli/"))).toEqual([]);
});

/** The packages that a folder imports; all that Node brings along counts as `node`. */
const packagesOf = (folder: string) => {
  const texts = filesBelow(folder).map((file) => readFileSync(join(root, file), "utf8"));
  const names = texts.flatMap((text) =>
    [...text.matchAll(/^(?:import|export|\}).* from "((?:@[\w-]+\/)?[\w-]+)[^"]*";$/gm)].map(
      ([, name]) => name,
    ),
  );
  return [...new Set(names)].sort();
};

test("the contract needs zod and nothing else", () => {
  expect(packagesOf("packages/contract")).toEqual(["zod"]);
});

test("the saver imports nothing of this repository, and what its manifest says and nothing else", () => {
  const folder = "packages/checkpoint-redis";
  const imports = filesBelow(folder).flatMap(importsOf);
  expect(imports.filter((path) => !path.startsWith(`${folder}/src/`))).toEqual([]);
  const { dependencies, peerDependencies } = checkpointRedis;
  const declared = Object.keys({ ...dependencies, ...peerDependencies });
  expect(packagesOf(folder)).toEqual(["node", ...declared].sort());
});

const FOLDERS = ["packages", "src", "cli", "encoding", "graphs", "tools", "devstack", "test"];

test("every relative import names a file", () => {
  const missing = FOLDERS.flatMap((folder) =>
    filesBelow(folder).flatMap((file) =>
      importsOf(file)
        .filter((path) => !existsSync(join(root, path)))
        .map((path) => `${file} -> ${path}`),
    ),
  );
  expect(missing).toEqual([]);
});

test("every suite of the contracts is one that every backend is given", () => {
  const all = readFileSync(join(root, "test/contracts/backend.ts"), "utf8");
  const suites = filesBelow("test/contracts").flatMap((file) =>
    [...readFileSync(join(root, file), "utf8").matchAll(/export function (\w+Contract)\b/g)].map(
      ([, name = ""]) => name,
    ),
  );
  expect(suites.filter((name) => !new RegExp(`\\b${name}[,\\]]|function ${name}\\b`).test(all))).toEqual([]);
});
