// Types of dependencies.mjs for TypeScript; the set-up itself runs before anything is built.

export interface Entry {
  version?: string;
  optional?: boolean;
}

export declare function agrees(
  wanted: Record<string, Entry>,
  installed: Record<string, Entry>,
): boolean;

export declare function ensureDependencies(root: string): void;
