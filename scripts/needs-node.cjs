"use strict";
// Loaded before a script of package.json starts (`node -r`): a Node that is too old cannot load TypeScript,
// and would say so with a stack trace that names no remedy. CommonJS, because every Node can load that.
// Decision 63.

const { engines } = require("../package.json");

const [, major, minor] = /^>=(\d+)\.(\d+)$/.exec(engines.node).map(Number);
const [haveMajor, haveMinor] = process.versions.node.split(".").map(Number);
if (haveMajor < major || (haveMajor === major && haveMinor < minor)) {
  process.stderr.write(
    `aura-platform needs Node ${major}.${minor} or later, and this is Node ${process.versions.node} (${process.execPath}). ` +
      "`npm ci` brings Node 24 for `npm run`, unless dev dependencies or install scripts are left out.\n",
  );
  process.exit(1);
}
