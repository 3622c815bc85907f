/**
 * Rehearses a bad night on the sandbox, with and without Pilotlight: `pilotlight drill` (docs/drill.md). Everything is
 * invented and on loopback. `npm start -- --claude /path/to/claude` plays it with a real Claude Code.
 */
process.argv.splice(2, 0, "drill");
await import("../packages/pilotlight/src/cli/main.ts");
