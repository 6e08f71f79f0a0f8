import type { MainService, MainServiceCall } from "./main-service.ts";
import { isAboutContent, MainServiceError } from "./main-service-error.ts";

/** After this many in a row the whole call is not tried any more while the process lives. */
const HABIT = 3;

/** Calls in a row, by their habit, that Main Service took only without some of their fields. */
export type Habits = Map<string, number>;

/** What Main Service took without some of its fields. */
interface ReducedCall {
  /** The fields that were left out. */
  fields: readonly string[];
  /** Why. */
  err: MainServiceError;
}

/**
 * Repeats a call at once without its optional fields when those may be what Main Service does not take: a
 * task without its result is better than one that is in progress for ever.
 *
 * @param habits of this Main Service, kept by the caller
 * @param tell hears of every call that was taken so
 */
export function withReducedCalls(
  main: MainService,
  habits: Habits,
  tell: (reduced: ReducedCall) => void,
): MainService {
  return async (caller, call) => {
    const { optional, ...rest } = call;
    const { habit = "", fields = [] } = optional ?? {};
    const reduced = without(rest, fields);
    if ((habits.get(habit) ?? 0) >= HABIT) return main(caller, reduced);
    let err: MainServiceError;
    try {
      const data = await main(caller, rest);
      habits.delete(habit);
      return data;
    } catch (error) {
      if (!isWorthReducing(error, call)) throw error;
      err = error;
    }
    const data = await main(caller, reduced).catch((second: unknown) => {
      // Neither form is taken: the first error is about all that there was to take.
      throw second instanceof MainServiceError && second.kind !== "unavailable" ? err : second;
    });
    if (habit !== "") habits.set(habit, (habits.get(habit) ?? 0) + 1);
    tell({ fields, err });
    return data;
  };
}

function isWorthReducing(error: unknown, { optional }: MainServiceCall): error is MainServiceError {
  if (!(error instanceof MainServiceError) || !optional?.after.includes(error.kind)) return false;
  return error.kind === "failed" || isAboutContent(error);
}

/** The call without these fields; without a body when none is left. */
function without({ body, ...call }: MainServiceCall, fields: readonly string[]): MainServiceCall {
  const left = Object.entries(body ?? {}).filter(([name]) => !fields.includes(name));
  return left.length === 0 ? call : { ...call, body: Object.fromEntries(left) };
}
