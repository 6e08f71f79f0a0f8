import { writeFile } from "node:fs/promises";
import { reasonOf } from "@aura-platform/client/failures.ts";
import { confirm } from "../confirm.ts";
import { CommandFailure, UsageFailure } from "../failure.ts";
import { nameOf, readDocument } from "../read-document.ts";
import type { Session } from "../session.ts";
import { harmlessJson } from "../text.ts";

/** `export`: the saved thread as one JSON document, to stdout or into a file. */
export async function exportThread(
  session: Session,
  threadId: string,
  options: { output?: string | undefined },
): Promise<void> {
  const document = `${harmlessJson(await session.api.exportThread(threadId), 2)}\n`;
  const { output } = options;
  if (output === undefined || output === "-") return session.out.write(document);
  try {
    await writeFile(output, document);
  } catch (error) {
    throw new CommandFailure(`${output} cannot be written: ${reasonOf(error)}`, 1, error);
  }
  session.print({ threadId, file: output }, () => `${threadId} is in ${output}`);
}

/** `import`: prints the id of the new thread. */
export async function importThread(session: Session, file: string): Promise<void> {
  const document = await readJson(file, session.io.stdin);
  const { threadId } = await session.api.importThread(document);
  session.print({ threadId }, () => threadId);
}

/** `studio`: the thread's conversation into a running `npm run studio`, to look at, fork and edit there. */
export async function toStudio(session: Session, threadId: string): Promise<void> {
  const port = session.io.env.STUDIO_PORT || "2024";
  const conversation = await session.api.thread(threadId);
  // Only this command needs the SDK, and it takes a while to load.
  const [{ Client }, { importIntoStudio }] = await Promise.all([
    import("@langchain/langgraph-sdk"),
    import("../studio-import.ts"),
  ]);
  const apiUrl = `http://127.0.0.1:${port}`;
  try {
    const studioThreadId = await importIntoStudio(new Client({ apiUrl, apiKey: null }), conversation);
    session.print({ studioThreadId, apiUrl }, () => `${studioThreadId} at ${apiUrl}`);
  } catch (error) {
    throw new CommandFailure(
      `Studio (npm run studio) did not take it at ${apiUrl}: ${reasonOf(error)}`,
      1,
      error,
    );
  }
}

/** `delete`: everything of a thread, after a yes. */
export async function deleteThread(
  session: Session,
  threadId: string,
  options: { yes?: boolean | undefined },
): Promise<void> {
  if (!options.yes) {
    const { stdin, stderr } = session.io;
    if (!stdin.isTTY || !stderr.isTTY) {
      throw new UsageFailure("deleting cannot be undone: --yes is needed where nobody can be asked");
    }
    const question = `Delete everything of ${threadId}: checkpoints, events, approvals? [y/N] `;
    if (!(await confirm(question, stdin, stderr))) {
      throw new CommandFailure("nothing was deleted", 1);
    }
  }
  const deleted = await session.api.deleteThread(threadId);
  session.print(deleted, () => `${deleted.threadId} is deleted`);
}

async function readJson(file: string, stdin: NodeJS.ReadableStream): Promise<string> {
  const document = await readDocument(file, stdin);
  try {
    JSON.parse(document);
  } catch (error) {
    throw new CommandFailure(`${nameOf(file, stdin)} is not a JSON document`, 1, error);
  }
  return document;
}
