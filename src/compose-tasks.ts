import type { Logger } from "pino";
import { z } from "zod";
import type { ServiceAgent } from "./agent.ts";
import type { Config } from "./config.ts";
import type { Backend } from "./ports/backend.ts";
import type { ThreadGraph } from "./ports/thread-graph.ts";
import { isTerminal, type RunRecord } from "./records/run.ts";
import { createMainServiceClient } from "./tasks/main-service.ts";
import { createTaskReader } from "./tasks/reader.ts";
import { type Reporter, startReporter } from "./tasks/reporter.ts";

/** The service's side of Main Service's AgentTasks. */
export interface TasksPart {
  reader: ReturnType<typeof createTaskReader>;
  /** Reports runs from now on. */
  start(agent: () => Promise<ServiceAgent>): Reporter;
}

/** As configured; null without a Main Service. */
export function composeTasks(config: Config, backend: Backend, logger: Logger): TasksPart | null {
  const { mainServiceUrl: url, jwtSecret, reconcileMs } = config;
  if (url === undefined) return null;
  const main = createMainServiceClient({ url, jwtSecret });
  return {
    reader: createTaskReader(main),
    start: (agent) =>
      startReporter(
        {
          ...{ backend, main, logger, now: Date.now },
          plannedTool: async (run) => plannedTool((await agent()).saved, run),
        },
        { everyMs: reconcileMs },
      ),
  };
}

const plan = z.array(z.object({ tool: z.string().optional() })).catch([]);

/**
 * The first tool of the run's plan, from the thread's last checkpoint; null while that is from before the
 * plan.
 */
async function plannedTool(
  graph: ThreadGraph,
  { threadId, runId, status }: RunRecord,
): Promise<string | undefined | null> {
  const view = await graph.view(threadId);
  if (view?.runId !== runId || !graph.isPlanned(view)) return null;
  // A step whose tasks are done and not yet applied names no next one: it may be the plan's.
  if (view.next.length === 0 && !isTerminal(status)) return null;
  return plan.parse(view.values.steps).find(({ tool }) => tool !== undefined)?.tool;
}
