/** The tree that grammar.peggy makes, with a place for everything that can be blamed. */

import type { Span } from '../../../shared/domain/xl-cfg/syntax.ts';

export interface Name {
  readonly text: string;
  readonly at: Span;
}

export interface Fault {
  readonly kind: 'fault';
  /** No action at the beginning, a word that none knows, or one without what belongs to it. */
  readonly code: 'action' | 'word' | 'unfinished';
  readonly text: string;
  readonly at: Span;
}

/** `port` alone stands for any address. */
export interface PlaceNode {
  readonly names: readonly Name[];
  readonly ports: readonly Name[] | undefined;
}

export type Clause = { readonly at: Span } & (
  | { readonly kind: 'from' | 'to'; readonly place: PlaceNode }
  | { readonly kind: 'on' | 'proto'; readonly name: Name }
  | { readonly kind: 'type'; readonly name: Name; readonly code: Name | undefined }
  | { readonly kind: 'direction' | 'protocol'; readonly text: string }
  | { readonly kind: 'states'; readonly names: readonly Name[] }
);

export type ActionNode =
  | { readonly kind: 'action'; readonly text: 'allow' | 'deny'; readonly at: Span }
  | { readonly kind: 'default'; readonly name: Name | undefined };

export type Statement =
  | {
      readonly kind: 'rule';
      readonly action: ActionNode;
      readonly clauses: readonly (Clause | Fault)[];
      readonly at: Span;
    }
  | { readonly kind: 'broken'; readonly faults: readonly Fault[] };
