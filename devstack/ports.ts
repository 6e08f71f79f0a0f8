import { once } from "node:events";
import { createServer } from "node:net";
import { hasCode, messageOf, SetupError } from "./data-dir.ts";
import { PORT_NAMES, type PortName, type Ports } from "./environment.ts";

/** The address of everything in the dev stack but Aura, which has AURA_HOST. */
export const DEV_HOST = "127.0.0.1";

/** Listens, and tells which port and which variable are at fault when that does not work. */
export async function listenOn<T>(name: PortName, port: number, listen: () => Promise<T>): Promise<T> {
  try {
    return await listen();
  } catch (error) {
    if (hasCode(error, "EADDRINUSE")) throw taken([[name, port]], error);
    if (hasCode(error, "EACCES") || hasCode(error, "EADDRNOTAVAIL")) {
      throw new SetupError(`${name} ${port} cannot be used: ${messageOf(error)}`, { cause: error });
    }
    throw error;
  }
}

/** Fails before anything is started when a port is taken, naming all that are. */
export async function refuseTakenPorts(ports: Ports, auraHost: string): Promise<void> {
  const inUse: [PortName, number][] = [];
  for (const name of PORT_NAMES) {
    const port = ports[name];
    if (port !== 0 && (await isTaken(port, name === "AURA_PORT" ? auraHost : DEV_HOST))) {
      inUse.push([name, port]);
    }
  }
  if (inUse.length > 0) throw taken(inUse);
}

function taken(ports: [PortName, number][], cause?: unknown): SetupError {
  const list = ports.map(([name, port]) => `${port} (${name})`).join(", ");
  const names = ports.map(([name]) => name).join(", ");
  const many = ports.length > 1;
  return new SetupError(
    `port${many ? "s" : ""} ${list} ${many ? "are" : "is"} taken: stop what listens there, or set ${names} to other ports`,
    { cause },
  );
}

/** Whether something on this machine listens there. */
export async function isTaken(port: number, host: string): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, host);
    await once(server, "listening");
    await new Promise((resolve) => server.close(resolve));
    return false;
  } catch (error) {
    return hasCode(error, "EADDRINUSE");
  }
}
