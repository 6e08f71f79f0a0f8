/**
 * Loaded before src/main.ts (`--import`): the process is the real one, and only a request to the model that holds one of
 * these marks ends it, or disturbs it, in the way that the mark says.
 */
const CRASHES: Readonly<Record<string, () => void>> = {
  "[[exit]]": () => process.exit(70),
  "[[kill]]": () => process.kill(process.pid, "SIGKILL"),
  "[[throw]]": () => setTimeout(() => throwLate(), 1),
  "[[reject]]": () => void Promise.reject(new Error("a promise that nobody looks after")),
};

/** The same, but not before the plan has been made. */
const LATER = "[[later]]";

function throwLate(): never {
  throw new Error("thrown outside of any promise");
}

const original = globalThis.fetch;
globalThis.fetch = async (input, init) => {
  const body = typeof init?.body === "string" ? init.body : "";
  const isPlan = !body.includes('"tools"');
  if (!(body.includes(LATER) && isPlan)) {
    for (const [mark, crash] of Object.entries(CRASHES)) if (body.includes(mark)) crash();
  }
  return original(input, init);
};
