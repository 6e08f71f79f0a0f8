import {
  ConnectionFailure,
  ForeignAnswer,
  ServiceFailure,
  UnreadableAnswer,
} from "@aura-platform/client/failures.ts";
import { expect, test } from "vitest";
import { commandFailure } from "../../cli/explain.ts";
import { UsageFailure } from "../../cli/failure.ts";

const GATEWAY = "http://localhost:8080/api";
const DIRECTLY = "a service can be asked directly, e.g. --url http://127.0.0.1:9000";

test("what a call fails with ends a command with its exit code, and with advice where there is any", () => {
  const said: [Error, exitCode: number, line: string | RegExp][] = [
    [new ConnectionFailure("unreachable", "no"), 3, "no; is it running, and is AURA_URL right?"],
    [new ConnectionFailure("unanswered", "no"), 3, "no; is it running, and is AURA_URL right?"],
    [new ConnectionFailure("broken", "no\u001b[2J"), 3, "no␛[2J"],
    [
      new ConnectionFailure("lost", "no", new Error("x")),
      3,
      "no; what runs goes on: see the commands show and run",
    ],
    [new ServiceFailure("no\nreason", 403, "E2001"), 1, "no reason"],
    [new ServiceFailure("no", 401, undefined), 1, /^no - a new token: export AURA_TOKEN=/],
    [new ServiceFailure("no", 413, "E4000"), 1, `no - the Gateway takes 256 KB; ${DIRECTLY}`],
    [new ServiceFailure("no", 413, undefined), 1, "no"],
    [new UnreadableAnswer("no"), 1, "no"],
    [new UsageFailure("no"), 2, "no"],
  ];
  for (const [failure, exitCode, line] of said) {
    const told = commandFailure(failure);
    expect(told?.exitCode).toBe(exitCode);
    expect(told?.message).toEqual(typeof line === "string" ? line : expect.stringMatching(line));
  }
  expect(commandFailure(new TypeError("a mistake of ours"))).toBeNull();
});

test("a 400 without an envelope is the Gateway's word on tenants that are no numbers, and on nothing else", () => {
  const told = (status: number, url: string, tenantId: string) =>
    commandFailure(new ForeignAnswer("no", status, { url, tenantId }))?.message;
  expect(told(400, GATEWAY, "acme")).toBe(
    `HTTP 400: the Gateway takes tenants that are numbers, and the token's is "acme"; ${DIRECTLY}`,
  );
  const others = [
    [400, GATEWAY, "7"],
    [400, "http://127.0.0.1:9000", "acme"],
    [502, GATEWAY, "acme"],
  ] as const;
  for (const [status, url, tenantId] of others) {
    expect(told(status, url, tenantId)).toBe("no: is AURA_URL right?");
  }
});
