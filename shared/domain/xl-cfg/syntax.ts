/** The tree that grammar.peggy makes, with a place for everything that can be blamed. */

/** Offsets into the joined text, `end` exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

export type FaultCode =
  | 'no-value'
  | 'second-equals'
  | 'no-operator'
  | 'no-setting'
  | 'text-after-value'
  | 'bare-word'
  | 'open-string'
  | 'open-comment'
  | 'stray'
  | 'too-deep'
  | 'lost';

export interface Fault {
  readonly kind: 'fault';
  readonly code: FaultCode;
  readonly text: string;
  readonly at: Span;
}

/** Digits as written, or a string still with its quotes and escapes. */
export interface Atom {
  readonly kind: 'number' | 'quoted';
  readonly text: string;
  readonly at: Span;
}

export interface ListNode {
  readonly kind: 'list';
  readonly items: readonly (ValueNode | Comma)[];
  readonly closed: boolean;
  readonly at: Span;
}

export interface Comma {
  readonly kind: 'comma';
  readonly at: Span;
}

export type ValueNode = Atom | ListNode | Fault;

export interface SetNode {
  readonly kind: 'set';
  readonly name: { readonly text: string; readonly at: Span };
  readonly op: '=' | '+=';
  readonly value: ValueNode;
}

export type SyntaxNode = SetNode | Fault;
