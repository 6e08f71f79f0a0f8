import { z } from "zod";
import type { ApprovalStore } from "../../ports/approval-store.ts";
import type { ApprovalRecord } from "../../records/approval.ts";
import { hitlRequestKey } from "../hitl-keys.ts";
import type { RedisCommands } from "./commands.ts";
import { approvalKey, PREFIXES, unfinishedKey } from "./keys.ts";
import { parseRecord, RecordFormatError } from "./record-format.ts";
import { APPROVAL_FIELDS, parseApproval } from "./records.ts";
import { readUnfinished } from "./scripts/approvals.ts";

const published = z.string().nullable();

/** The reads on which the approval store's writes are based. */
export interface ApprovalReader extends Pick<ApprovalStore, "get" | "publishedRequest"> {
  /** The approval's APPROVAL_FIELDS, not parsed. */
  fields(requestId: string): Promise<unknown>;
  /** As the store's, in order of opening. */
  unfinished: ApprovalStore["unfinished"];
}

export function createApprovalReader(redis: RedisCommands): ApprovalReader {
  const fields = (requestId: string) => redis.command("HMGET", [approvalKey(requestId), ...APPROVAL_FIELDS]);

  return {
    fields,
    async get(requestId) {
      return parseApproval(await fields(requestId), approvalKey(requestId));
    },
    async publishedRequest(requestId) {
      const key = hitlRequestKey(requestId);
      return parseRecord(published, await redis.command("GET", [key]), key);
    },
    async unfinished(threadId) {
      const found = await readUnfinished(redis, { unfinished: unfinishedKey(threadId) }, PREFIXES);
      return found.map(([requestId, values]) => requireApproval(values, requestId));
    },
  };
}

/** @throws RecordFormatError also when there is no such record */
export function requireApproval(fields: unknown, requestId: string): ApprovalRecord {
  const key = approvalKey(requestId);
  const record = parseApproval(fields, key);
  if (record === null) throw new RecordFormatError(key, "is gone, though its thread waits for it");
  return record;
}

/** Oldest first; the sort is stable, so those of one moment keep the order in which they were opened. */
export function byCreation(records: readonly ApprovalRecord[]): ApprovalRecord[] {
  return records.toSorted((a, b) => a.createdAt - b.createdAt);
}
