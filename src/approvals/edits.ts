import type { ApprovalStore } from "../ports/approval-store.ts";
import type { ApprovalRecord } from "../records/approval.ts";

/** The approvals that stand: those whose arguments were edited have given their place to another one. */
export function standing(approvals: readonly ApprovalRecord[]): ApprovalRecord[] {
  return approvals.filter(({ editedAs }) => editedAs === undefined);
}

/**
 * What the model had asked for, of an approval whose arguments a person has changed; undefined of any other.
 *
 * @param approvals all of its thread's
 */
export function proposedArguments(
  approval: ApprovalRecord,
  approvals: readonly ApprovalRecord[],
): Record<string, unknown> | undefined {
  const byId = new Map(approvals.map((each) => [each.requestId, each]));
  let first: ApprovalRecord | undefined = approval;
  // Bounded, because in an imported file edits could refer to each other in a circle.
  for (let left = byId.size; first?.editOf !== undefined && left > 0; left -= 1)
    first = byId.get(first.editOf);
  return first === approval ? undefined : first?.context;
}

/**
 * Each approval behind those that it has taken the place of, oldest first: whoever is told of an edit has to
 * know what it is an edit of, however fast the next edit has come.
 */
export async function withEdited(
  approvals: Pick<ApprovalStore, "get">,
  records: readonly ApprovalRecord[],
): Promise<ApprovalRecord[]> {
  const told: ApprovalRecord[] = [];
  for (const record of records) {
    const chain = [record];
    for (let left = record.edits ?? 0; left > 0; left -= 1) {
      const { editOf } = chain[0] ?? record;
      const before = editOf === undefined ? null : await approvals.get(editOf);
      if (before === null) break;
      chain.unshift(before);
    }
    told.push(...chain);
  }
  return told;
}
