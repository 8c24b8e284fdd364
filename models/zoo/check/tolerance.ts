/** As parts of the logits' standard deviation. */
export const LARGEST_DIFFERENCE = 1e-4;
/** Exchanging the images must move the logits by at least this: else a model that ignores its input would pass. */
export const LEAST_SWAP = 0.01;
