import { FactoryError } from '../../errors/factory-error.ts';

/** The error for a layer that is damaged. @param reason a clause, such as `it is cut short` */
export function corruptLayer(reason: string): FactoryError {
  return new FactoryError('IMAGE_CORRUPT', `a layer of the image cannot be read: ${reason}`, {
    remedy: 'Fetch or make the image again.',
  });
}
