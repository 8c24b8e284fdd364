/** Entry of a worker process. */

import { openImages } from './images.ts';
import { startWorker } from './worker.ts';

startWorker({ openImages });
