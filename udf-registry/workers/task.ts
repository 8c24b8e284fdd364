import type { Task } from '../api.ts';
import type { WorkerTask } from './messages.ts';

const known = new WeakMap<Task, WorkerTask>();

/** A task as it travels to a worker, made once per task. */
export function workerTask(task: Task): WorkerTask {
  if (task.kind !== 'model') return task;
  const made = known.get(task);
  if (made !== undefined) return made;
  const { digest, path, manifest, resize, text } = task;
  const { size_bytes, image, inputs, outputs } = manifest;
  const travelling: WorkerTask = {
    kind: 'model',
    model: { digest, path, size_bytes, image, inputs, outputs, resize, text },
  };
  known.set(task, travelling);
  return travelling;
}
