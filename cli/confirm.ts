import { createInterface } from "node:readline/promises";

/** Asks a person; only a yes is one. The end of the input is a no. */
export async function confirm(
  question: string,
  input: NodeJS.ReadableStream,
  output: NodeJS.WritableStream,
): Promise<boolean> {
  const reader = createInterface({ input, output });
  const closed = new Promise<string>((resolve) => reader.once("close", () => resolve("")));
  // readline takes Ctrl-C away from the process while it asks.
  reader.once("SIGINT", () => process.kill(process.pid, "SIGINT"));
  try {
    const answer = await Promise.race([reader.question(question), closed]);
    return /^(?:y|yes|네|예)$/i.test(answer.trim());
  } finally {
    reader.close();
  }
}
