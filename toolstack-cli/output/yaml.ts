/**
 * What is used of the package yaml. A module of its own, because a bundler gives `import('yaml')`
 * only the default of a CommonJS package, while a static import has its names everywhere.
 */

export { stringify } from 'yaml';
