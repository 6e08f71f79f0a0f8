import { z } from "zod";
import { parsePublishedRequest, publishedDecision } from "../../approvals/published-request.ts";
import type { ApprovalStore, PendingApproval, Published } from "../../ports/approval-store.ts";
import { hitlRequestKey, hitlSignalKey } from "../hitl-keys.ts";
import { WATCH_MS, WATCHED_AT_ONCE } from "../published-request.ts";
import type { RedisCommands } from "./commands.ts";
import { approvalKey, PENDING_KEY, PREFIXES, pendingOfKey, SETTLED_KEY } from "./keys.ts";
import { parseRecord } from "./record-format.ts";
import { APPROVAL_FIELDS, parseApproval } from "./records.ts";
import { readPending, takeWatched } from "./scripts/approvals.ts";

/** Approvals per MGET: one reply may hold that many requests with their mails, and signals. */
const CHUNK = 250;
/** Unix ms has 13 digits until the year 2286; 16 hold every safe integer. */
const TIME_DIGITS = 16;
/** More than one owner can have waiting. */
const ALL = 2 ** 31;

const values = z.array(z.string().nullable());
const threadField = z.tuple([z.string()]);

/** An approval's name among the pending ones: sorts as (expiresAt, requestId). */
export function pendingMember({ expiresAt, requestId }: Omit<PendingApproval, "threadId">): string {
  return `${String(Math.ceil(expiresAt)).padStart(TIME_DIGITS, "0")}:${requestId}`;
}

/** What looks at many approvals at once: two sorted sets name them, and their number costs no search. */
export function createPendingApprovals(
  redis: RedisCommands,
): Pick<ApprovalStore, "pending" | "pendingOf" | "published" | "contradicted"> {
  const read = (pending: string, from: string, limit: number, fields: readonly string[]) =>
    readPending(redis, { pending }, { from, limit, fields, ...PREFIXES });

  return {
    async pending(after, limit) {
      const from = after === null ? "-" : `(${pendingMember(after)}`;
      const found = await read(PENDING_KEY, from, limit, ["thread"]);
      return found.map(([member, fields]) => {
        const [threadId] = parseRecord(threadField, fields, PENDING_KEY);
        return { requestId: requestIdIn(member), threadId, expiresAt: Number(member.slice(0, TIME_DIGITS)) };
      });
    },
    async pendingOf(owner) {
      const found = await read(pendingOfKey(owner), "-", ALL, APPROVAL_FIELDS);
      return found
        .flatMap(([member, fields]) => {
          const record = parseApproval(fields, approvalKey(requestIdIn(member)));
          return record === null ? [] : [record];
        })
        .sort((a, b) => a.createdAt - b.createdAt);
    },
    async published(approvals) {
      const chunks: Promise<Published[]>[] = [];
      for (let at = 0; at < approvals.length; at += CHUNK) {
        chunks.push(readPublished(redis, approvals.slice(at, at + CHUNK)));
      }
      return (await Promise.all(chunks)).flat();
    },
    async contradicted(now) {
      const args = { limit: WATCHED_AT_ONCE, before: now - WATCH_MS };
      const ids = await takeWatched(redis, { settled: SETTLED_KEY }, args);
      if (ids.length === 0) return [];
      const requests = parseRecord(values, await redis.command("MGET", ids.map(hitlRequestKey)), SETTLED_KEY);
      // Whether it contradicts is for restate to say, which reads the record too.
      return ids.filter(
        (_, index) => publishedDecision(parsePublishedRequest(requests[index] ?? null), now) !== null,
      );
    },
  };
}

async function readPublished(
  redis: RedisCommands,
  approvals: readonly PendingApproval[],
): Promise<Published[]> {
  const keys = approvals.flatMap(({ requestId, threadId }) => [
    hitlRequestKey(requestId),
    hitlSignalKey(threadId),
  ]);
  const reply = parseRecord(values.length(keys.length), await redis.command("MGET", keys), keys[0] ?? "");
  return approvals.map((_, index) => ({
    request: reply[index * 2] ?? null,
    signal: reply[index * 2 + 1] ?? null,
  }));
}

function requestIdIn(member: string): string {
  return member.slice(TIME_DIGITS + 1);
}
