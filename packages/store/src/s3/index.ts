export {
  openS3Client,
  type S3Body,
  type S3Bytes,
  type S3Client,
  type S3ClientOptions,
  type S3Object,
  type S3PutOptions,
} from './client.js';
export {
  canSayKey,
  describeS3,
  getS3Credentials,
  parseS3Url,
  type S3Credentials,
  type S3Location,
} from './location.js';
