import { ChildProcess } from "node:child_process";

// Set up for the fast tests only (vitest.config.ts). Whatever starts a process - spawn, fork, exec, a library - comes by here.
Object.assign(ChildProcess.prototype, {
  spawn() {
    throw new Error("a fast test starts no process: name its file *.integration.test.ts (docs/testing.md)");
  },
});
