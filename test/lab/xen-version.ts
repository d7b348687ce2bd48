// The Xens that the lab can boot.

export type XenVersion = '4.17' | '4.20';
export const xenVersions: readonly XenVersion[] = ['4.17', '4.20'];
