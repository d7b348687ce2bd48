/** What rows of the language are, and operands that no optimizer knows. */

/** What is computed, and its JSON. */
export type Row = readonly [what: string, compute: () => unknown, shows: string];

export const one = (): number => 1;
export const many = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
