import { isIP } from 'node:net';
import { FoveaError } from '@fovea/annotations';
import type { MiddlewareHandler } from 'hono';

/**
 * Keeps other people's web pages out of a server without sign-in. A page can make a browser send requests here in two
 * ways, and each shows in a header the page cannot set:
 *
 * - DNS rebinding, a name of the attacker's that suddenly points to 127.0.0.1: its name stands in `Host`. An address or
 *   `localhost` there cannot be rebound.
 * - a cross-site request (a form, a fetch): the page's own address stands in `Origin`, its relation in `Sec-Fetch-Site`.
 *
 * @param allowedHosts further names this server is reached by, of a reverse proxy for example
 */
export function guard(allowedHosts: readonly string[] = []): MiddlewareHandler {
  const allowed = new Set(allowedHosts.map((name) => name.toLowerCase()));
  return async (c, next) => {
    const host = c.req.header('host') ?? new URL(c.req.url).host;
    const name = hostName(host);
    if (!(isIP(name) || name === 'localhost' || name.endsWith('.localhost') || allowed.has(name))) {
      throw new FoveaError(
        'forbidden_host',
        `This server does not answer to the name "${name}": use its address or localhost, or start it with --allow-host ${name}.`,
        { host },
      );
    }
    if (!['GET', 'HEAD', 'OPTIONS'].includes(c.req.method)) {
      const origin = c.req.header('origin');
      const site = c.req.header('sec-fetch-site');
      const foreign = origin !== undefined && !sameHost(origin, host);
      if (foreign || (site !== undefined && site !== 'same-origin' && site !== 'none')) {
        throw new FoveaError(
          'forbidden_origin',
          `Pages of ${origin ?? 'another site'} may not change anything here; only Fovea's own pages and programs may.`,
          { origin, host },
        );
      }
    }
    await next();
  };
}

/** The name in a Host header, without the port and an IPv6 address's brackets. */
function hostName(host: string): string {
  const bracketed = /^\[([^\]]+)\](?::\d+)?$/.exec(host);
  return (bracketed?.[1] ?? host.replace(/:\d+$/, '')).toLowerCase();
}

function sameHost(origin: string, host: string): boolean {
  try {
    return new URL(origin).host === host.toLowerCase();
  } catch {
    return false;
  }
}
