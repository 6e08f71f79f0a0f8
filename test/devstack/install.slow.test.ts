import { spawnSync } from "node:child_process";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

const repository = resolve(".");
let dir: string;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "aura-install-"));
});
afterEach(() => rmSync(dir, { recursive: true }));

/** What npm and the machine say of themselves must not change what is tested. */
const env = Object.fromEntries(
  Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name) && !/^NODE_/.test(name)),
);

/** `npm install` in a folder with the repository's .npmrc and a dependency beside it; no network is asked. */
function install(manifest: object, dependency: object = {}, given: NodeJS.ProcessEnv = env) {
  const project = join(dir, "project");
  for (const each of [project, join(dir, "dependency")]) mkdirSync(each, { recursive: true });
  if (existsSync(".npmrc")) copyFileSync(".npmrc", join(project, ".npmrc"));
  const named = { version: "1.0.0", ...dependency };
  writeFileSync(join(dir, "dependency", "package.json"), JSON.stringify({ name: "dependency", ...named }));
  const dependencies = { dependency: "file:../dependency" };
  writeFileSync(join(project, "package.json"), JSON.stringify({ dependencies, ...manifest }));
  const args = ["install", "--offline", "--userconfig", join(dir, "none"), "--cache", join(dir, "cache")];
  return spawnSync("npm", args, { cwd: project, env: given, encoding: "utf8" });
}

describe("npm ci, as the repository sets it up (decision 63)", () => {
  test("says nothing of engines that npm's own Node is too old for", () => {
    const { status, stdout, stderr } = install({}, { engines: { node: ">=999" }, funding: "https://x.test" });
    expect({ status, stderr }).toEqual({ status: 0, stderr: "" });
    expect(stdout).toMatch(/^\n?(up to date|added \d+ packages?)[^\n]*\n/);
    expect(stdout).not.toContain("fund");
  });

  test.each([
    ["a package that cannot be had", { dependencies: { "not-there": "1.0.0" } }, /npm error[\s\S]*not-there/],
    [
      "a script that fails",
      { scripts: { postinstall: "echo no such luck >&2; exit 3" } },
      /no such luck\n[\s\S]*npm error/,
    ],
    ["a platform that is not meant", { os: ["plan9"] }, /npm error[\s\S]*EBADPLATFORM/],
    ["an engine that is required", { engines: { node: ">=999" } }, /npm error[\s\S]*EBADENGINE/],
  ])("a failing install still says why: %s", (what, manifest, reason) => {
    const strict = what.startsWith("an engine") ? { ...env, npm_config_engine_strict: "true" } : env;
    const { status, stderr } = install(manifest, {}, strict);
    expect(status).not.toBe(0);
    expect(stderr).toMatch(reason);
  });

  test("an install script that nobody has looked at stops the install, instead of a warning that is not shown", () => {
    expect(readFileSync(".npmrc", "utf8")).toMatch(/^strict-allow-scripts=true$/m);
    const { allowScripts } = JSON.parse(readFileSync("package.json", "utf8"));
    const lock = JSON.parse(readFileSync("package-lock.json", "utf8"));
    const withScripts = Object.entries<{ hasInstallScript?: boolean }>(lock.packages)
      .filter(([, { hasInstallScript }]) => hasInstallScript === true)
      .map(([path]) => path.replace(/^.*node_modules\//, ""));
    expect(Object.keys(allowScripts).sort()).toEqual(withScripts.sort());
  });
});

describe("a Node that is too old", () => {
  const CHECK = join(repository, "scripts", "needs-node.cjs");
  /** As the scripts of package.json do it, on a Node that says it is another one. */
  const startedOn = (version: string) => {
    const fake = join(dir, "fake.cjs");
    writeFileSync(fake, `Object.defineProperty(process, "versions", { value: { node: "${version}" } });\n`);
    return spawnSync(process.execPath, ["-r", fake, "-r", CHECK, "-e", 'console.log("started")'], {
      encoding: "utf8",
    });
  };

  test.each(["20.20.2", "22.17.9", "18.0.0"])(
    "%s: one line says what is needed, and where it comes from",
    (version) => {
      const { status, stdout, stderr } = startedOn(version);
      expect([status, stdout]).toEqual([1, ""]);
      expect(stderr).toMatch(/^[^\n]+\n$/);
      expect(stderr).toContain(`needs Node 22.18 or later, and this is Node ${version}`);
      expect(stderr).toContain("npm ci");
    },
  );

  test.each(["22.18.0", "22.20.1", "24.0.0", "100.1.0"])("%s is new enough", (version) => {
    expect(startedOn(version)).toMatchObject({ status: 0, stdout: "started\n", stderr: "" });
  });

  test("everything that the README starts looks first", () => {
    const { scripts } = JSON.parse(readFileSync("package.json", "utf8"));
    for (const name of ["start", "demo", "token", "aura", "studio"]) {
      expect(scripts[name]).toMatch(/^(exec )?node -r \.\/scripts\/needs-node\.cjs \S+\.ts$/);
    }
  });
});
