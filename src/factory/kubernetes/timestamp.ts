import { utcTime } from '../../common/text/utc-time.ts';

/** The time as the API server writes it. @param milliseconds since 1970 */
export function timestamp(milliseconds: number): string {
  return utcTime(Math.floor(milliseconds / 1000));
}
