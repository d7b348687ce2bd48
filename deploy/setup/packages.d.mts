// Types of packages.mjs for TypeScript; the set-up itself runs before anything is built.

export declare function missing(names: string[]): string[];
export declare function ensurePackages(task: string): void;
