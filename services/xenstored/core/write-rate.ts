/**
 * The write rate limit: while transactions are open, a domain that writes pays with credit, so
 * that it cannot make everybody else's transactions fail (xenstored_domain.c, wrl_* @
 * RELEASE-4.17.7).
 */

/** Credit is in writes; C counts in thousandths and whole milliseconds. */
export interface WriteCredit {
  credit: number;
  updatedMs: number;
  logged: boolean;
}

/** Writes a second, shared by all domains. */
export const WRITES_PER_SECOND = 200;
/** What one domain may save up. */
export const DOMAIN_BURST = 10;
/** What all together may save up for domains in need. */
export const GLOBAL_BURST = 1000;
/** How far the reserve may be overdrawn so that new domains start with credit. */
const NEW_DOMAINS_BURST = DOMAIN_BURST * 5;

export interface WriteRate {
  domainAdded(account: WriteCredit, nowMs: number): void;
  domainRemoved(account: WriteCredit): void;
  /** Writes by a domain while somebody else's transaction is open. True if it is now overdrawn. */
  charge(account: WriteCredit, writes: number, nowMs: number): boolean;
  /** How long until the domain may be served again; 0 if it may be now. */
  delayMs(account: WriteCredit, nowMs: number): number;
}

export function createWriteRate(): WriteRate {
  let domains = 0;
  let reserve = 0;

  const update = (account: WriteCredit, nowMs: number): void => {
    const elapsed = Math.max(0, nowMs - account.updatedMs);
    account.updatedMs = nowMs;
    account.credit += (elapsed * WRITES_PER_SECOND) / 1000 / Math.max(1, domains);
    const need = Math.max(0, Math.min(reserve, -account.credit));
    reserve -= need;
    account.credit += need;
    const surplus = Math.max(0, account.credit - DOMAIN_BURST);
    account.credit -= surplus;
    reserve = Math.max(reserve, Math.min(GLOBAL_BURST, reserve + surplus));
  };

  return {
    domainAdded: (account, nowMs) => {
      domains++;
      const gift = Math.max(0, Math.min(reserve + NEW_DOMAINS_BURST, DOMAIN_BURST));
      reserve -= gift;
      account.credit = gift;
      account.updatedMs = nowMs;
    },
    domainRemoved: (account) => {
      domains--;
      const rest = Math.max(0, Math.min(account.credit, DOMAIN_BURST - reserve));
      reserve += rest;
      account.credit -= rest;
    },
    charge: (account, writes, nowMs) => {
      update(account, nowMs);
      account.credit -= writes;
      return account.credit < 0;
    },
    delayMs: (account, nowMs) => {
      update(account, nowMs);
      if (account.credit >= 0) return 0;
      return Math.ceil((-account.credit * 1000 * Math.max(1, domains)) / WRITES_PER_SECOND);
    },
  };
}
