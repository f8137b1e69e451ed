import { isIP } from 'node:net';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { assertPublicHost, lookupPublic, privateKindOf } from './address.js';

const PRIVATE = [
  '0.0.0.0',
  '0.1.2.3',
  '10.0.0.1',
  '100.64.0.1',
  '100.100.100.200',
  '100.127.255.255',
  '127.0.0.1',
  '127.255.255.254',
  '168.63.129.16',
  '169.254.169.254',
  '172.16.0.1',
  '172.31.255.255',
  '192.0.0.192',
  '192.0.2.1',
  '192.168.1.1',
  '198.18.0.1',
  '198.51.100.7',
  '203.0.113.9',
  '224.0.0.1',
  '255.255.255.255',
  '::',
  '::1',
  '::127.0.0.1',
  '::ffff:127.0.0.1',
  '::ffff:a9fe:a9fe',
  '0:0:0:0:0:ffff:10.0.0.1',
  '64:ff9b::10.0.0.1',
  '64:ff9b:1::1',
  '2002:7f00:1::',
  '2002:c0a8:101::1',
  '2001:db8::1',
  '2001:0:4136:e378:8000:63bf:3fff:fdd2',
  '3fff::1',
  'fc00::1',
  'fd00:ec2::254',
  'fe80::1',
  'fe80::1%eth0',
  'fec0::1',
  'ff02::1',
  '4000::1',
];
const PUBLIC = [
  '1.1.1.1',
  '8.8.8.8',
  '100.63.255.255',
  '100.128.0.1',
  '172.15.255.255',
  '172.32.0.1',
  '192.0.1.1',
  '2606:4700::1111',
  '2a00:1450:4001::200e',
  '::ffff:8.8.8.8',
  '64:ff9b::8.8.8.8',
  '2002:808:808::1',
];

describe('addresses', () => {
  it.each(PRIVATE)('%s is private', (address) => expect(privateKindOf(address)).toBeTypeOf('string'));
  it.each(PUBLIC)('%s is public', (address) => expect(privateKindOf(address)).toBeUndefined());

  it('are as private in IPv6 as the IPv4 address they carry', () => {
    fc.assert(
      fc.property(fc.ipV4(), (ipv4) => {
        const [a, b, c, d] = ipv4.split('.').map(Number) as [number, number, number, number];
        const words = `${((a << 8) | b).toString(16)}:${((c << 8) | d).toString(16)}`;
        for (const form of [`::ffff:${ipv4}`, `::ffff:${words}`, `64:ff9b::${ipv4}`, `2002:${words}::1`]) {
          expect(isIP(form)).toBe(6);
          expect(privateKindOf(form)).toBe(privateKindOf(ipv4));
        }
      }),
    );
  });

  it('are found in every spelling that a URL allows', () => {
    for (const host of [
      '127.1',
      '0x7f.0.0.1',
      '2130706433',
      '017700000001',
      '[::1]',
      '[::ffff:7f00:1]',
      '0',
      '127.0.0.1.',
    ]) {
      expect(() => assertPublicHost(new URL(`http://${host}/`))).toThrow(
        expect.objectContaining({ code: 'private_address' }),
      );
    }
    expect(() => assertPublicHost(new URL('http://8.8.8.8/'))).not.toThrow();
  });

  it('are looked at when a connection is made to a name', async () => {
    const failure = await new Promise((resolve) => lookupPublic('localhost', { all: true }, resolve));
    expect(failure).toMatchObject({ code: 'private_address', details: { host: 'localhost' } });
  });
});
