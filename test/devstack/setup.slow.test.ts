import { spawnSync } from "node:child_process";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";

// The script sees only what each test puts on PATH: stand-ins that write down how they were called.
let dir: string;
let bin: string;

beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), "aura-setup-"));
  bin = join(dir, "bin");
  mkdirSync(bin);
  for (const tool of ["env", "cat"]) symlinkSync(`/usr/bin/${tool}`, join(bin, tool));
  command("id", "echo 0");
  // "Not installed", as on a machine where the setup has work to do.
  command("dpkg", "exit 1");
});
afterEach(() => rmSync(dir, { recursive: true }));

function command(name: string, body = ""): void {
  writeFileSync(join(bin, name), `#!/bin/sh\necho "${name} $*" >>${join(dir, "calls")}\n${body}\n`, {
    mode: 0o755,
  });
}

/** A package manager that puts `binary` on PATH when asked to install. */
function manager(name: string, binary: string): void {
  const file = join(bin, binary);
  command(
    name,
    `case "$*" in *install*) echo '#!/bin/sh' >${file}; /bin/chmod +x ${file};; esac\necho noise`,
  );
}

function setup() {
  const { status, stdout, stderr } = spawnSync("/bin/sh", ["scripts/setup.sh"], {
    env: { PATH: bin },
    encoding: "utf8",
  });
  const log = join(dir, "calls");
  const calls = existsSync(log) ? readFileSync(log, "utf8").trim().split("\n") : [];
  return { status, stdout, stderr, calls: calls.filter((call) => !/^(id|dpkg) /.test(call)) };
}

const installed = { status: 0, stdout: "setup: a Redis server is installed\n" };

describe("npm run setup", () => {
  test.each(["redis-server", "valkey-server"])("does nothing when %s is there", (server) => {
    command(server);
    manager("apt-get", "redis-server");
    expect(setup()).toEqual({ status: 0, stdout: "", stderr: "", calls: [] });
  });

  test("apt-get as root: update, install, then stops the service that came along", () => {
    manager("apt-get", "redis-server");
    command("service");
    const result = setup();
    expect(result).toMatchObject(installed);
    expect(result.calls.slice(0, 2)).toEqual([
      "apt-get update -qq",
      "apt-get install -y -qq --no-install-recommends redis-server",
    ]);
    // With systemd running there would be systemctl, which is not on this PATH.
    expect(result.calls.slice(2)).toEqual(["service redis-server stop"]);
  });

  test("a service that was there before is left alone", () => {
    manager("apt-get", "redis-server");
    command("service");
    command("dpkg");
    const result = setup();
    expect(result).toMatchObject(installed);
    expect(result.calls.filter((call) => call.startsWith("service"))).toEqual([]);
  });

  test("apt-get by sudo, which must not ask for a password", () => {
    command("id", "echo 1000");
    command("sudo", 'shift; exec "$@"');
    manager("apt-get", "redis-server");
    const result = setup();
    expect(result).toMatchObject(installed);
    expect(result.calls[0]).toBe("sudo -n env DEBIAN_FRONTEND=noninteractive apt-get update -qq");
  });

  test("dnf: valkey, or else redis", () => {
    manager("dnf", "valkey-server");
    expect(setup()).toMatchObject({ ...installed, calls: ["dnf install -y -q valkey"] });
    rmSync(join(bin, "valkey-server"));
    const file = join(bin, "redis-server");
    command("dnf", `case "$*" in *valkey) exit 1;; esac; echo '#!/bin/sh' >${file}; /bin/chmod +x ${file}`);
    expect(setup()).toMatchObject(installed);
  });

  test("brew runs as the user", () => {
    command("id", "echo 501");
    manager("brew", "redis-server");
    expect(setup()).toMatchObject({ ...installed, calls: ["brew install redis"] });
  });

  test.each([
    ["no package manager", () => {}, /package manager/],
    [
      "no root and no sudo",
      () => {
        command("id", "echo 1000");
        manager("apt-get", "redis-server");
      },
      /sudo apt-get install redis-server/,
    ],
    [
      "a sudo that wants a password",
      () => {
        command("id", "echo 1000");
        command("sudo", "exit 1");
        manager("apt-get", "redis-server");
      },
      /sudo apt-get install redis-server/,
    ],
    ["an install that fails", () => command("apt-get", "exit 100"), /sudo apt-get install redis-server/],
    ["an install that brings no server", () => command("brew"), /brew install redis/],
  ])("%s: one line that says what to install, and exit 1", (_name, prepare, advice) => {
    prepare();
    const { status, stdout, stderr } = setup();
    expect([status, stdout]).toEqual([1, ""]);
    expect(stderr).toMatch(
      /^setup: redis-server \(or valkey-server\) is missing; install it with: [^\n]+\n$/,
    );
    expect(stderr).toMatch(advice);
  });
});
