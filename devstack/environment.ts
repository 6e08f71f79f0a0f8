import { z } from "zod";
import { SetupError } from "./data-dir.ts";

const port = z.coerce.number().int().min(0).max(65_535);

/** The ports of the dev stack, 0 for any free one, with the contract's defaults. */
const ports = z.object({
  GATEWAY_PORT: port.default(8080),
  AURA_PORT: port.default(9000),
  MAIN_PORT: port.default(8081),
  AUTH_PORT: port.default(8001),
  SMTP_PORT: port.default(2525),
});

export type PortName = keyof z.infer<typeof ports>;
export type Ports = Readonly<Record<PortName, number>>;

export const PORT_NAMES: readonly PortName[] = ports.keyof().options;

/** Empty values count as missing, as in src/config.ts. */
export function withoutBlanks(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return Object.fromEntries(Object.entries(env).filter(([, value]) => value?.trim()));
}

export function readPorts(env: NodeJS.ProcessEnv): Ports {
  const parsed = ports.safeParse(env);
  if (parsed.success) return parsed.data;
  const names = parsed.error.issues.map((issue) => issue.path.join(".")).join(", ");
  throw new SetupError(`${names} must be a port number from 0 to 65535`);
}

/** AURA_PLATFORM_URI, the gateway's address of Aura. */
export function readPlatformUri(env: NodeJS.ProcessEnv): string | undefined {
  const uri = env.AURA_PLATFORM_URI;
  if (uri === undefined) return undefined;
  if (!z.url({ protocol: /^https?$/ }).safeParse(uri).success) {
    throw new SetupError("AURA_PLATFORM_URI must be an http(s) URL");
  }
  return uri;
}
