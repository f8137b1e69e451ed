export { renderSamplePicture, type SamplePicture } from './render.js';
