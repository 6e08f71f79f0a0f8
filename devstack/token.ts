import { parseArgs } from "node:util";
import { loadDotEnv } from "../encoding/dot-env.ts";
import { loadJwtSecret, messageOf, SetupError } from "./data-dir.ts";
import { withoutBlanks } from "./environment.ts";
import { signToken } from "./jwt.ts";
import { findDevUser } from "./users.ts";

const USAGE =
  "usage: npm run --silent token -- --tenant 1 --user user123 [--role user] [--expires 3600] (seconds)";

/** `npm run --silent token`: prints a JWT for a user, known to the auth server or not. */
async function main(): Promise<void> {
  const { tenant, user, role, expires } = readFlags(process.argv.slice(2));
  loadDotEnv();
  const env = withoutBlanks(process.env);
  const known = findDevUser(tenant, user);
  const subject = {
    user,
    tenant,
    email: known?.email ?? `${user}@dwp.com`,
    role: role ?? known?.role ?? "user",
  };
  const secret = loadJwtSecret(env.JWT_SECRET, env.AURA_DATA_DIR ?? ".aura");
  process.stdout.write(`${await signToken(secret, subject, expires)}\n`);
}

function readFlags(args: string[]) {
  const { tenant, user, role, expires } = parseFlags(args);
  if (!tenant || !user) throw new SetupError(`--tenant and --user are required; ${USAGE}`);
  if (role === "") throw new SetupError(`--role must not be empty; ${USAGE}`);
  const seconds = Number(expires);
  if (!/^\d+$/.test(expires) || seconds < 1 || seconds > 10 * 365 * 86_400) {
    throw new SetupError(`--expires must be a number of seconds, 1 or more; ${USAGE}`);
  }
  return { tenant, user, role, expires: seconds };
}

function parseFlags(args: string[]) {
  try {
    return parseArgs({
      args,
      options: {
        tenant: { type: "string" },
        user: { type: "string" },
        role: { type: "string" },
        expires: { type: "string", default: "3600" },
      },
    }).values;
  } catch (error) {
    // Node's message may carry a second line with advice.
    throw new SetupError(`${messageOf(error).split("\n")[0]}; ${USAGE}`);
  }
}

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
