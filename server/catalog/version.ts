/** What SQLens says it is: the catalog's PostgreSQL, and itself. */
import { SQLENS_VERSION } from '../../common/version.ts';

/** Of the PostgreSQL in PGlite, whose catalog clients see. */
export const SERVER_VERSION = '16.4';

export const VERSION_TEXT = `PostgreSQL ${SERVER_VERSION} (SQLens ${SQLENS_VERSION})`;
