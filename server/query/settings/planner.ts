/** The planner: methods, costs and limits. DuckDB plans by rules of its own; tools switch these all the same. */
import { category, ON_OFF, type SettingDefinition } from './definition.ts';

const otherPlannerOptions = category('Query Tuning / Other Planner Options');
const plannerCostConstants = category('Query Tuning / Planner Cost Constants');
const plannerMethodConfiguration = category('Query Tuning / Planner Method Configuration');
const geneticQueryOptimizer = category('Query Tuning / Genetic Query Optimizer');

export const plannerSettings: readonly SettingDefinition[] = [
  otherPlannerOptions.oneOf(
    'constraint_exclusion',
    'partition',
    ['partition', 'on', 'off'],
    'Enables the planner to use constraints to optimize queries.',
    { also: ON_OFF },
  ),
  otherPlannerOptions.real(
    'cursor_tuple_fraction',
    0.1,
    [0, 1],
    "Sets the planner's estimate of the fraction of a cursor's rows that will be retrieved.",
  ),
  otherPlannerOptions.int(
    'default_statistics_target',
    100,
    [1, 10000],
    'Sets the default statistics target.',
  ),
  otherPlannerOptions.int(
    'from_collapse_limit',
    8,
    [1, 2147483647],
    'Sets the FROM-list size beyond which subqueries are not collapsed.',
  ),
  otherPlannerOptions.bool('jit', 'on', 'Allow JIT compilation.'),
  otherPlannerOptions.int(
    'join_collapse_limit',
    8,
    [1, 2147483647],
    'Sets the FROM-list size beyond which JOIN constructs are not flattened.',
  ),
  otherPlannerOptions.oneOf(
    'plan_cache_mode',
    'auto',
    ['auto', 'force_generic_plan', 'force_custom_plan'],
    "Controls the planner's selection of custom or generic plan.",
  ),
  otherPlannerOptions.real(
    'recursive_worktable_factor',
    10,
    [0.001, 1000000],
    "Sets the planner's estimate of the average size of a recursive query's working table.",
  ),
  plannerCostConstants.real(
    'cpu_index_tuple_cost',
    0.005,
    [0, Number.MAX_VALUE],
    "Sets the planner's estimate of the cost of processing each index entry during an index scan.",
  ),
  plannerCostConstants.real(
    'cpu_operator_cost',
    0.0025,
    [0, Number.MAX_VALUE],
    "Sets the planner's estimate of the cost of processing each operator or function call.",
  ),
  plannerCostConstants.real(
    'cpu_tuple_cost',
    0.01,
    [0, Number.MAX_VALUE],
    "Sets the planner's estimate of the cost of processing each tuple (row).",
  ),
  plannerCostConstants.int(
    'effective_cache_size',
    524288,
    [1, 2147483647],
    "Sets the planner's assumption about the total size of the data caches.",
    { unit: '8kB' },
  ),
  plannerCostConstants.real(
    'jit_above_cost',
    100000,
    [-1, Number.MAX_VALUE],
    'Perform JIT compilation if query is more expensive.',
  ),
  plannerCostConstants.real(
    'jit_inline_above_cost',
    500000,
    [-1, Number.MAX_VALUE],
    'Perform JIT inlining if query is more expensive.',
  ),
  plannerCostConstants.real(
    'jit_optimize_above_cost',
    500000,
    [-1, Number.MAX_VALUE],
    'Optimize JIT-compiled functions if query is more expensive.',
  ),
  plannerCostConstants.int(
    'min_parallel_index_scan_size',
    64,
    [0, 715827882],
    'Sets the minimum amount of index data for a parallel scan.',
    { unit: '8kB' },
  ),
  plannerCostConstants.int(
    'min_parallel_table_scan_size',
    1024,
    [0, 715827882],
    'Sets the minimum amount of table data for a parallel scan.',
    { unit: '8kB' },
  ),
  plannerCostConstants.real(
    'parallel_setup_cost',
    1000,
    [0, Number.MAX_VALUE],
    "Sets the planner's estimate of the cost of starting up worker processes for parallel query.",
  ),
  plannerCostConstants.real(
    'parallel_tuple_cost',
    0.1,
    [0, Number.MAX_VALUE],
    "Sets the planner's estimate of the cost of passing each tuple (row) from worker to leader backend.",
  ),
  plannerCostConstants.real(
    'random_page_cost',
    4,
    [0, Number.MAX_VALUE],
    "Sets the planner's estimate of the cost of a nonsequentially fetched disk page.",
  ),
  plannerCostConstants.real(
    'seq_page_cost',
    1,
    [0, Number.MAX_VALUE],
    "Sets the planner's estimate of the cost of a sequentially fetched disk page.",
  ),
  plannerMethodConfiguration.bool(
    'enable_async_append',
    'on',
    "Enables the planner's use of async append plans.",
  ),
  plannerMethodConfiguration.bool(
    'enable_bitmapscan',
    'on',
    "Enables the planner's use of bitmap-scan plans.",
  ),
  plannerMethodConfiguration.bool(
    'enable_gathermerge',
    'on',
    "Enables the planner's use of gather merge plans.",
  ),
  plannerMethodConfiguration.bool(
    'enable_hashagg',
    'on',
    "Enables the planner's use of hashed aggregation plans.",
  ),
  plannerMethodConfiguration.bool('enable_hashjoin', 'on', "Enables the planner's use of hash join plans."),
  plannerMethodConfiguration.bool(
    'enable_incremental_sort',
    'on',
    "Enables the planner's use of incremental sort steps.",
  ),
  plannerMethodConfiguration.bool(
    'enable_indexonlyscan',
    'on',
    "Enables the planner's use of index-only-scan plans.",
  ),
  plannerMethodConfiguration.bool('enable_indexscan', 'on', "Enables the planner's use of index-scan plans."),
  plannerMethodConfiguration.bool('enable_material', 'on', "Enables the planner's use of materialization."),
  plannerMethodConfiguration.bool('enable_memoize', 'on', "Enables the planner's use of memoization."),
  plannerMethodConfiguration.bool('enable_mergejoin', 'on', "Enables the planner's use of merge join plans."),
  plannerMethodConfiguration.bool(
    'enable_nestloop',
    'on',
    "Enables the planner's use of nested-loop join plans.",
  ),
  plannerMethodConfiguration.bool(
    'enable_parallel_append',
    'on',
    "Enables the planner's use of parallel append plans.",
  ),
  plannerMethodConfiguration.bool(
    'enable_parallel_hash',
    'on',
    "Enables the planner's use of parallel hash plans.",
  ),
  plannerMethodConfiguration.bool(
    'enable_partition_pruning',
    'on',
    'Enables plan-time and execution-time partition pruning.',
  ),
  plannerMethodConfiguration.bool(
    'enable_partitionwise_aggregate',
    'off',
    'Enables partitionwise aggregation and grouping.',
  ),
  plannerMethodConfiguration.bool('enable_partitionwise_join', 'off', 'Enables partitionwise join.'),
  plannerMethodConfiguration.bool(
    'enable_presorted_aggregate',
    'on',
    "Enables the planner's ability to produce plans that provide presorted input for ORDER BY / DISTINCT aggregate functions.",
  ),
  plannerMethodConfiguration.bool(
    'enable_seqscan',
    'on',
    "Enables the planner's use of sequential-scan plans.",
  ),
  plannerMethodConfiguration.bool('enable_sort', 'on', "Enables the planner's use of explicit sort steps."),
  plannerMethodConfiguration.bool('enable_tidscan', 'on', "Enables the planner's use of TID scan plans."),
  geneticQueryOptimizer.bool('geqo', 'on', 'Enables genetic query optimization.'),
  geneticQueryOptimizer.int(
    'geqo_effort',
    5,
    [1, 10],
    'GEQO: effort is used to set the default for other GEQO parameters.',
  ),
  geneticQueryOptimizer.int(
    'geqo_generations',
    0,
    [0, 2147483647],
    'GEQO: number of iterations of the algorithm.',
  ),
  geneticQueryOptimizer.int(
    'geqo_pool_size',
    0,
    [0, 2147483647],
    'GEQO: number of individuals in the population.',
  ),
  geneticQueryOptimizer.real('geqo_seed', 0, [0, 1], 'GEQO: seed for random path selection.'),
  geneticQueryOptimizer.real(
    'geqo_selection_bias',
    2,
    [1.5, 2],
    'GEQO: selective pressure within the population.',
  ),
  geneticQueryOptimizer.int(
    'geqo_threshold',
    12,
    [2, 2147483647],
    'Sets the threshold of FROM items beyond which GEQO is used.',
  ),
];
