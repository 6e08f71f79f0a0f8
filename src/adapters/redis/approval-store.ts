import { HITL_TTL_S } from "@aura-platform/contract/hitl.ts";
import type { ApprovalStore } from "../../ports/approval-store.ts";
import { hitlRequestKey, hitlTaskKey } from "../hitl-keys.ts";
import { withTaskId } from "../published-request.ts";
import { asPending, openArguments, openKeys } from "./approval-arguments.ts";
import { byCreation, createApprovalReader } from "./approval-reader.ts";
import { createRedisApprovalSettlements } from "./approval-settlements.ts";
import type { RedisCommands } from "./commands.ts";
import { approvalKey, PENDING_KEY, unfinishedKey } from "./keys.ts";
import { createPendingApprovals } from "./pending-approvals.ts";
import { retryOnConflict } from "./retry-on-conflict.ts";
import { finishApprovals, linkTask, openApprovals } from "./scripts/approvals.ts";

/**
 * One HASH per approval: the record as it was opened, status and decision in fields of their own, so that no
 * script ever decodes what a model or a person wrote (Lua's cjson turns [] into {} and rounds numbers).
 */
export function createRedisApprovalStore(redis: RedisCommands): ApprovalStore {
  const reader = createApprovalReader(redis);

  return {
    get: reader.get,
    publishedRequest: reader.publishedRequest,
    unfinished: async (threadId) => byCreation(await reader.unfinished(threadId)),
    ...createPendingApprovals(redis),
    ...createRedisApprovalSettlements({ redis, reader }),
    async open(records) {
      if (records.length === 0) return [];
      const keys = { pending: PENDING_KEY, approvals: records.map(openKeys) };
      const opened = await openApprovals(redis, keys, { approvals: records.map(openArguments) });
      return records.filter((_, index) => opened[index] === 1).map(asPending);
    },
    async link(requestId, taskId) {
      await retryOnConflict(async () => {
        const text = await reader.publishedRequest(requestId);
        const linked = text === null ? null : withTaskId(text, taskId);
        if (text === null || linked === null) return "settled";
        const done = await linkTask(
          redis,
          { request: hitlRequestKey(requestId), task: hitlTaskKey(taskId), approval: approvalKey(requestId) },
          { requestBefore: text, requestAfter: linked, requestId, taskTtlS: HITL_TTL_S.task },
        );
        return done === 0 ? "conflict" : "linked";
      });
    },
    async finish(threadId, requestIds) {
      if (requestIds.length === 0) return;
      await finishApprovals(redis, { unfinished: unfinishedKey(threadId) }, { ids: requestIds });
    },
  };
}
