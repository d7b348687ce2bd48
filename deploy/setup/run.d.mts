// Types of run.mjs for TypeScript; the set-up itself runs before anything is built.

export declare function run(command: string, ...args: string[]): Promise<number>;
