// Tests of the terminal start the program from its sources: what those processes run counts, too.
import { MEASURED } from '../../support/factory.ts';

Object.assign(process.env, MEASURED);
