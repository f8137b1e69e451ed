export {
  type JobContext,
  type JobHandler,
  type JobHandlers,
  type JobInfo,
  type JobQueue,
  type JobState,
  openQueue,
  type QueueOptions,
  type SubmitOptions,
} from './queue.js';
