/** Rule: at run time no file imports itself by way of others. */

import { importsOf } from '../imports.ts';
import { type Finding, type Project, type Rule, scripts } from '../project.ts';

type Graph = ReadonlyMap<string, readonly string[]>;

function graphOf(project: Project): Graph {
  return new Map(
    scripts(project).map((file) => [
      file.path,
      importsOf(file).flatMap(({ target, typeOnly }) => (target && !typeOnly ? [target] : [])),
    ]),
  );
}

/** The shortest way from a file back to itself. */
function cycleFrom(graph: Graph, start: string): readonly string[] | undefined {
  const ways: string[][] = (graph.get(start) ?? []).map((next) => [next]);
  const seen = new Set<string>();
  for (let way = ways.shift(); way; way = ways.shift()) {
    const last = way.at(-1) as string;
    if (last === start) return way;
    if (seen.has(last)) continue;
    seen.add(last);
    for (const next of graph.get(last) ?? []) ways.push([...way, next]);
  }
  return undefined;
}

export const importCycles: Rule = {
  name: 'no file imports itself by way of others',
  check(project) {
    const graph = graphOf(project);
    const reported = new Set<string>();
    const findings: Finding[] = [];
    for (const path of graph.keys()) {
      const cycle = reported.has(path) ? undefined : cycleFrom(graph, path);
      if (!cycle) continue;
      for (const member of cycle) reported.add(member);
      const message = `imports itself by way of ${cycle.join(', ')}: move what both need apart`;
      findings.push({ path, line: 1, message });
    }
    return findings;
  },
};
