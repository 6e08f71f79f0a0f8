import { randomUUID } from "node:crypto";
import { jsonObject } from "@aura-platform/contract/json-text.ts";
import { type Language, language } from "@aura-platform/contract/languages.ts";
import { clientMessage } from "@aura-platform/contract/messages.ts";
import type { Logger } from "pino";
import { z } from "zod";
import { AuraError } from "../errors.ts";
import type { CheckpointView, ThreadGraph } from "../ports/thread-graph.ts";
import type { Owner, RunRecord } from "../records/run.ts";
import { type StartDeps, startRun } from "../runs/start.ts";
import { type OwnThreadDeps, ownThread } from "./own-thread.ts";

export type ForkDeps = OwnThreadDeps &
  StartDeps & {
    logger: Logger;
    /** Rejects while the backend does not answer. */
    graph: () => Promise<Pick<ThreadGraph, "copy" | "view" | "forget">>;
  };

export interface Fork {
  checkpointId: string;
  /** A new message; without one the run goes on with what the checkpoint was about to do. */
  prompt?: string;
  /** Changes of the state, as the graph takes them. */
  edits?: unknown;
}

const forked = z.object({
  messages: z.array(clientMessage.pick({ id: true, role: true, content: true }).strip()),
  language,
  context: jsonObject,
});

/**
 * A new thread of the caller's that goes on from a checkpoint of another one. It executes: whatever comes
 * after the checkpoint is done anew there, and every approval is asked again.
 *
 * @throws AuraError E1004 for a thread or checkpoint that the caller does not have, E4000 for edits that are
 *   malformed, E3002 when there is nothing to go on with
 */
export async function forkThread(
  deps: ForkDeps,
  owner: Owner,
  threadId: string,
  fork: Fork,
  traceId: string,
): Promise<RunRecord> {
  await ownThread(deps, owner, threadId);
  const graph = await deps.graph();
  const { checkpointId } = fork;
  const newId = `thread-${randomUUID()}`;
  if (!(await graph.copy({ threadId, checkpointId }, newId, fork.edits))) throw new AuraError("E1004");
  try {
    const promised = promptOf(await graph.view(newId), fork.prompt);
    return await startRun(deps, {
      owner,
      threadId: newId,
      ...promised,
      traceId,
      origin: { forkedFrom: threadId, continuesFrom: checkpointId, ...promised.origin },
    });
  } catch (error) {
    await forgetQuietly(deps.logger, graph, newId);
    throw error;
  }
}

function promptOf(
  view: CheckpointView | null,
  prompt: string | undefined,
): { prompt: string; language: Language; context: Record<string, unknown>; origin: { promptId?: string } } {
  const { messages, language, context } = forked.parse(view?.values);
  if (prompt !== undefined) return { prompt, language, context, origin: {} };
  const asked = messages.findLast(({ role }) => role === "user");
  if (view === null || view.next.length === 0 || asked?.id == null) {
    throw new AuraError("E3002", { detail: "nothing is left to do at this checkpoint; give a prompt" });
  }
  return { prompt: asked.content, language, context, origin: { promptId: asked.id } };
}

/** The copied checkpoint is not reachable by anybody; should this fail, it expires. */
async function forgetQuietly(
  logger: Logger,
  graph: Pick<ThreadGraph, "forget">,
  threadId: string,
): Promise<void> {
  await graph.forget(threadId).catch((err: unknown) => {
    logger.warn({ err, threadId }, "a copied checkpoint is left over");
  });
}
