// Loads the program.
'use strict';

// The one-file executable starts Node.js by a script, with a C library of its own; bin/kairos-factory says which.
process.execPath = process.env.KAIROS_FACTORY_NODE || process.execPath;
void import('../dist/factory/cli/main.js');
