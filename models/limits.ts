/** Every limit of the model compiler in one place: model files come from strangers. */

export const MODEL_LIMITS = {
  /** Largest model file read, and largest artifact written: a protobuf message cannot pass 2 GiB. */
  file_bytes: 2 ** 31 - 1,
  /** Weights of one model together, in numbers. */
  weights: 500_000_000,
  /** Numbers in one tensor, for one input row. */
  tensorElements: 2 ** 28,
  /** Positions that a kernel reaches over, and numbers in the matrix that resamples one axis. */
  windowExtent: 2 ** 24,
  /** Numbers in a constant that an operation makes, and positions that it chooses along one axis. */
  constantElements: 2 ** 24,
  /** Layers, and nodes of the graph. */
  nodes: 20_000,
  /** Nodes of a foreign ONNX graph, subgraphs included. */
  onnxNodes: 200_000,
  nestedModels: 16,
  /** model.json of TensorFlow.js: parsed outside of the child process, to know its parts. */
  tfjsManifest_bytes: 16 * 1024 * 1024,
  /** Files beside a model file that belong to it. */
  parts: 4096,
  /** JSON of the architecture. */
  config_bytes: 64 * 1024 * 1024,
  zipEntries: 10_000,
  /** A file inside a .keras archive, inflated. */
  zipEntry_bytes: 2 ** 31 - 1,
  /** Dimensions of one tensor in a file. */
  rank: 8,
  /** Dimensions of what a layer makes, without the batch: sums over many letters pass through more than they give. */
  graphRank: 32,
  /** Values in a JSON that is parsed outside of the child process, and how deep they lie in each other. */
  manifestValues: 500_000,
  manifestDepth: 500,
  /** Time for each phase of a compilation before the file counts as endless: a base, and more for larger files. */
  phase_ms: 15_000,
  phasePerMegabyte_ms: 100,
} as const;
