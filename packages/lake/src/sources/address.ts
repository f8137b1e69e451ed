import { lookup as lookupAll } from 'node:dns';
import { BlockList, isIP, type LookupFunction } from 'node:net';
import { FoveaError } from '@fovea/annotations';

// What is not the public internet, by IANA's registries of special-purpose addresses (RFC 6890 and its updates).
const PRIVATE_IPV4: readonly (readonly [string, number, string])[] = [
  ['0.0.0.0', 8, 'this machine'],
  ['10.0.0.0', 8, 'a private network'],
  ['100.64.0.0', 10, "a provider's network"],
  ['127.0.0.0', 8, 'this machine'],
  ['168.63.129.16', 32, "a cloud's own services"],
  ['169.254.0.0', 16, "the local link or a cloud's own services"],
  ['172.16.0.0', 12, 'a private network'],
  ['192.0.0.0', 24, 'reserved'],
  ['192.0.2.0', 24, 'for documentation'],
  ['192.88.99.0', 24, 'reserved'],
  ['192.168.0.0', 16, 'a private network'],
  ['198.18.0.0', 15, 'for tests of networks'],
  ['198.51.100.0', 24, 'for documentation'],
  ['203.0.113.0', 24, 'for documentation'],
  ['224.0.0.0', 4, 'for many receivers'],
  ['240.0.0.0', 4, 'reserved'],
];
const PRIVATE_IPV6: readonly (readonly [string, number, string])[] = [
  ['::', 127, 'this machine'],
  ['fe80::', 10, 'the local link'],
  ['fec0::', 10, 'a private network'],
  ['fc00::', 7, 'a private network'],
  ['ff00::', 8, 'for many receivers'],
  ['64:ff9b:1::', 48, 'a private network'],
  ['2001::', 23, 'reserved'],
  ['2001:db8::', 32, 'for documentation'],
  ['3fff::', 20, 'for documentation'],
  ['3ffe::', 16, 'reserved'],
];

const ranges = [
  ...PRIVATE_IPV4.map((range) => ({ family: 'ipv4' as const, range })),
  ...PRIVATE_IPV6.map((range) => ({ family: 'ipv6' as const, range })),
].map(({ family, range: [network, bits, what] }) => {
  const list = new BlockList();
  list.addSubnet(network, bits, family);
  return { family, list, what };
});

/**
 * What an address is where it is not of the public internet; undefined for one that is. An IPv6 address that carries an
 * IPv4 one (mapped, NAT64, 6to4) is as private as that.
 */
export function privateKindOf(address: string): string | undefined {
  const plain = address.replace(/^\[|\]$/g, '').replace(/%.*$/, '');
  const version = isIP(plain);
  if (version === 0) return 'no address';
  if (version === 4) return ranges.find(({ family, list }) => family === 'ipv4' && list.check(plain, 'ipv4'))?.what;
  const words = wordsOf(plain);
  const ipv4 = (high: number) =>
    [words[high]! >> 8, words[high]! & 255, words[high + 1]! >> 8, words[high + 1]! & 255].join('.');
  const startsWith = (...prefix: number[]) => prefix.every((word, i) => words[i] === word);
  if (startsWith(0, 0, 0, 0, 0, 0xffff) || startsWith(0x64, 0xff9b, 0, 0, 0, 0)) return privateKindOf(ipv4(6));
  if (startsWith(0x2002)) return privateKindOf(ipv4(1));
  const known = ranges.find(({ family, list }) => family === 'ipv6' && list.check(plain, 'ipv6'))?.what;
  // Beyond 2000::/3 nothing is handed out.
  return known ?? (words[0]! >> 13 === 1 ? undefined : 'reserved');
}

/** The eight 16-bit words of a valid IPv6 address. */
function wordsOf(address: string): number[] {
  const hex = address.replace(/(\d+)\.(\d+)\.(\d+)\.(\d+)$/, (_, ...bytes: string[]) => {
    const [a, b, c, d] = bytes.slice(0, 4).map(Number) as [number, number, number, number];
    return `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
  });
  const [head = '', tail] = hex.split('::');
  const parse = (part: string) => (part === '' ? [] : part.split(':').map((word) => Number.parseInt(word, 16)));
  const [before, after] = [parse(head), parse(tail ?? '')];
  return [...before, ...new Array<number>(8 - before.length - after.length).fill(0), ...after];
}

/** The error for a host that lies where nobody may be sent. */
export function privateAddress(host: string, address: string, what: string): FoveaError {
  const of = host === address ? host : `${host} (${address})`;
  const remedy = 'If it is meant, allow it with --allow-private-addresses.';
  const sentence = `The address of ${of} is not public: it is ${what}. ${remedy}`;
  return new FoveaError('private_address', sentence, { host, address });
}

/**
 * Refuses a host that is written as a private address; names are for {@link lookupPublic}, which a connection does not
 * ask about addresses.
 *
 * @throws FoveaError `private_address`
 */
export function assertPublicHost(url: URL): void {
  const host = url.hostname.replace(/^\[|\]$/g, '');
  if (isIP(host) === 0) return;
  const what = privateKindOf(host);
  if (what !== undefined) throw privateAddress(host, host, what);
}

/**
 * Resolves a host for a connection, and refuses it where any of its addresses is private: the connection is made to what
 * was looked at here, so that a name which changes its address in between leads nowhere else.
 */
export const lookupPublic: LookupFunction = (hostname, options, callback) => {
  lookupAll(hostname, { ...options, all: true }, (error, addresses) => {
    if (error) return callback(error, '', 0);
    for (const { address } of addresses) {
      const what = privateKindOf(address);
      if (what !== undefined) return callback(privateAddress(hostname, address, what), '', 0);
    }
    if (options.all) return callback(null, addresses);
    const [first] = addresses;
    callback(null, first!.address, first!.family);
  });
};
