/** The store's own consistency: what CONTROL check looks at, and tests after every step. */

import { weightOf } from './accounts.ts';
import { childrenOf } from './children.ts';
import type { Path } from './path.ts';
import { childPath, ROOT } from './path.ts';
import { ownerOf } from './perms.ts';
import type { State } from './state.ts';
import { lookup } from './tree.ts';
import { unfinishedBytes } from './unread.ts';

/** A line for everything that does not add up; none if the store is sound. */
export function checkStore(state: State): string[] {
  const wrong: string[] = [];
  const nodes = new Map<number, number>();
  const memory = new Map<number, number>();
  const add = (map: Map<number, number>, domid: number, by: number): void => {
    map.set(domid, (map.get(domid) ?? 0) + by);
  };
  const stack: Path[] = [ROOT];
  for (let path = stack.pop(); path !== undefined; path = stack.pop()) {
    const node = lookup(state.tree, path);
    if (node === undefined) {
      wrong.push(`${path.text} is listed but not there`);
      continue;
    }
    const owner = ownerOf(node.perms);
    add(nodes, owner, 1);
    add(memory, owner, weightOf(path.text.length, node));
    let bytes = 0;
    for (const { name } of childrenOf(node.children)) {
      bytes += name.length + 1;
      stack.push(childPath(path, name));
    }
    if (bytes !== (node.children?.bytes ?? 0))
      wrong.push(`${path.text}: its list has ${bytes} bytes`);
    if (!state.domains.has(owner)) wrong.push(`${path.text} is owned by nobody (${owner})`);
  }
  const accesses = new Map<number, number>();
  let watches = 0;
  let transactions = 0;
  for (const { domid, domain, watches: own, transactions: open } of state.connections) {
    watches += own.size;
    transactions += open.size;
    for (const { path, token } of own.values()) add(memory, domid, path.length + token.length);
    for (const tx of open.values()) {
      add(memory, domid, tx.memory);
      if (domain !== undefined) add(accesses, domid, tx.accessed.size);
    }
  }
  if (watches !== state.watches.size())
    wrong.push(`${watches} watches, ${state.watches.size()} kept`);
  if (transactions !== state.openTransactions) {
    wrong.push(`${transactions} transactions, ${state.openTransactions} counted`);
  }
  for (const {
    domid,
    privileged,
    connection,
    nodes: counted,
    memory: charged,
    accesses: noted,
  } of state.domains.values()) {
    const own = nodes.get(domid) ?? 0;
    if (own !== counted) wrong.push(`domain ${domid} owns ${own} nodes, ${counted} counted`);
    if ((accesses.get(domid) ?? 0) !== noted) wrong.push(`domain ${domid}: ${noted} nodes noted`);
    const output = privileged ? undefined : connection?.output;
    const unread = output === undefined ? 0 : unfinishedBytes(output);
    const weight = (memory.get(domid) ?? 0) + unread;
    if (weight !== charged) wrong.push(`domain ${domid} weighs ${weight}, charged ${charged}`);
  }
  return wrong;
}
