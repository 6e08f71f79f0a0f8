/** How many wait for a program that has the terminal, and its Ctrl-C. */
let held = 0;

/** Ctrl-C ends the process at once with 130, unless another program has the terminal. */
export function exitOnInterrupt(): void {
  process.on("SIGINT", () => {
    if (held === 0) process.exit(130);
  });
}

/**
 * While the work lasts, Ctrl-C is not for this process: the kernel sends it to every program of the terminal.
 */
export async function holdInterrupt<T>(work: () => Promise<T>): Promise<T> {
  held += 1;
  try {
    return await work();
  } finally {
    held -= 1;
  }
}
