import { loose } from "@aura-platform/contract/reading.ts";
import { recordedApproval } from "@aura-platform/contract/thread-document.ts";
import type { z } from "zod";
import type { ApprovalRecord } from "./approval.ts";
import { owner } from "./owner-schema.ts";

/** Loose, as all records: what this process does not know is passed on. */
export const approvalRecord = loose(recordedApproval).extend(owner) satisfies z.ZodType<ApprovalRecord>;
