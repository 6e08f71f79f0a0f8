import { type TaskStatus, taskStatus } from "@aura-platform/contract/agent-tasks.ts";
import { z } from "zod";
import { type AuraTool, ToolError } from "./tool.ts";

/** A record of a job that the agent did, or does, for the user. */
interface Task {
  taskId: string;
  taskType: string;
  /** A TaskStatus, or one that we do not know yet. */
  status: string;
  /** 0-100 */
  progress: number;
  description: string;
  createdAt: string;
  updatedAt: string;
}

/** Where the tool gets them from. */
export interface TaskReader {
  /** The caller's own tasks, newest first. */
  list(
    caller: { tenantId: string; userId: string; traceId: string },
    query: { status?: TaskStatus; limit: number },
  ): Promise<Task[]>;
}

const schema = z.strictObject({
  status: taskStatus.optional(),
  limit: z.int().min(1).max(50).optional().describe("Default: 10"),
});

/** Lists the user's AgentTasks; needs no approval. */
export function listMyTasks(tasks: TaskReader): AuraTool<typeof schema> {
  return {
    name: "list_my_tasks",
    description:
      "Lists the user's own agent tasks: what was asked for, how far it is, how it ended. Newest first.",
    schema,
    approval: "never",
    idempotent: true,
    // People have typed the descriptions.
    untrusted: true,
    approvalMessage: (_args, language) => (language === "ko" ? "내 작업을 조회할까요?" : "List your tasks?"),
    async execute({ status, limit = 10 }, { tenantId, userId, threadId, language }) {
      try {
        const query = { limit, ...(status === undefined ? {} : { status }) };
        return { tasks: await tasks.list({ tenantId, userId, traceId: threadId }, query) };
      } catch (error) {
        const text =
          language === "ko" ? "작업 목록을 가져오지 못했습니다." : "The tasks could not be fetched.";
        throw new ToolError(text, error);
      }
    },
  };
}
