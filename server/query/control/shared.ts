/** What the sessions of one engine share beyond its data. */
import type { Engine } from '../engine/engine.ts';
import { AdvisoryLockTable } from './advisory-locks.ts';
import { NotificationHub } from './notifications.ts';

export interface Shared {
  readonly notifications: NotificationHub;
  readonly advisoryLocks: AdvisoryLockTable;
}

const byEngine = new WeakMap<Engine, Shared>();

export function sharedOf(engine: Engine): Shared {
  const known = byEngine.get(engine);
  if (known !== undefined) return known;
  const shared = { notifications: new NotificationHub(), advisoryLocks: new AdvisoryLockTable() };
  byEngine.set(engine, shared);
  return shared;
}
