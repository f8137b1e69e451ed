import type pg from 'pg';
import { OWNER } from './cluster.js';
import type { Postmaster } from './postmaster.js';

/** Advisory lock that every process with an open home holds, shared. Locks of 32 bits, as `pg_locks` shows them in `objid`. */
export const CLIENT_LOCK = 1_178_949_121;

/** Advisory lock of the one keeper of a PostgreSQL. */
export const KEEPER_LOCK = 1_178_949_122;

/** Advisory lock under which migrations are applied. */
export const MIGRATION_LOCK = 1_178_949_123;

/** The keeper stops PostgreSQL when it is notified on this channel. */
export const STOP_CHANNEL = 'fovea_stop';

/** How to reach a running PostgreSQL of ours. */
export function connectionTo(postmaster: Postmaster, password: string): pg.ClientConfig {
  return {
    host: postmaster.host,
    port: postmaster.port,
    user: OWNER,
    password,
    // Advisory locks count per database, so clients and keeper must share this one, which every cluster has.
    database: 'postgres',
    // Only ever this machine: a socket or the loopback.
    ssl: false,
    connectionTimeoutMillis: 10_000,
  };
}
