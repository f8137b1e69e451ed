import { describe, expect, it } from 'vitest';
import { describeS3, getS3Credentials, objectUrl, parseS3Url } from './location.js';

describe('s3:// URLs', () => {
  it('take endpoint and region from the URL, else from the environment', () => {
    const env = { AWS_REGION: 'eu-1', AWS_ENDPOINT_URL: 'https://storage.example.org/s3' };
    const plain = parseS3Url('s3://bucket/a/b c#%.jpg', env);
    expect(plain).toMatchObject({ bucket: 'bucket', prefix: 'a/b c#%.jpg', region: 'eu-1', pathStyle: true });
    expect(plain.endpointFrom).toBe('environment');
    const own = parseS3Url('s3://bucket/a?endpoint=http://10.0.0.1:9000&region=eu-2', env);
    expect(own).toMatchObject({ prefix: 'a', region: 'eu-2', endpointFrom: 'url' });
    expect(own.endpoint.href).toBe('http://10.0.0.1:9000/');
    expect(describeS3(own, 'a')).toBe('s3://bucket/a?endpoint=http://10.0.0.1:9000');
    expect(objectUrl(plain, 'x y').href).toBe('https://storage.example.org/s3/bucket/x%20y');
    const amazon = parseS3Url('s3://bucket', { AWS_REGION: 'eu-1' });
    expect(objectUrl(amazon, 'x/+').href).toBe('https://bucket.s3.eu-1.amazonaws.com/x/%2B');
    expect(parseS3Url('s3://my.bucket', {}).pathStyle).toBe(true);
    expect(parseS3Url('s3://bucket/what?.jpg', {}).prefix).toBe('what?.jpg');
  });

  it.each([
    's3://',
    's3:bucket',
    'https://bucket',
    's3://AKIA:hush@bucket/x',
    's3://bu cket/x',
    's3://bucket?endpoint=ftp://host',
    's3://bucket?endpoint=https://me:hush@host',
    's3://bucket?endpoint=nothing',
    's3://bucket?region=a/b',
    's3://bucket?style=odd',
    's3://bucket?region=a&secret=hush',
  ])('refuse %s without repeating a secret', (url) => {
    const failure = (() => {
      try {
        return parseS3Url(url, {});
      } catch (error) {
        return error as Error;
      }
    })();
    expect(failure).toMatchObject({ code: 'bad_storage_url' });
    expect(JSON.stringify([(failure as Error).message, failure])).not.toContain('hush');
  });

  it('want both halves of a key', () => {
    expect(getS3Credentials({})).toBeUndefined();
    expect(() => getS3Credentials({ AWS_ACCESS_KEY_ID: 'x' })).toThrow('AWS_SECRET_ACCESS_KEY');
  });
});
