/** Words of `xtl vm create`: settings and files. */

/**
 * As main_create in xl_vmcontrol.c @ RELEASE-4.17.0: what holds a = is a setting; not behind a
 * slash, as no key holds one.
 */
export const isSetting = (word: string): boolean => /^[^/=]*=/.test(word);
