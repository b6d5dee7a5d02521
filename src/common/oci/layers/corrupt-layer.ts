import { FactoryError } from '../../errors/factory-error.ts';

/** Returns the error for a corrupt layer. @param reason a clause, such as `it is cut short` */
export function corruptLayer(reason: string): FactoryError {
  return new FactoryError('IMAGE_CORRUPT', `a layer of the image cannot be read: ${reason}`, {
    remedy: 'Fetch or rebuild the image.',
  });
}
