import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { Readable } from "node:stream";
import fc from "fast-check";
import { afterAll, beforeAll, beforeEach, describe, expect, test } from "vitest";
import { createMainServiceClient, type MainServiceCall } from "../../src/tasks/main-service.ts";
import { MainServiceError } from "../../src/tasks/main-service-error.ts";
import { spoilt, strangeText, strangeValue } from "../helpers/strange-json.ts";

const caller = { tenantId: "1", userId: "user123", traceId: "trace" };
const body = { taskType: "chat", userId: "user123", tenantId: "1", description: "d", inputData: "{}" };
const call: MainServiceCall = { method: "POST", path: "/main/agent/tasks", body, repeatable: false };

let answer: (response: ServerResponse) => unknown = () => {};
let asked = 0;
const server = createServer((request, response) => {
  asked += 1;
  request.resume().once("end", () => answer(response));
});
let url = "";
beforeAll(async () => {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(() => {
  asked = 0;
});

const acts = (next: typeof answer) => {
  answer = next;
};
const says = (status: number, text: string, type = "application/json") => {
  answer = (response) => response.writeHead(status, { "content-type": type }).end(text);
};
const error = (more: object = {}) =>
  JSON.stringify({ status: "ERROR", message: "오류", errorCode: "E1000", success: false, ...more });
const main = (settings: object = {}) =>
  createMainServiceClient({ url, jwtSecret: "x".repeat(32), ...settings });
const failure = async (ask = main(), what: MainServiceCall = call): Promise<MainServiceError> => {
  const thrown: unknown = await ask(caller, what).catch((err: unknown) => err);
  if (!(thrown instanceof MainServiceError)) throw new Error(`no error of Main Service: ${thrown}`);
  return thrown;
};

describe("a refusal is no outage", () => {
  test.each<[number, string, string, string]>([
    [500, error(), "application/json", "failed"],
    [500, "<html><body>Internal Server Error</body></html>", "text/html", "failed"],
    [500, "", "text/plain", "failed"],
    [400, error({ errorCode: "E4000" }), "application/json", "refused"],
    [403, "{}", "application/json", "refused"],
    [404, "<html>", "text/html", "refused"],
    [200, "<html>", "text/html", "failed"],
    [429, "{}", "application/json", "unavailable"],
  ])("%i %s: others' calls are made all the same", async (status, text, type, kind) => {
    const ask = main({ breakMs: 3_600_000 });
    says(status, text, type);
    for (let n = 0; n < 20; n += 1) expect(await failure(ask)).toMatchObject({ kind });
    expect(asked).toBe(20);
    says(200, '{"data":"here"}');
    expect(await ask(caller, call)).toBe("here");
  });

  test.each<[string, () => void]>([
    ["502", () => says(502, "<html>bad gateway</html>")],
    ["503", () => says(503, error({ errorCode: "E5002" }))],
    ["504", () => says(504, "")],
    ["a connection that breaks", () => acts((response) => response.destroy())],
    [
      "an answer that breaks off",
      () => acts((response) => response.writeHead(200).write("{", () => response.destroy())),
    ],
    ["silence", () => acts(() => {})],
    ["an error without an end", () => acts((response) => response.writeHead(500).write("{"))],
  ])("%s is one: after five in a row nobody is asked for a while", async (_, begin) => {
    const ask = main({ timeoutMs: 100, breakMs: 3_600_000 });
    begin();
    for (let n = 0; n < 5; n += 1) expect(await failure(ask)).toMatchObject({ kind: "unavailable" });
    says(200, '{"data":"here"}');
    asked = 0;
    expect(await failure(ask)).toMatchObject({ kind: "unavailable" });
    expect(asked).toBe(0);
  });

  test("a refusal ends an outage: somebody is there again", async () => {
    const ask = main({ breakMs: 1 });
    says(503, "");
    for (let n = 0; n < 5; n += 1) await failure(ask);
    says(400, error());
    await expect.poll(async () => (await failure(ask)).kind).toBe("refused");
    says(200, '{"data":1}');
    expect(await ask(caller, call)).toBe(1);
  });

  test("what was answered is not asked again at once, what was not is", async () => {
    const repeatable = { ...call, repeatable: true };
    for (const [status, times] of [
      [500, 1],
      [400, 1],
      [503, 2],
    ] as const) {
      asked = 0;
      says(status, error());
      await failure(main(), repeatable);
      expect([status, asked]).toEqual([status, times]);
    }
  });
});

describe("a refused call names the fields", () => {
  const reference =
    'Cannot deserialize value of type `java.lang.String` from Object value (through reference chain: AgentTaskRequest["inputData"])';
  test.each<[string, object, string[]]>([
    ["a message of Jackson's", { message: `JSON parse error: ${reference}` }, ["inputData"]],
    ["data by field", { data: { description: "너무 깁니다" } }, ["description"]],
    [
      "a list of errors",
      { errors: [{ field: "taskType", defaultMessage: "must not be blank" }] },
      ["taskType"],
    ],
    ["a column", { detail: 'null value in column "user_id"' }, ["userId"]],
    ["a word with a Korean particle", { message: "inputData는 문자열이어야 합니다" }, ["inputData"]],
    ["an echo of the path", { path: "/main/description/inputData" }, []],
    ["nothing", {}, []],
    ["keys of its own", { description: "an error", traceId: "inputData" }, []],
  ])("%s", async (_, more, fields) => {
    says(500, error(more));
    const thrown = await failure();
    expect(thrown).toMatchObject({ kind: "failed", status: 500, errorCode: "E1000", fields });
    expect(thrown.message).toBe(
      `POST /main/agent/tasks was answered 500 E1000${fields.length === 0 ? "" : `; not taken: ${fields}`}`,
    );
  });

  test("or what is known of its table does, where the answer says nothing", async () => {
    says(500, error());
    const long = { ...body, userId: "u".repeat(51), taskType: "t".repeat(100), description: "a\0" };
    expect(await failure(main(), { ...call, body: long })).toMatchObject({
      fields: ["userId", "description"],
    });
    const path = "/main/agent/tasks/t/fail?errorMessage=a%00";
    const { body: _, ...bare } = call;
    expect(await failure(main(), { ...bare, path })).toMatchObject({ fields: ["errorMessage"] });
  });

  test("and repeats nothing else of what was said", async () => {
    says(500, error({ message: "secret-7 of inputData", errorCode: "E1 secret-7", data: { "secret-7": 1 } }));
    const thrown = await failure();
    expect(thrown.fields).toEqual(["inputData"]);
    expect(JSON.stringify({ ...thrown, message: thrown.message, stack: thrown.stack })).not.toContain(
      "secret-7",
    );
  });

  test("a page of HTML names none", async () => {
    says(400, '<html><meta name="description" content="inputData"></html>', "text/html");
    expect(await failure()).toMatchObject({ kind: "refused", fields: [] });
  });
});

describe("whatever an error says", () => {
  test.each([
    ["text", '{"message":"', "x".repeat(65_536)],
    ["brackets", "", "[".repeat(65_536)],
    ["objects", "", '{"errors":'.repeat(6_000)],
  ])("%s without an end is read up to a limit", async (_, head, piece) => {
    let sent = 0;
    answer = (response) => {
      const pieces = function* () {
        for (yield head; ; yield piece) sent += piece.length;
      };
      response.writeHead(500, { "content-type": "application/json" });
      const source = Readable.from(pieces());
      response.once("close", () => source.destroy());
      source.pipe(response);
    };
    expect(await failure()).toMatchObject({ kind: "failed", status: 500 });
    // What the sockets hold is sent too.
    expect(sent).toBeLessThan(16 * 1024 * 1024);
  });

  test("nested as deeply as it fits, it is one error", async () => {
    says(500, `{"a":${"[".repeat(30_000)}"inputData"${"]".repeat(30_000)}}`);
    expect(await failure()).toMatchObject({ fields: ["inputData"] });
  });

  test("drawn at random, it is an error of its status with fields of ours", async () => {
    const envelope = fc.record({
      status: fc.constant("ERROR"),
      data: strangeValue,
      message: strangeValue,
      errorCode: strangeValue,
    });
    const texts = fc.oneof(
      envelope.map((each) => JSON.stringify(each)),
      spoilt(envelope).map((each) => JSON.stringify(each)),
      strangeText(envelope),
    );
    const ask = main();
    const drawn = fc.asyncProperty(
      // 409 is none, and of two others fetch makes broken connections.
      fc.integer({ min: 400, max: 501 }).filter((n) => ![407, 409, 421].includes(n)),
      texts,
      async (status, text) => {
        says(status, text);
        const thrown = await failure(ask);
        expect(thrown.status).toBe(status);
        expect(Object.keys(body)).toEqual(expect.arrayContaining([...thrown.fields]));
        expect(thrown.errorCode ?? "E0").toMatch(/^[A-Z]{1,4}\d{1,6}$/);
      },
    );
    await fc.assert(drawn, { numRuns: 150, endOnFailure: true });
  });
});
