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

/** The savings of all are looked at no more often: a flood of requests must not make it work. */
const SAVINGS_MS = 100;

export interface WriteRate {
  domainAdded(account: WriteCredit): void;
  domainRemoved(account: WriteCredit): void;
  /** Writes by a domain while somebody else's transaction is open. True if it is now overdrawn. */
  charge(account: WriteCredit, writes: number): boolean;
  /** How long until the domain may be served again; 0 if it may be now. */
  delayMs(account: WriteCredit): number;
}

/** `now` gives milliseconds; it is asked only of domains that write, and of those in debt. */
export function createWriteRate(now: () => number): WriteRate {
  const accounts = new Set<WriteCredit>();
  let reserve = 0;
  let savedMs = 0;

  const earn = (account: WriteCredit, nowMs: number): void => {
    const elapsed = Math.max(0, nowMs - account.updatedMs);
    account.updatedMs = nowMs;
    account.credit += (elapsed * WRITES_PER_SECOND) / 1000 / Math.max(1, accounts.size);
    const surplus = Math.max(0, account.credit - DOMAIN_BURST);
    account.credit -= surplus;
    reserve = Math.max(reserve, Math.min(GLOBAL_BURST, reserve + surplus));
  };
  const collectSavings = (nowMs: number): void => {
    if (nowMs - savedMs < SAVINGS_MS) return;
    savedMs = nowMs;
    for (const account of accounts) earn(account, nowMs);
  };
  const borrow = (account: WriteCredit): void => {
    const need = Math.max(0, Math.min(reserve, -account.credit));
    reserve -= need;
    account.credit += need;
  };

  return {
    domainAdded: (account) => {
      accounts.add(account);
      const gift = Math.max(0, Math.min(reserve + NEW_DOMAINS_BURST, DOMAIN_BURST));
      reserve -= gift;
      account.credit = gift;
      account.updatedMs = now();
    },
    domainRemoved: (account) => {
      accounts.delete(account);
      const rest = Math.max(0, Math.min(account.credit, DOMAIN_BURST - reserve));
      reserve += rest;
      account.credit -= rest;
    },
    charge: (account, writes) => {
      earn(account, now());
      borrow(account);
      account.credit -= writes;
      return account.credit < 0;
    },
    delayMs: (account) => {
      if (account.credit >= 0) return 0;
      const nowMs = now();
      earn(account, nowMs);
      collectSavings(nowMs);
      borrow(account);
      if (account.credit >= 0) return 0;
      return Math.ceil((-account.credit * 1000 * Math.max(1, accounts.size)) / WRITES_PER_SECOND);
    },
  };
}
