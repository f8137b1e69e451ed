export { type Artifact, listArtifacts, putArtifact, readArtifact } from './artifact.js';
export { RegistryError } from './error.js';
export { claimRun, LEASE_SECONDS, listAbandonedRuns, type RunLease, releaseRun, requestStop } from './lease.js';
export {
  appendLog,
  getLog,
  getMetrics,
  type LatestMetric,
  type LogLine,
  logMetrics,
  type MetricPoint,
  type MetricValue,
} from './metric.js';
export {
  getModel,
  listModels,
  type Model,
  type ModelCard,
  type ModelVersion,
  mainMetrics,
  type NewModelVersion,
  registerModel,
  resolveModel,
  setAlias,
} from './model.js';
export { createRun, getRun, listRuns, type NewRun, type Run, setRunState, updateRunProgress } from './run.js';
