import { enableCompileCache } from "node:module";

// A command is short: half of its time would be compiling what it imports. Before the first import that is
// worth it.
enableCompileCache();
const { main } = await import("./main.ts");
await main();
