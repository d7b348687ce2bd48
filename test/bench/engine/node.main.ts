/** The rows of the engine's benchmark under V8: as under engine.c, `ROW REQUESTS`. */

const host = {
  arguments: process.argv.slice(2),
  hasCompiler: true,
  nowMs: () => process.cpuUsage().user / 1000,
  print: (text: string) => process.stdout.write(`${text}\n`),
};

Object.assign(globalThis, { host });
await import('./rows.main.ts');
