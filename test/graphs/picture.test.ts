import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { graph } from "../../graphs/studio.ts";

const BEGIN = "<!-- The graph, drawn by itself; test/graphs/picture.test.ts keeps it true. -->\n```mermaid\n";

test("README.md shows the graph as it draws itself", async () => {
  const readme = await readFile(new URL("../../README.md", import.meta.url), "utf8");
  const shown = readme.split(BEGIN)[1]?.split("```")[0];
  const drawn = (await graph.getGraphAsync()).drawMermaid({ withStyles: false });
  // When this fails, what was received here belongs between the marks.
  expect(shown).toBe(drawn);
});
