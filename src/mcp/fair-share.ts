/**
 * Which of several lists' entries are taken when there is room for `room` of them: one of each list in turn,
 * in the lists' own order, so that a long list costs a short one nothing.
 *
 * @returns how many of each list, from its beginning
 */
export function fairShare(lengths: readonly number[], room: number): number[] {
  const taken = lengths.map(() => 0);
  let left = Math.max(0, room);
  while (left > 0) {
    const open = lengths.flatMap((length, at) => ((taken[at] ?? 0) < length ? [at] : []));
    if (open.length === 0) break;
    for (const at of open.slice(0, left)) taken[at] = (taken[at] ?? 0) + 1;
    left -= Math.min(left, open.length);
  }
  return taken;
}
