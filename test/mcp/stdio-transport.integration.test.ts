import { expect, onTestFinished, test } from "vitest";
import { ServerUnavailableError } from "../../src/mcp/reason.ts";
import { StdioTransport } from "../../src/mcp/stdio-transport.ts";

const REQUEST = { jsonrpc: "2.0", id: 1, method: "ping" } as const;
const LOG = '{"jsonrpc":"2.0","method":"notifications/message"}';

/** A program of the shell, once it has said that it reads no more. */
async function started(then: string) {
  const args = ["-c", `exec 0<&-; echo '${LOG}'; ${then}`];
  const transport = new StdioTransport({ kind: "stdio", command: "sh", args, env: {}, cwd: undefined });
  onTestFinished(() => transport.close());
  const said = Promise.withResolvers<void>();
  transport.onmessage = () => said.resolve();
  await transport.start();
  await said.promise;
  return transport;
}

test("what cannot be written to a program that is about to end is known by how it ended", async () => {
  const transport = await started("sleep 0.3; exit 7");
  const closed = Promise.withResolvers<string>();
  transport.onclose = () => closed.resolve(transport.ending);
  const sent = transport.send(REQUEST).catch(() => "refused");
  expect(await Promise.race([sent, closed.promise])).toBe("the program ended with code 7");
  expect(await sent).toBe("refused");
});

test("what is sent to a program that has ended has not been sent, and says how it ended", async () => {
  const transport = await started("exit 7");
  const closed = Promise.withResolvers<void>();
  transport.onclose = () => closed.resolve();
  // Over already, perhaps.
  await Promise.race([closed.promise, transport.send(REQUEST).catch(() => {})]);
  await expect(transport.send(REQUEST)).rejects.toThrow(
    new ServerUnavailableError("the program ended with code 7"),
  );
});

test("a program that reads no more, and goes on, is not waited for", async () => {
  const transport = await started("sleep 600");
  await expect(transport.send(REQUEST)).rejects.toMatchObject({ code: "EPIPE" });
});
