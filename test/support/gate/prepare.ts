#!/usr/bin/env node
// Builds the image that most tests share. What follows takes its steps from the cache.
import { testBuild } from '../factory.ts';

await testBuild();
