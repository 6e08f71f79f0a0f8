import type { ApprovalRecord } from "./approval.ts";

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
  // Each edit is younger than what it is an edit of; an imported file that says otherwise must not be gone round in.
  for (let left = byId.size; first?.editOf !== undefined && left > 0; left -= 1)
    first = byId.get(first.editOf);
  return first === approval ? undefined : first?.context;
}
