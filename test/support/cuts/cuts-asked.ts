/** Replayed cuts of each operation; none in an ordinary run. */
export const CUTS = Number(process.env['KAIROS_FACTORY_TEST_REPLAYED_CUTS'] ?? 0);
/** The same seed and the same recording lead to the same cuts. */
export const SEED = Number(process.env['KAIROS_FACTORY_TEST_SEED'] ?? Math.floor(Math.random() * 2 ** 31));
