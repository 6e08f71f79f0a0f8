/** Names that every model provider accepts. */
const TOOL_NAME = /^[A-Za-z0-9_-]{1,64}$/;

export function isToolName(name: string): boolean {
  return TOOL_NAME.test(name);
}

/**
 * A name that every provider accepts, as near as possible to one that a model has invented. It may be that of
 * another tool.
 */
export function usableToolName(name: string): string {
  const usable = name.replace(/[^A-Za-z0-9_-]/g, "_").slice(0, 64);
  return usable === "" ? "unnamed_tool" : usable;
}
