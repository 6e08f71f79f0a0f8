/** What every model provider accepts (tools/registry.ts). */
const MAX_NAME = 64;

/**
 * The name of a server's tool for models and people: `server__tool`. Null when nothing of the tool's own name
 * is usable.
 */
export function toolName(server: string, tool: string): string | null {
  const usable = tool.replaceAll(/[^A-Za-z0-9_-]/g, "_");
  return /[A-Za-z0-9]/.test(usable) ? `${server}__${usable}`.slice(0, MAX_NAME) : null;
}

/** The server that a tool's name belongs to, and the rest of the name. */
export function splitName(name: string): { server: string; tool: string } | null {
  const at = name.indexOf("__");
  return at < 1 ? null : { server: name.slice(0, at), tool: name.slice(at + 2) };
}
