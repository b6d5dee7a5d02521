import { FactoryError } from '../../common/errors/factory-error.ts';

/**
 * `SOURCE_DATE_EPOCH` as reproducible-builds.org specifies it: a decimal number of seconds.
 * @returns `undefined` when it is not set
 * @throws FactoryError `usage` when it is something else
 */
export function sourceDateEpoch(text: string | undefined): string | undefined {
  if (text === undefined || text === '') return undefined;
  if (/^[1-9]\d{0,9}$/.test(text)) return text;
  throw new FactoryError('OPTION_INVALID', `SOURCE_DATE_EPOCH: "${text}" is not a Unix timestamp`, {
    remedy: 'Set it to a whole number of seconds, or not at all.',
  });
}
