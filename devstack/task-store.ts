import type { AgentTask as ContractTask } from "@aura-platform/contract/agent-tasks.ts";
import { localDateTime } from "./envelope.ts";

/** An AgentTask (docs/contract.md, section 5), and its times. Nothing of Main Service sets planSteps. */
export interface AgentTask extends Omit<ContractTask, "description" | "planSteps"> {
  /** Undefined once a report of progress has had none. */
  description?: string | undefined;
  startedAt?: string;
  completedAt?: string;
}

export type TaskChange = Partial<
  Omit<AgentTask, "taskId" | "userId" | "tenantId" | "taskType" | "createdAt">
>;

/** Spring Data's Page, as far as a client reads it. */
interface TaskPage {
  content: AgentTask[];
  totalElements: number;
  totalPages: number;
  number: number;
  size: number;
  first: boolean;
  last: boolean;
}

interface PageQuery {
  tenantId: string;
  userId: string;
  page: number;
  size: number;
}

/** Tasks beyond this many push the oldest out: a dev stack may run for weeks. */
const CAPACITY = 10_000;

export type TaskStore = ReturnType<typeof createTaskStore>;

export function createTaskStore() {
  const tasks = new Map<string, AgentTask>();
  return {
    add(task: AgentTask): AgentTask {
      tasks.set(task.taskId, task);
      const [oldest] = tasks.keys();
      if (tasks.size > CAPACITY && oldest !== undefined) tasks.delete(oldest);
      return task;
    },
    get: (taskId: string): AgentTask | undefined => tasks.get(taskId),
    update(task: AgentTask, change: TaskChange): AgentTask {
      const updated = { ...task, ...change, updatedAt: localDateTime() };
      tasks.set(task.taskId, updated);
      return updated;
    },
    /** Newest first. */
    page({ tenantId, userId, page, size }: PageQuery): TaskPage {
      const matching = [...tasks.values()]
        .filter((task) => task.tenantId === tenantId && task.userId === userId)
        .reverse();
      const totalPages = Math.ceil(matching.length / size);
      return {
        content: matching.slice(page * size, (page + 1) * size),
        totalElements: matching.length,
        totalPages,
        number: page,
        size,
        first: page === 0,
        last: page >= totalPages - 1,
      };
    },
  };
}
