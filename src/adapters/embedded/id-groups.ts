/** Ids by group, in the order in which they were added; an empty group takes no memory. */
interface IdGroups {
  of(group: string): readonly string[];
  add(group: string, id: string): void;
  remove(group: string, id: string): void;
}

export function createIdGroups(): IdGroups {
  const groups = new Map<string, Set<string>>();
  return {
    of: (group) => [...(groups.get(group) ?? [])],
    add(group, id) {
      groups.set(group, (groups.get(group) ?? new Set()).add(id));
    },
    remove(group, id) {
      const ids = groups.get(group);
      ids?.delete(id);
      if (ids?.size === 0) groups.delete(group);
    },
  };
}
