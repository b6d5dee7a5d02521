/** The type of an in-toto statement (in-toto attestation, Statement v1). */
export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
